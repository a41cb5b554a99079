#include "engine/formats/neighbours.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "engine/formats/model2vec.hpp"
#include "engine/support/error.hpp"
#include "engine/table/file_map.hpp"
#include "engine/table/sealed_copy.hpp"

namespace rowan::detail {

Result<void> add_neighbours(FoundFile& found, std::span<const std::byte> file, const std::string& path,
                            bool sealed_copy) {
  const bool model2vec = std::any_of(found.tensors.begin(), found.tensors.end(), [](const FoundTensor& tensor) {
    return tensor.name == "embeddings" && tensor.shape.size() == 2;
  });
  if (!model2vec) return {};
  const std::string beside = (std::filesystem::path(path).parent_path() / "tokenizer.json").string();
  const Result<Descriptor> opened = open_regular(beside);
  if (!opened && opened.error().code == Code::not_found) {
    found.notes.push_back("its tokens would be in a tokenizer.json, which is not beside it");
    return add_model2vec(found, file, std::nullopt, path);
  }
  if (!opened) return opened.error();
  const Result<Mapping> mapping =
      sealed_copy ? detail::sealed_copy(*opened, beside, false) : Mapping::of_file(*opened, beside, false);
  if (!mapping) return mapping.error();
  return add_model2vec(found, file, mapping->bytes(), path);
}

}  // namespace rowan::detail
