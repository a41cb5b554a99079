// New tables: the generator's published answers, the same bits everywhere, and the right distribution.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "engine/files/checksum.hpp"
#include "engine/table/philox.hpp"
#include "engine/table/random_values.hpp"
#include "rowan/file.hpp"
#include "rowan/table.hpp"
#include "simd/scalar.hpp"
#include "tests/support/effort.hpp"
#include "tests/support/files.hpp"

using namespace rowan;

namespace {

std::span<const std::byte> memory(const Table& table) {
  return {table.view().data(), table.rows() * table.row_stride()};
}

bool same_bytes(const Table& a, const Table& b) {
  return memory(a).size() == memory(b).size() && std::memcmp(memory(a).data(), memory(b).data(), memory(a).size()) == 0;
}

std::vector<float> random_values(const Init& init, std::size_t count) {
  std::vector<float> values(count);
  detail::random_values(init, 0, values);
  return values;
}

struct Moments {
  double mean = 0;
  double variance = 0;
  double kurtosis = 0;
};

Moments moments(const std::vector<float>& values) {
  Moments result;
  for (const float x : values) result.mean += x;
  result.mean /= static_cast<double>(values.size());
  for (const float x : values) result.variance += std::pow(x - result.mean, 2);
  result.variance /= static_cast<double>(values.size());
  for (const float x : values) result.kurtosis += std::pow(x - result.mean, 4);
  result.kurtosis /= static_cast<double>(values.size()) * result.variance * result.variance;
  return result;
}

}  // namespace

TEST_CASE("Philox 4x32-10 gives the answers published with Random123") {
  CHECK(detail::philox({0, 0, 0, 0}, {0, 0}) == detail::PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint32_t ones = 0xFFFFFFFF;
  CHECK(detail::philox({ones, ones, ones, ones}, {ones, ones}) ==
        detail::PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(detail::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        detail::PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("values have the same bits on every processor and compiler") {
  // Hashes of the first 100,000 values, taken once: a change of the generator changes every seeded table.
  const auto hash = [](const Init& init) {
    return detail::hash_bytes(std::as_bytes(std::span<const float>(random_values(init, 100'000))));
  };
  CHECK(hash(Init::normal(1)) == 0x5848C6B898988277);
  CHECK(hash(Init::uniform(-0.5F, 0.25F, 99)) == 0x8A9A359E9592A003);
}

TEST_CASE("normal values are those of Box and Muller") {
  const std::vector<float> values = random_values(Init::normal(7), 100'000);
  double worst = 0;
  for (std::size_t i = 0; i < values.size(); i += 4) {
    const auto words = detail::philox_words(7, i / 4);
    for (const std::size_t k : {0U, 2U}) {
      const double radius = std::sqrt(-2.0 * std::log((words[k] + 1.0) / 4294967296.0));
      const double angle = 2.0 * 3.14159265358979323846 * (words[k + 1] / 4294967296.0);
      for (const auto& [value, expected] : {std::pair{values[i + k], radius * std::cos(angle)},
                                            std::pair{values[i + k + 1], radius * std::sin(angle)}}) {
        worst = std::max(worst, std::abs(value - expected) / std::max(1e-3, std::abs(expected)));
      }
    }
  }
  CHECK(worst < 6.1e-8);  // half a unit in the last place of a float
}

TEST_CASE("the distributions are what they say") {
  const Moments normal = moments(random_values(Init::normal(3, 2.0F, 0.5F), 1'000'000));
  CHECK(normal.mean == doctest::Approx(2.0).epsilon(0.001));
  CHECK(normal.variance == doctest::Approx(0.25).epsilon(0.005));
  CHECK(normal.kurtosis == doctest::Approx(3.0).epsilon(0.01));
  const std::vector<float> uniform = random_values(Init::uniform(-1.0F, 3.0F, 4), 1'000'000);
  const Moments flat = moments(uniform);
  CHECK(flat.mean == doctest::Approx(1.0).epsilon(0.005));
  CHECK(flat.variance == doctest::Approx(16.0 / 12).epsilon(0.005));
  CHECK(flat.kurtosis == doctest::Approx(1.8).epsilon(0.01));
  for (const float x : uniform) REQUIRE((x >= -1.0F && x < 3.0F));
}

TEST_CASE("a table has the same bits at any thread count, in memory and in a file") {
  const test::TemporaryFolder folder;
  for (int number = 0; number < dtype_count; ++number) {
    const auto dtype = static_cast<DType>(number);
    for (const bool pad : {false, true}) {
      for (const std::uint64_t dim : {1U, 7U, 100U, 70'001U}) {
        for (const Init& init : {Init::normal(11), Init::uniform(-2, 2, 12), Init::zeros()}) {
          CAPTURE(to_string(dtype));
          CAPTURE(dim);
          const NewTable description{.rows = static_cast<std::uint64_t>(test::cases(300'000)) / dim + 1,
                                     .dim = dim,
                                     .dtype = dtype,
                                     .init = init,
                                     .padding_index = -1,
                                     .pad_rows = pad,
                                     .name = "new"};
          const auto one = Table::create(description);
          REQUIRE(one.ok());
          CHECK(reinterpret_cast<std::uintptr_t>(one->view().data()) % 64 == 0);
          for (const int threads : {2, 3}) {
            const auto more = Table::create(description, Threads::own(threads));
            REQUIRE(more.ok());
            CHECK(same_bytes(*one, *more));
          }
          const std::string path = folder / "new.safetensors";
          const auto report = create_table_file(path, description, {.overwrite = true}, Threads::own(2));
          REQUIRE_MESSAGE(report.ok(), report.error().message);
          const auto file = Table::open(path, "new");
          REQUIRE(file.ok());
          CHECK(same_bytes(*one, *file));
          CHECK(verify(path).ok());
        }
      }
    }
  }
}

TEST_CASE("the padding row is zeros and the others are what they would be without it") {
  for (const std::int64_t index : {std::int64_t{0}, std::int64_t{3}, std::int64_t{-1}, std::int64_t{-10}}) {
    const auto padded = Table::create({.rows = 10, .dim = 33, .init = Init::normal(1), .padding_index = index});
    const auto plain = Table::create({.rows = 10, .dim = 33, .init = Init::normal(1)});
    REQUIRE(padded.ok());
    REQUIRE(plain.ok());
    const std::uint64_t row = static_cast<std::uint64_t>(index < 0 ? index + 10 : index);
    for (std::uint64_t r = 0; r < 10; ++r) {
      for (std::uint64_t c = 0; c < 33; ++c) {
        const float x = simd::decode(simd::Element::f32, padded->view().data() + r * 132, 33, c);
        CHECK(x == (r == row ? 0.0F : simd::decode(simd::Element::f32, plain->view().data() + r * 132, 33, c)));
      }
    }
  }
}

TEST_CASE("a table of zeros costs nothing until it is touched") {
  const auto huge = Table::create({.rows = std::uint64_t{1} << 32, .dim = 64, .init = Init::zeros()});
  if (!huge.ok()) {
    CHECK(huge.error().code == Code::out_of_memory);  // where the system promises no more than it has
    return;
  }
  CHECK(huge->view().data()[std::uint64_t{1} << 39] == std::byte{0});
}

TEST_CASE("descriptions that make no table are refused") {
  const test::TemporaryFolder folder;
  const float infinity = std::numeric_limits<float>::infinity();
  const NewTable bad[] = {
      {.rows = 1, .dim = 0},
      {.rows = UINT64_MAX, .dim = 2},
      {.rows = 2, .dim = UINT64_MAX},
      {.rows = 1, .dim = UINT64_MAX / 4, .pad_rows = true},
      {.rows = std::uint64_t{1} << 62, .dim = 1},
      {.rows = 1, .dim = 1, .init = Init::uniform(0, infinity, 0)},
      {.rows = 1, .dim = 1, .init = Init::uniform(-infinity, 0, 0)},
      {.rows = 1, .dim = 1, .init = Init::uniform(1, 0, 0)},
      {.rows = 1, .dim = 1, .init = Init::normal(0, std::nanf(""), 1)},
      {.rows = 1, .dim = 1, .init = Init::normal(0, 0, -1)},
      {.rows = 5, .dim = 1, .padding_index = 5},
      {.rows = 5, .dim = 1, .padding_index = -6},
      {.rows = 0, .dim = 1, .padding_index = 0},
  };
  for (const NewTable& description : bad) {
    const auto table = Table::create(description);
    REQUIRE(!table.ok());
    CHECK(table.error().code == Code::invalid_argument);
    const auto file = create_table_file(folder / "t.safetensors", description);
    REQUIRE(!file.ok());
    CHECK(file.error().code == Code::invalid_argument);
  }
  CHECK(std::filesystem::is_empty(folder.path()));
  CHECK(Table::create({.rows = 0, .dim = 3}).value().rows() == 0);
}
