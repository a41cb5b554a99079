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

constexpr auto refuse = [](detail::NotMapped file) { return std::move(file.error); };

/// with(NativeFile) or with(ForeignFile), or otherwise(NotMapped), whichever the file is. `name` is the table that is
/// asked for.
template <class Outcome, class With, class Otherwise>
Result<Outcome> with_file(MappedFile mapped, std::string_view name, NativeFile::Unfinished unfinished, const With& with,
                          const Otherwise& otherwise) {
  const detail::Format* const format = detail::find_mapped_format(detail::as_text(mapped.bytes()));
  if (format == &detail::native_format) {
    const Result<NativeFile> file = NativeFile::of(std::move(mapped), unfinished);
    if (!file) return file.error();
    return with(*file);
  }
  const auto opened = mapped.file;
  if (format == nullptr) return otherwise(detail::look_at_not_mapped(opened));
  const auto file = detail::ForeignFile::of(std::move(mapped), *format);
  if (!file && file.error().code == Code::needs_conversion) {
    return otherwise(detail::look_into_archive(opened, *format, name));
  }
  if (!file) return file.error();
  return with(*file);
}

}  // namespace

Result<Table> Table::open(const std::string& path, std::string_view name, const OpenOptions& options) {
  return detail::guarded([&]() -> Result<Table> {
    if (options.sidecar && options.mode != OpenMode::read_write) {
      return detail::open_with_sidecar(path, name, options);
    }
    Result<MappedFile> mapped = MappedFile::open(path, options);
    if (!mapped) return mapped.error();
    return with_file<Table>(
        *std::move(mapped), name, NativeFile::Unfinished::refuse, [&](const auto& file) { return file.table(name); },
        refuse);
  });
}

Result<std::vector<Table>> Table::open_all(const std::string& path, const OpenOptions& options) {
  return detail::guarded([&]() -> Result<std::vector<Table>> {
    Result<MappedFile> mapped = MappedFile::open(path, options);
    if (!mapped) return mapped.error();
    return with_file<std::vector<Table>>(
        *std::move(mapped), {}, NativeFile::Unfinished::refuse,
        [&](const auto& file) -> Result<std::vector<Table>> { return file.tables(); }, refuse);
  });
}

Result<FileInfo> inspect(const std::string& path) {
  return detail::guarded([&]() -> Result<FileInfo> {
    Result<MappedFile> mapped = MappedFile::open(path);
    if (!mapped) return mapped.error();
    const std::uint64_t bytes = mapped->bytes().size();
    // Text, which there is no more to say of without reading it.
    const auto text = [&](detail::NotMapped file) -> Result<FileInfo> {
      if (file.what.empty()) return std::move(file.error);
      FileInfo info;
      info.what = std::move(file.what);
      info.file_bytes = bytes;
      info.notes.push_back(std::move(file.error.message));
      return info;
    };
    return with_file<FileInfo>(
        *std::move(mapped), {}, NativeFile::Unfinished::accept,
        [](const auto& file) -> Result<FileInfo> { return file.info(); }, text);
  });
}

}  // namespace rowan
