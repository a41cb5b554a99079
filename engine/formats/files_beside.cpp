#include "engine/formats/files_beside.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "engine/files/opened_file.hpp"
#include "engine/formats/model2vec.hpp"

namespace rowan::detail {

Result<void> add_files_beside(FoundFile& found, std::span<const std::byte> file, const std::string& path,
                              bool sealed_copy) {
  const bool model2vec = std::any_of(found.tensors.begin(), found.tensors.end(), [](const FoundTensor& tensor) {
    return tensor.name == "embeddings" && tensor.shape.size() == 2;
  });
  if (!model2vec) return {};
  const std::string beside = (std::filesystem::path(path).parent_path() / "tokenizer.json").string();
  const Result<MappedFile> opened = MappedFile::open(beside, {.sealed_copy = sealed_copy});
  if (!opened && opened.error().code == Code::not_found) {
    found.notes.push_back("its tokens would be in a tokenizer.json, which is not beside it");
    return add_model2vec(found, file, std::nullopt, path);
  }
  if (!opened) return opened.error();
  return add_model2vec(found, file, opened->bytes(), path);
}

}  // namespace rowan::detail
