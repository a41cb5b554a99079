// fastText models: read, and vectors of words that they know and do not know.
#include <array>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "rowan/engine.hpp"
#include "rowan/subwords.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/reader.hpp"

using namespace rowan;

namespace {

void ask(const Subwords& model) {
  constexpr std::uint64_t longest = 1 << 16;
  if (model.dim() > longest) return;
  static const Engine engine;
  const std::array<std::string_view, 4> words = {model.word(0).value_or(""), model.word(model.words() - 1).value_or(""),
                                                 "ab", "unwahrscheinlich"};
  std::vector<std::int64_t> rows;
  for (const std::string_view word : words) {
    if (!model.rows_of(word, rows)) std::abort();
    for (const std::int64_t row : rows) {
      if (row < 0 || static_cast<std::uint64_t>(row) >= model.rows()) std::abort();
    }
  }
  std::vector<float> out(words.size() * model.dim());
  if (!model.vectors(engine, words, out)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto found = detail::fasttext_format.read(bytes, fuzz::path);
  fuzz::use(found, bytes);
  if (!found) return 0;
  const fuzz::MemoryFile file(data, size);
  if (const auto model = Subwords::open(file.path())) ask(*model);
  return 0;
}
