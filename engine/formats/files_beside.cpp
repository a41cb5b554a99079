#include "engine/formats/files_beside.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "engine/files/opened_file.hpp"
#include "engine/formats/model2vec.hpp"
#include "engine/formats/model_config.hpp"
#include "engine/formats/tokenizer.hpp"
#include "engine/support/bytes.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

/// A file that may lie beside another.
class Neighbor {
 public:
  Neighbor(const std::string& path, std::string_view name, bool sealed_copy)
      : opened_(MappedFile::open((std::filesystem::path(path).parent_path() / name).string(),
                                 {.sealed_copy = sealed_copy})) {}

  bool there() const noexcept { return opened_.ok() || opened_.error().code != Code::not_found; }
  /// Its bytes; what is in the way of them is no other file's fault.
  Result<std::span<const std::byte>> bytes() const {
    if (!opened_) return opened_.error();
    return opened_->bytes();
  }

 private:
  Result<MappedFile> opened_;
};

/// Files that have the words of a model's rows, as its library names them.
constexpr std::array<std::string_view, 5> word_files = {"tokenizer.json", "vocab.txt", "vocab.json", "strings.json",
                                                        "whitespacetokenizer_config.json"};

}  // namespace

Result<void> add_files_beside(FoundFile& found, std::span<const std::byte> file, const std::string& path,
                              bool sealed_copy) {
  const bool packed = std::any_of(found.tensors.begin(), found.tensors.end(),
                                  [](const FoundTensor& tensor) { return tensor.codes == Codes::u32; });
  if (!packed && !has_model2vec_names(found)) return {};
  const Neighbor configuration(path, "config.json", sealed_copy);
  if (configuration.there()) {
    const auto json = configuration.bytes();
    if (!json && json.error().code == Code::out_of_memory) return json.error();
    const auto config = json ? parse_model_config(as_text(*json)) : std::nullopt;
    if (config) found.config = *config;
    if (!config) found.notes.push_back("the config.json beside it is not read: it is no JSON object");
  }
  if (!has_model2vec_names(found)) return {};
  const Neighbor tokenizer(path, "tokenizer.json", sealed_copy);
  std::optional<std::vector<std::string>> tokens;
  if (tokenizer.there()) {
    const auto json = tokenizer.bytes();
    auto read = json ? read_tokens(*json, path) : Result<std::vector<std::string>>(json.error());
    if (!read && read.error().code == Code::out_of_memory) return read.error();
    if (read) tokens = *std::move(read);
    if (!read) found.notes.push_back(concat("the tokenizer.json beside it is not read: ", read.error().message));
  }
  return add_model2vec(found, file, std::move(tokens), path);
}

std::vector<std::string> notes_on_words(const FoundFile& found, const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::vector<std::string> notes;
  for (const std::string_view name : word_files) {
    std::error_code ignored;
    if (!found.keys.empty() || found.tensors.empty() || !std::filesystem::exists(folder / name, ignored)) continue;
    notes.push_back(concat("the words of its rows may be in ", name, " beside it; they are not taken as keys"));
  }
  return notes;
}

}  // namespace rowan::detail
