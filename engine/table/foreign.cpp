// Sentences about files that are not native: what they are, and the command that makes them so.
#include "engine/table/foreign.hpp"

#include <algorithm>
#include <initializer_list>

#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

constexpr std::string_view what_is_read =
    "this Rowan reads native files, safetensors, NumPy, PyTorch, GGUF, fastText and finalfusion files, and converts "
    "GloVe and word2vec ones";

/// The path with the endings of pretrained tables taken off and .safetensors put on.
std::string converted_name(std::string path) {
  if (path.ends_with(".gz")) path.resize(path.size() - 3);
  if (path.ends_with(".zip")) path.resize(path.size() - 4);
  for (const std::string_view ending :
       {".txt", ".bin", ".vec", ".ftz", ".npy", ".npz", ".pt", ".pth", ".gguf", ".fifu"}) {
    if (!path.ends_with(ending)) continue;
    path.resize(path.size() - ending.size());
    break;
  }
  constexpr std::string_view own = ".safetensors";
  if (!path.ends_with(own)) return path.append(own);
  path.resize(path.size() - own.size());
  return path + ".rowan.safetensors";
}

bool is_any_of(FileKind kind, std::initializer_list<FileKind> kinds) noexcept {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

}  // namespace

std::string shell_word(const std::string& path) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./+,:=@%").find(c) != std::string_view::npos;
  };
  if (!path.empty() && std::all_of(path.begin(), path.end(), plain)) return path;
  std::string word = "'";
  for (const char c : path) c == '\'' ? word += "'\\''" : word += c;
  return word + "'";
}

Error needs_conversion_error(const std::string& path, const std::string& what) {
  // An argument that starts with a hyphen would be taken for an option.
  const std::string source = path.starts_with('-') ? "./" + path : path;
  return make_error(Code::needs_conversion, path, " is ", what, "; convert it once with: rowan convert ",
                    shell_word(source), " ", shell_word(converted_name(source)));
}

Error foreign_file_error(const std::string& path, FileKind kind) {
  if (is_any_of(kind, {FileKind::gzip, FileKind::glove_text, FileKind::word2vec_text, FileKind::word2vec_binary})) {
    return needs_conversion_error(path, concat(describe(kind), ", which cannot be mapped in place"));
  }
  if (is_any_of(kind, {FileKind::safetensors, FileKind::npy, FileKind::zip, FileKind::gguf, FileKind::finalfusion,
                       FileKind::fasttext_binary})) {
    return needs_conversion_error(path, concat(describe(kind), ", and a Rowan file is needed here"));
  }
  if (kind == FileKind::empty) return make_error(Code::malformed_file, path, " is empty");
  return make_error(Code::format_unsupported, path, " is ", describe(kind), "; ", what_is_read);
}

}  // namespace rowan::detail
