// Opening files, whatever their format, and asking what they hold.
#include <utility>

#include "engine/files/opened_file.hpp"
#include "engine/formats/foreign_file.hpp"
#include "engine/formats/refusals.hpp"
#include "engine/native/native_file.hpp"
#include "engine/open/sidecar.hpp"
#include "engine/support/bytes.hpp"
#include "engine/support/error.hpp"
#include "rowan/file.hpp"
#include "rowan/table.hpp"

namespace rowan {
namespace {

using detail::MappedFile;
using detail::NativeFile;

/// with(NativeFile) or with(ForeignFile), whichever the file is. `name` is the table that is asked for.
template <class Outcome, class With>
Result<Outcome> with_file(MappedFile mapped, std::string_view name, const detail::Format* format,
                          NativeFile::Unfinished unfinished, const With& with) {
  if (format == &detail::native_format) {
    const Result<NativeFile> file = NativeFile::of(std::move(mapped), unfinished);
    if (!file) return file.error();
    return with(*file);
  }
  if (format == nullptr) return detail::not_mapped_error(mapped.file);
  const auto opened = mapped.file;
  const auto file = detail::ForeignFile::of(std::move(mapped), *format);
  if (!file && file.error().code == Code::needs_conversion) {
    return detail::not_mapped_error(opened, *format, name);
  }
  if (!file) return file.error();
  return with(*file);
}

const detail::Format* format_of(const MappedFile& mapped) {
  return detail::find_mapped_format(detail::as_text(mapped.bytes()));
}

}  // namespace

Result<Table> Table::open(const std::string& path, std::string_view name, const OpenOptions& options) {
  return detail::guarded([&]() -> Result<Table> {
    if (options.sidecar && options.mode != OpenMode::read_write) {
      return detail::open_with_sidecar(path, name, options);
    }
    Result<MappedFile> mapped = MappedFile::open(path, options);
    if (!mapped) return mapped.error();
    const detail::Format* const format = format_of(*mapped);
    return with_file<Table>(*std::move(mapped), name, format, NativeFile::Unfinished::refuse,
                            [&](const auto& file) { return file.table(name); });
  });
}

Result<std::vector<Table>> Table::open_all(const std::string& path, const OpenOptions& options) {
  return detail::guarded([&]() -> Result<std::vector<Table>> {
    Result<MappedFile> mapped = MappedFile::open(path, options);
    if (!mapped) return mapped.error();
    const detail::Format* const format = format_of(*mapped);
    return with_file<std::vector<Table>>(*std::move(mapped), {}, format, NativeFile::Unfinished::refuse,
                                         [&](const auto& file) -> Result<std::vector<Table>> { return file.tables(); });
  });
}

Result<FileInfo> inspect(const std::string& path) {
  return detail::guarded([&]() -> Result<FileInfo> {
    Result<MappedFile> mapped = MappedFile::open(path);
    if (!mapped) return mapped.error();
    const detail::Format* const format = format_of(*mapped);
    FileInfo text;
    text.what = format != nullptr ? format->noun : detail::recognise(detail::as_text(mapped->bytes())).noun;
    text.file_bytes = mapped->bytes().size();
    auto info = with_file<FileInfo>(*std::move(mapped), {}, format, NativeFile::Unfinished::accept,
                                    [](const auto& file) -> Result<FileInfo> { return file.info(); });
    if (info || info.error().code != Code::needs_conversion) return info;
    // Text, which there is no more to say of without reading it.
    text.notes.push_back(info.error().message);
    return text;
  });
}

}  // namespace rowan
