#include "engine/words/subword_rows.hpp"

#include <span>
#include <utility>

#include "rowan/engine.hpp"
#include "rowan/subwords.hpp"

namespace rowan::detail {
namespace {

class SubwordRows final : public TableRows {
 public:
  SubwordRows(Subwords model, const std::vector<std::string_view>& words) : model_(std::move(model)), words_(words) {}

  Result<void> read(std::uint64_t begin, std::uint64_t end, float* out) override {
    return model_.vectors(engine_, std::span(words_).subspan(begin, end - begin), {out, (end - begin) * model_.dim()});
  }

 private:
  Engine engine_;
  Subwords model_;
  const std::vector<std::string_view>& words_;
};

}  // namespace

Result<std::unique_ptr<TableRows>> subword_rows(const std::string& path, const std::vector<std::string_view>& words) {
  auto model = Subwords::open(path);
  if (!model) return model.error();
  return std::unique_ptr<TableRows>(std::make_unique<SubwordRows>(*std::move(model), words));
}

}  // namespace rowan::detail
