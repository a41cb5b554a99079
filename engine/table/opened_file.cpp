#include "engine/table/opened_file.hpp"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "engine/support/bytes.hpp"
#include "engine/support/error.hpp"
#include "engine/table/header.hpp"
#include "engine/table/native.hpp"
#include "engine/table/sealed_copy.hpp"
#include "engine/table/writable_file.hpp"

namespace rowan::detail {
namespace {

/// Of a safetensors file whose header is longer than what sniff() looks at.
bool names_native_format(std::span<const std::byte> file) {
  const std::uint64_t length = std::min(load_u64(file.data()), file.size() - header_prefix);
  return as_text(file.subspan(header_prefix, length)).find(concat("\"", native::format_key, "\"")) !=
         std::string_view::npos;
}

}  // namespace

Result<OpenedFile> OpenedFile::open(const std::string& path, const OpenOptions& options) {
  OpenedFile file;
  file.path = path;
  file.mode = options.mode;
  file.sealed_copy = options.sealed_copy;
  const bool in_place = file.mode == OpenMode::read_write;
  if (in_place && file.sealed_copy) {
    return make_error(Code::invalid_argument, path, " cannot be written in place through a sealed copy of it: open it ",
                      "without sealed_copy, or with OpenMode::copy_on_write");
  }
  Result<Descriptor> opened = open_regular(path, in_place);
  if (!opened) return opened.error();
  file.descriptor = *std::move(opened);
  if (in_place) {
    if (const auto good = lock_for_writing(file.descriptor, path); !good) return good.error();
  }
  const bool copy_on_write = file.mode == OpenMode::copy_on_write;
  Result<Mapping> mapping = file.sealed_copy ? detail::sealed_copy(file.descriptor, path, copy_on_write)
                                             : Mapping::of_file(file.descriptor, path, copy_on_write);
  if (!mapping) return mapping.error();
  file.mapping = *std::move(mapping);
  const std::span<const std::byte> bytes = file.mapping.bytes();
  file.kind = sniff(as_text(bytes).substr(0, sniffed_bytes));
  if (file.kind == FileKind::safetensors && names_native_format(bytes)) file.kind = FileKind::native;
  return file;
}

}  // namespace rowan::detail
