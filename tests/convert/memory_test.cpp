// Memory is bounded by the batch, not by the file, and a file that promises more than it holds costs nothing.
#include <doctest/doctest.h>

#include <chrono>
#include <fstream>
#include <string>

#include "tests/convert/conversion.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

/// VmHWM or VmRSS of this process, in bytes.
std::uint64_t memory(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field + ":")) return std::stoull(line.substr(field.size() + 1)) * 1024;
  }
  FAIL("no " << field);
  return 0;
}

/// The peak starts anew.
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

std::uint64_t peak_growth(const std::string& source, const std::string& target, const ConvertOptions& options,
                          const detail::BatchSizes& sizes) {
  reset_peak();
  const std::uint64_t before = memory("VmRSS");
  const auto report = detail::convert_in_batches(source, target, options, sizes);
  REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().message));
  const std::uint64_t peak = memory("VmHWM");
  return peak > before ? peak - before : 0;
}

}  // namespace

TEST_CASE("a file of many batches takes the memory of one") {
  Conversion conversion;
  std::uint64_t size = 0;
  {
    std::ofstream file(conversion.source(), std::ios::binary);
    for (int row = 0; row < 60'000; ++row) {
      std::string line = std::to_string(row);
      for (int c = 0; c < 100; ++c) line.append(c % 2 == 0 ? " 0.123456" : " -1.5e-2");
      file << line << '\n';
      size += line.size() + 1;
    }
  }
  constexpr std::uint64_t batch = 1 << 20;
  REQUIRE(size > 40 * batch);
  ConvertOptions options{.keys = KeyKind::none};
  const detail::BatchSizes sizes{.batch = batch, .head = batch / 4, .row = 8 * batch, .chunk = batch / 8};
  const std::uint64_t first = peak_growth(conversion.source(), conversion.target(), options, sizes);
  MESSAGE("peak growth " << first / 1024 << " KiB for a file of " << size / 1024 << " KiB in batches of 1 MiB");
  CHECK(first < 12 * batch);  // three of text and two of rows, larger than their text with what is kept of each
}

TEST_CASE("short padded rows do not blow up in memory") {
  Conversion conversion;
  std::string text;
  for (int row = 0; row < 2'000'000; ++row) text += "1 2\n";  // 8 MB of text, 128 MB of padded rows
  write_file(conversion.source(), text);
  text = {};
  const ConvertOptions options{
      .from = SourceFormat::glove_text, .pad_rows = true, .keys = KeyKind::none, .overwrite = true};
  const std::uint64_t growth = peak_growth(conversion.source(), conversion.target(), options, {});
  MESSAGE("peak growth " << growth / 1024 << " KiB");
  CHECK(growth < (std::uint64_t{110} << 20));
}

TEST_CASE("a tiny file that promises 32 GB is refused at once") {
  Conversion conversion;
  for (const auto from : {SourceFormat::word2vec_text, SourceFormat::word2vec_binary}) {
    conversion.options.from = from;
    REQUIRE_FALSE(conversion.run("80000000 100\nword 0.1 0.2\n").ok());  // warm
    reset_peak();
    const std::uint64_t before = memory("VmRSS");
    const auto start = std::chrono::steady_clock::now();
    REQUIRE_FALSE(conversion.run("80000000 100\nword 0.1 0.2\n").ok());
    const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    CHECK(memory("VmHWM") < before + (1 << 20));
    MESSAGE("refused in " << seconds * 1e6 << " microseconds");
    CHECK(seconds < 0.1);  // a generous bound for a busy machine
  }
}
