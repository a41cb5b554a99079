#include "engine/words/subword_rows.hpp"

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/words/subword_vectors.hpp"
#include "rowan/engine.hpp"

namespace rowan::detail {
namespace {

class SubwordRows final : public DecodedRows {
 public:
  SubwordRows(SubwordVectors vectors, const std::vector<std::string_view>& words)
      : vectors_(std::move(vectors)), words_(words) {}

  Result<void> read(std::uint64_t begin, std::uint64_t end, float* out, double*) override {
    const auto words = std::span<const std::string_view>(words_).subspan(begin, end - begin);
    return vectors_.vectors(engine_, words, {out, words.size() * vectors_.model().dim});
  }

 private:
  Engine engine_;
  SubwordVectors vectors_;
  const std::vector<std::string_view>& words_;
};

}  // namespace

Result<std::unique_ptr<DecodedRows>> subword_rows(const ForeignFile& file) {
  auto vectors = SubwordVectors::make(file.mapping(), file.found().subwords);
  if (!vectors) return vectors.error();
  return std::unique_ptr<DecodedRows>(std::make_unique<SubwordRows>(*std::move(vectors), file.found().keys));
}

}  // namespace rowan::detail
