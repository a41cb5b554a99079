// Files of tunings: text, a value or a few on a line, a checksum at the end. docs/tuning.md shows one.
#include "rowan/tuning.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "engine/support/error.hpp"
#include "simd/dispatch.hpp"
#include "simd/processor.hpp"

namespace rowan {
namespace {

using namespace detail;

constexpr std::string_view first_line = "rowan tuning ";
constexpr std::uint64_t version = 1;
constexpr std::size_t most_bytes = 1 << 16;
constexpr std::array<std::string_view, Tuning::works> work_names = {"pooled", "pooled_half", "pooled_narrow",
                                                                    "unpooled", "unpooled_narrow"};
constexpr std::array<std::string_view, Tuning::places> place_names = {"l1", "l2", "beyond", "l3", "memory"};

/// FNV-1a: an accident that changes a character changes it.
std::uint64_t checksum_of(std::string_view text) noexcept {
  std::uint64_t sum = 0xCBF2'9CE4'8422'2325;
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100'0000'01B3;
  return sum;
}

std::string processor_line() {
  const simd::ProcessorId& processor = simd::processor_id();
  return concat("processor ", processor.vendor, " family ", processor.family, " model ", processor.model);
}

std::string caches_line() {
  const simd::CacheSizes& caches = simd::cache_sizes();
  return concat("caches ", caches.l1, " ", caches.l2, " ", caches.l3);
}

/// The tier of that name; empty where there is none.
std::optional<int> tier_of(std::string_view name) noexcept {
  constexpr std::array<std::string_view, simd::tier_count> names = {"baseline", "avx2", "avx512"};
  for (int tier = 0; tier < simd::tier_count; ++tier) {
    if (names[static_cast<std::size_t>(tier)] == name) return tier;
  }
  return std::nullopt;
}

/// A whole number at the front of the text, which is taken from it.
bool take_number(std::string_view& text, std::uint64_t most, std::uint64_t& number) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number > most) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take(std::string_view& text, std::string_view prefix) noexcept {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// " 32+0 24+0 ..." into the rules of one line.
bool take_rules(std::string_view line, Tuning& tuning, Tuning::Work work, Tuning::Place place) noexcept {
  for (std::size_t width = 0; width < Tuning::widths; ++width) {
    std::uint64_t l2 = 0;
    std::uint64_t l1 = 0;
    if (!take(line, " ") || !take_number(line, Tuning::most_ahead, l2) || !take(line, "+") ||
        !take_number(line, Tuning::most_ahead, l1)) {
      return false;
    }
    if (l2 != 0 && l1 >= l2) return false;
    tuning.ahead(work, place, width) = {static_cast<std::uint8_t>(l2), static_cast<std::uint8_t>(l1)};
  }
  return line.empty();
}

/// The text up to the line of its checksum; empty where that is missing or not the text's.
std::optional<std::string_view> checked(std::string_view text) noexcept {
  constexpr std::string_view name = "checksum ";
  const std::size_t at = text.rfind(name);
  if (at == std::string_view::npos || at == 0 || text[at - 1] != '\n') return std::nullopt;
  std::string_view line = text.substr(at + name.size());
  std::uint64_t sum = 0;
  if (!take_number(line, ~std::uint64_t{0}, sum) || line != "\n") return std::nullopt;
  const std::string_view content = text.substr(0, at);
  return checksum_of(content) == sum ? std::optional(content) : std::nullopt;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

/// `content` has passed its checksum.
Result<void> read(std::string_view content, std::string_view isa, const std::string& path, Tuning& tuning) {
  constexpr std::string_view again = "; run `rowan tune` on this machine";
  const std::vector<std::string_view> lines = lines_of(content);
  const auto malformed = [&](std::size_t line) {
    return make_error(Code::malformed_file, "line ", line + 1, " of the tuning ", path, " is not what it must be",
                      again);
  };
  const std::size_t rules = 5;
  if (lines.size() != rules + Tuning::works * Tuning::places) return malformed(lines.size());
  const std::string processor = processor_line();
  if (lines[1] != processor) {
    return make_error(Code::invalid_argument, "the tuning ", path, " is for ", in_quotes(lines[1]), " and this is ",
                      in_quotes(processor), again);
  }
  const std::string caches = caches_line();
  if (lines[2] != caches) {
    return make_error(Code::invalid_argument, "the tuning ", path, " is for ", in_quotes(lines[2]),
                      " and this machine has ", in_quotes(caches), " (bytes of L1, L2, L3)", again);
  }
  std::string_view made_for = lines[3];
  if (!take(made_for, "isa ") || !tier_of(made_for)) return malformed(3);
  const auto used = tier_of(isa.empty() ? simd::best_kernels().name : isa);
  if (!used || *used < *tier_of(made_for)) {
    return make_error(Code::isa_unsupported, "the tuning ", path, " was made for ", made_for, " and this engine runs ",
                      isa.empty() ? simd::best_kernels().name : isa, "; run `rowan tune` with that ROWAN_ISA");
  }
  std::string_view streaming = lines[4];
  std::uint64_t bytes = 0;
  if (!take(streaming, "streaming ") || !take_number(streaming, ~std::uint64_t{0}, bytes) || !streaming.empty()) {
    return malformed(4);
  }
  tuning.set_streaming_bytes(bytes);
  for (std::size_t i = 0; i < Tuning::works * Tuning::places; ++i) {
    const std::size_t work = i / Tuning::places;
    const std::size_t place = i % Tuning::places;
    std::string_view line = lines[rules + i];
    if (!take(line, work_names[work]) || !take(line, " ") || !take(line, place_names[place]) ||
        !take_rules(line, tuning, static_cast<Tuning::Work>(work), static_cast<Tuning::Place>(place))) {
      return malformed(rules + i);
    }
  }
  return {};
}

}  // namespace

std::string Tuning::text(std::string_view isa) const {
  std::string text = concat(first_line, version, "\n", processor_line(), "\n", caches_line(), "\nisa ", isa,
                            "\nstreaming ", streaming_bytes_, "\n");
  for (std::size_t work = 0; work < works; ++work) {
    for (std::size_t place = 0; place < places; ++place) {
      text += concat(work_names[work], " ", place_names[place]);
      for (const Ahead& ahead : ahead_[work][place]) text += concat(" ", ahead.l2, "+", ahead.l1);
      text += '\n';
    }
  }
  return concat(text, "checksum ", checksum_of(text), "\n");
}

Result<Tuning> Tuning::load(const std::string& path, std::string_view isa) {
  return guarded([&]() -> Result<Tuning> {
    std::ifstream file(path, std::ios::binary);
    if (!file) return os_error(errno, concat("cannot open the tuning ", path));
    std::string text(most_bytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad()) return os_error(errno, concat("cannot read the tuning ", path));
    text.resize(static_cast<std::size_t>(file.gcount()));

    std::string_view rest = text;
    std::uint64_t written = 0;
    if (!take(rest, first_line) || !take_number(rest, ~std::uint64_t{0}, written) || !take(rest, "\n")) {
      return make_error(Code::malformed_file, path, " is not a tuning; `rowan tune` writes one");
    }
    if (written != version) {
      return make_error(Code::version_unsupported, "the tuning ", path, " has version ", written, " and this is ",
                        version, "; run `rowan tune` again");
    }
    const auto content = checked(text);
    if (!content) {
      return make_error(
          Code::checksum_mismatch, "the tuning ", path,
          " is cut, damaged or was changed by hand: its checksum is missing or another; run `rowan tune` again");
    }
    Tuning tuning;
    if (auto good = read(*content, isa, path, tuning); !good) return good.error();
    const std::size_t length = std::min(path.size(), sizeof tuning.origin_ - 1);
    std::memcpy(tuning.origin_, path.data() + (path.size() - length), length);
    return tuning;
  });
}

}  // namespace rowan
