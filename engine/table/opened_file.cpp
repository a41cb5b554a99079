#include "engine/table/opened_file.hpp"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "engine/support/bytes.hpp"
#include "engine/support/error.hpp"
#include "engine/table/header.hpp"
#include "engine/table/native.hpp"
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

Result<OpenedFile> OpenedFile::open(const std::string& path, OpenMode mode) {
  OpenedFile file;
  file.path = path;
  file.mode = mode;
  const bool in_place = mode == OpenMode::read_write;
  Result<Descriptor> opened = open_regular(path, in_place);
  if (!opened) return opened.error();
  file.descriptor = *std::move(opened);
  if (in_place) {
    if (const auto good = lock_for_writing(file.descriptor, path); !good) return good.error();
  }
  Result<Mapping> mapping = Mapping::of_file(file.descriptor, path, mode == OpenMode::copy_on_write);
  if (!mapping) return mapping.error();
  file.mapping = *std::move(mapping);
  const std::span<const std::byte> bytes = file.mapping.bytes();
  file.kind = sniff(as_text(bytes).substr(0, sniffed_bytes));
  if (file.kind == FileKind::safetensors && names_native_format(bytes)) file.kind = FileKind::native;
  return file;
}

}  // namespace rowan::detail
