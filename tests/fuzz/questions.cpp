// Question sets for word vectors.
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "rowan/file.hpp"
#include "rowan/words.hpp"

using namespace rowan;

namespace {

WordVectors make_vectors() {
  constexpr std::array<std::string_view, 4> keys = {"king", "man", "woman", "queen"};
  constexpr std::array<float, 8> values = {1, 1, 1, 0, 0, 0, 0.5, 1};
  const std::string path =
      (std::filesystem::temp_directory_path() / ("rowan-fuzz-words-" + std::to_string(::getpid()))).string();
  auto writer = TableWriter::create(path, {{.dim = 2, .keys = KeyKind::bytes}}, {.overwrite = true});
  if (!writer || !writer->append(0, values, keys) || !writer->publish()) std::abort();
  auto vectors = WordVectors::create(Table::open(path).value());
  ::unlink(path.c_str());
  return std::move(vectors).value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const WordVectors vectors = make_vectors();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto report = vectors.evaluate(text, {.lower_case = size % 2 == 0});
  if (!report) return 0;
  std::uint64_t answered = 0;
  for (const SectionScore& section : report->sections) answered += section.answered;
  if (answered != report->total.answered || report->total.correct > answered) std::abort();
  return 0;
}
