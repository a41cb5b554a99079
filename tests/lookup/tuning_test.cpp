// Files of tunings: what is written comes back; what is of another version or machine, cut or damaged is refused with a
// sentence that says what to do; and an engine that was named such a file says so and works with what is built in.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/lookup/memory_policy.hpp"
#include "rowan/engine.hpp"
#include "rowan/tuning.hpp"
#include "simd/dispatch.hpp"
#include "simd/processor.hpp"
#include "tests/support/files.hpp"

using namespace rowan;

namespace {

Tuning odd_tuning() {
  Tuning tuning = Tuning::built_in();
  std::uint8_t next = 1;
  for (std::size_t work = 0; work < Tuning::works; ++work) {
    for (std::size_t place = 0; place < Tuning::places; ++place) {
      for (std::size_t width = 0; width < Tuning::widths; ++width, next = next % 90 + 1) {
        tuning.ahead(static_cast<Tuning::Work>(work), static_cast<Tuning::Place>(place), width) = {
            next, static_cast<std::uint8_t>(next / 2)};
      }
    }
  }
  tuning.set_streaming_bytes(12345678);
  return tuning;
}

bool same_values(const Tuning& a, const Tuning& b) { return a.text("baseline") == b.text("baseline"); }

void write(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
}

/// The text with its checksum made right again after `change`.
template <class Change>
std::string resealed(const std::string& text, const Change& change) {
  std::string content = text.substr(0, text.rfind("checksum "));
  change(content);
  std::uint64_t sum = 0xCBF2'9CE4'8422'2325;
  for (const char c : content) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100'0000'01B3;
  return content + "checksum " + std::to_string(sum) + "\n";
}

void replace(std::string& text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  text.replace(at, what.size(), with);
}

/// Refused, with all of these words in the sentence.
void check_refused(const std::string& path, Code code, std::initializer_list<std::string_view> words,
                   std::string_view isa = {}) {
  const auto loaded = Tuning::load(path, isa);
  REQUIRE(!loaded);
  CHECK(loaded.error().code == code);
  for (const std::string_view word : words) {
    CHECK_MESSAGE(loaded.error().message.find(word) != std::string::npos, loaded.error().message);
  }
  const Engine engine({.tuning = path.c_str()});
  REQUIRE(engine.status().ok());
  if (isa.empty()) CHECK(engine.tuning_error() == loaded.error().message);
  if (isa.empty()) CHECK(same_values(engine.tuning(), Tuning::built_in()));
}

}  // namespace

TEST_CASE("what is written comes back, and an engine takes it") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "machine.tuning";
  const Tuning tuning = odd_tuning();
  write(path, tuning.text("baseline"));
  const auto loaded = Tuning::load(path);
  REQUIRE_MESSAGE(loaded.ok(), loaded.error().message);
  CHECK(same_values(*loaded, tuning));
  CHECK(!same_values(*loaded, Tuning::built_in()));
  CHECK(path.ends_with(loaded->origin()));

  const Engine named({.tuning = path.c_str()});
  CHECK(named.tuning_error().empty());
  CHECK(same_values(named.tuning(), tuning));
  const Engine given({.tuning = tuning});
  CHECK(same_values(given.tuning(), tuning));
  CHECK(same_values(Engine().tuning(), Tuning::built_in()));

  setenv("ROWAN_TUNING", path.c_str(), 1);
  const Engine by_environment;
  const Engine by_option({.tuning = Tuning::built_in()});
  unsetenv("ROWAN_TUNING");
  CHECK(same_values(by_environment.tuning(), tuning));
  CHECK(by_environment.tuning_error().empty());
  CHECK(same_values(by_option.tuning(), Tuning::built_in()));
}

TEST_CASE("files that are not for this machine, cut or damaged are refused, and engines go on with what is built in") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "machine.tuning";
  const std::string text = odd_tuning().text("baseline");
  check_refused(folder / "missing.tuning", Code::not_found, {"cannot open", "missing.tuning"});
  write(path, "");
  check_refused(path, Code::malformed_file, {"is not a tuning", "rowan tune"});
  write(path, "the quick brown fox\n");
  check_refused(path, Code::malformed_file, {"is not a tuning"});
  write(path, resealed(text, [](std::string& t) { replace(t, "tuning 1", "tuning 2"); }));
  check_refused(path, Code::version_unsupported, {"version 2", "this is 1"});
  write(path, resealed(text, [](std::string& t) { replace(t, " model ", " model 9"); }));
  check_refused(path, Code::invalid_argument, {"is for", "model 9", "rowan tune"});
  write(path, resealed(text, [](std::string& t) { replace(t, "caches ", "caches 1"); }));
  check_refused(path, Code::invalid_argument, {"is for", "caches 1", "L3"});
  write(path, resealed(text, [](std::string& t) { replace(t, "isa baseline", "isa avx1024"); }));
  check_refused(path, Code::malformed_file, {"line 4"});
  write(path, resealed(text, [](std::string& t) { replace(t, "1+0 ", "97+0 "); }));
  check_refused(path, Code::malformed_file, {"line 6"});
  write(path, resealed(text, [](std::string& t) { replace(t, "2+1 ", "2+2 "); }));
  check_refused(path, Code::malformed_file, {"line 6"});
  write(path, resealed(text, [](std::string& t) { replace(t, "pooled l1 ", "pooled l2 "); }));
  check_refused(path, Code::malformed_file, {"line 6"});
  write(path, resealed(text, [](std::string& t) { t += "one line more\n"; }));
  check_refused(path, Code::malformed_file, {"line"});
  for (std::size_t length = 0; length < text.size(); ++length) {
    write(path, text.substr(0, length));
    CHECK(!Tuning::load(path));
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    write(path, damaged);
    CHECK_MESSAGE(!Tuning::load(path), "byte ", at);
  }
}

TEST_CASE("a tuning for a better instruction set than the engine's is refused") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "machine.tuning";
  write(path, odd_tuning().text("avx2"));
  check_refused(path, Code::isa_unsupported, {"was made for avx2", "runs baseline", "ROWAN_ISA"}, "baseline");
  if (simd::kernels_of(simd::Tier::avx2) == nullptr) return;
  CHECK(Tuning::load(path, "avx2").ok());
  CHECK(Tuning::load(path, "avx512").ok());
}

TEST_CASE("a lookup goes by the rule of its work, of its table's place and of its rows' width") {
  const Tuning tuning = odd_tuning();
  const detail::MemoryPolicy policy(tuning);
  const simd::CacheSizes& caches = simd::cache_sizes();
  constexpr std::size_t many = 1 << 20;  // reads of a call
  // Never read: only its size matters.
  const std::vector<std::byte> byte(1);
  const auto table = [&](DType dtype, std::uint64_t dim, std::uint64_t bytes) {
    const std::uint64_t rows = bytes / *row_bytes(dtype, dim);
    return *TableView::over(std::span(byte.data(), rows * *row_bytes(dtype, dim)), rows, dim, dtype);
  };
  struct Kind {
    DType dtype;
    Tuning::Work pooled;
    Tuning::Work unpooled;
  };
  const Kind kinds[] = {{DType::f32, Tuning::Work::pooled, Tuning::Work::unpooled},
                        {DType::f16, Tuning::Work::pooled_half, Tuning::Work::unpooled},
                        {DType::bf16, Tuning::Work::pooled_half, Tuning::Work::unpooled},
                        {DType::f8_e4m3, Tuning::Work::pooled_narrow, Tuning::Work::unpooled_narrow},
                        {DType::i8, Tuning::Work::pooled_narrow, Tuning::Work::unpooled_narrow},
                        {DType::i4, Tuning::Work::pooled_narrow, Tuning::Work::unpooled_narrow}};
  const std::pair<Tuning::Place, std::uint64_t> places[] = {{Tuning::Place::l1, caches.l1},
                                                            {Tuning::Place::l2, caches.l2},
                                                            {Tuning::Place::beyond, 3 * caches.l2},
                                                            {Tuning::Place::l3, caches.l3},
                                                            {Tuning::Place::memory, 2 * caches.l3}};
  const auto matches = [](const simd::Prefetch& prefetch, const Ahead& rule) {
    return prefetch.far == rule.l2 && prefetch.near == rule.l1;
  };
  for (const Kind& kind : kinds) {
    for (const auto& [place, bytes] : places) {
      if (place == Tuning::Place::l3 && bytes <= 4 * caches.l2) continue;  // there is no such place here
      for (const std::uint64_t dim : {8, 30, 60, 120, 250, 1000}) {
        const TableView view = table(kind.dtype, dim, bytes);
        const std::size_t width = Tuning::width_of(view.row_bytes());
        CHECK(matches(policy.prefetch(view, many), tuning.ahead(kind.pooled, place, width)));
        CHECK(matches(policy.prefetch_unpooled(view, many), tuning.ahead(kind.unpooled, place, width)));
      }
    }
  }
  CHECK(!policy.streaming(Stores::automatic, tuning.streaming_bytes()));
  CHECK(policy.streaming(Stores::automatic, tuning.streaming_bytes() + 1));
  CHECK(!policy.streaming(Stores::cached, ~std::uint64_t{0}));
  CHECK(policy.streaming(Stores::streaming, 1));
}

TEST_CASE("a short call looks ahead no further than a 16th of its rows, or 16") {
  Tuning tuning = Tuning::built_in();
  const std::vector<float> values(64);
  const TableView table = *TableView::over(values, 4);
  const auto ahead_of = [&](const Ahead& rule, std::size_t reads) {
    tuning.set_all(rule);
    const simd::Prefetch prefetch = detail::MemoryPolicy(tuning).prefetch(table, reads);
    return std::pair(prefetch.far, prefetch.near);
  };
  CHECK(ahead_of({64, 0}, 100) == std::pair<std::size_t, std::size_t>(16, 0));
  CHECK(ahead_of({64, 12}, 100) == std::pair<std::size_t, std::size_t>(16, 12));
  CHECK(ahead_of({0, 32}, 100) == std::pair<std::size_t, std::size_t>(0, 16));
  CHECK(ahead_of({64, 0}, 640) == std::pair<std::size_t, std::size_t>(40, 0));
  // What is fetched into L1 is never further ahead than what is fetched into L2: kernels read indices that far.
  CHECK(ahead_of({64, 24}, 100) == std::pair<std::size_t, std::size_t>(16, 0));
  CHECK(ahead_of({64, 16}, 100) == std::pair<std::size_t, std::size_t>(16, 0));
  CHECK(ahead_of({64, 24}, 100'000) == std::pair<std::size_t, std::size_t>(64, 24));
  CHECK(ahead_of({4, 40}, 100'000) == std::pair<std::size_t, std::size_t>(4, 0));
  CHECK(ahead_of({255, 255}, 100'000) == std::pair<std::size_t, std::size_t>(Tuning::most_ahead, 0));
  CHECK(ahead_of({0, 0}, 100'000) == std::pair<std::size_t, std::size_t>(0, 0));
}

TEST_CASE("what is built in prefetches nothing in L1 and never two stages in the wrong order") {
  const Tuning tuning = Tuning::built_in();
  CHECK(!tuning.origin().empty());
  CHECK(tuning.streaming_bytes() > 0);
  for (std::size_t work = 0; work < Tuning::works; ++work) {
    for (std::size_t place = 0; place < Tuning::places; ++place) {
      for (std::size_t width = 0; width < Tuning::widths; ++width) {
        const Ahead ahead = tuning.ahead(static_cast<Tuning::Work>(work), static_cast<Tuning::Place>(place), width);
        CHECK((ahead.l2 == 0 || ahead.l1 < ahead.l2));
        CHECK(ahead.l2 <= Tuning::most_ahead);
        if (place == 0) CHECK(ahead == Ahead{});
      }
    }
  }
  CHECK(Tuning::width_of(1) == 0);
  CHECK(Tuning::width_of(64) == 0);
  CHECK(Tuning::width_of(65) == 1);
  CHECK(Tuning::width_of(1024) == 4);
  CHECK(Tuning::width_of(1025) == 5);
  CHECK(Tuning::width_of(1 << 20) == 5);
}
