// Safetensors files of others: the header is validated as that of a native file is, and says everything.
#include <utility>

#include "engine/files/safetensors_header.hpp"
#include "engine/formats/files_beside.hpp"
#include "engine/formats/registry.hpp"

namespace rowan::detail {
namespace {

Encoding encoding_of(std::string_view dtype) noexcept {
  constexpr std::pair<std::string_view, Encoding> encodings[] = {
      {"F32", Encoding::f32}, {"F16", Encoding::f16},         {"BF16", Encoding::bf16},       {"F64", Encoding::f64},
      {"I8", Encoding::i8},   {"F8_E4M3", Encoding::f8_e4m3}, {"F8_E5M2", Encoding::f8_e5m2},
  };
  for (const auto& [name, encoding] : encodings) {
    if (name == dtype) return encoding;
  }
  return Encoding::other;
}

Codes codes_of(std::string_view dtype) noexcept {
  constexpr std::pair<std::string_view, Codes> codes[] = {
      {"U8", Codes::u8}, {"I32", Codes::i32}, {"U32", Codes::u32}, {"F8_E8M0", Codes::e8m0}};
  for (const auto& [name, kind] : codes) {
    if (name == dtype) return kind;
  }
  return Codes::none;
}

Result<FoundFile> read_safetensors(std::span<const std::byte> file, const std::string& path) {
  const Result<Header> header = Header::parse(file, path);
  if (!header) return header.error();
  FoundFile found;
  found.what = "a safetensors file";
  found.tensors.reserve(header->tensors().size());
  for (const Tensor& tensor : header->tensors()) {
    FoundTensor& claimed = found.tensors.emplace_back();
    claimed.name = tensor.name;
    claimed.type = tensor.dtype;
    claimed.encoding = encoding_of(tensor.dtype);
    claimed.codes = codes_of(tensor.dtype);
    claimed.shape = tensor.shape;
    claimed.offset = header->data_begin() + tensor.begin;  // the header has held both against the file
  }
  return found;
}

}  // namespace

constinit const Format safetensors_format = {.id = SourceFormat::safetensors,
                                             .spelling = "safetensors",
                                             .noun = "a safetensors file",
                                             .family = "safetensors",
                                             .probe = starts_as_safetensors,
                                             .read = read_safetensors,
                                             .complete = add_files_beside};

}  // namespace rowan::detail
