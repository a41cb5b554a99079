// Opening files, whatever their format, and asking what they hold.
#include <utility>

#include "engine/formats/foreign_file.hpp"
#include "engine/import/sidecar.hpp"
#include "engine/support/error.hpp"
#include "engine/table/opened_file.hpp"
#include "engine/table/table_file.hpp"
#include "rowan/file.hpp"
#include "rowan/table.hpp"

namespace rowan {
namespace {

/// with(TableFile) or with(ForeignFile), whichever the file is.
template <class Outcome, class With>
Result<Outcome> with_file(const std::string& path, const OpenOptions& options, TableFile::Unfinished unfinished,
                          const With& with) {
  return detail::guarded([&]() -> Result<Outcome> {
    Result<detail::OpenedFile> opened = detail::OpenedFile::open(path, options);
    if (!opened) return opened.error();
    if (detail::has_reader(opened->kind)) {
      const Result<detail::ForeignFile> file = detail::ForeignFile::of(*std::move(opened));
      if (!file) return file.error();
      return with(*file);
    }
    const Result<TableFile> file = TableFile::of(*std::move(opened), unfinished);
    if (!file) return file.error();
    return with(*file);
  });
}

}  // namespace

Result<Table> Table::open(const std::string& path, std::string_view name, const OpenOptions& options) {
  if (options.sidecar && options.mode != OpenMode::read_write) {
    return detail::guarded([&] { return detail::open_with_sidecar(path, name, options); });
  }
  return with_file<Table>(path, options, TableFile::Unfinished::refuse,
                          [&](const auto& file) { return file.table(name); });
}

Result<std::vector<Table>> Table::open_all(const std::string& path, const OpenOptions& options) {
  return with_file<std::vector<Table>>(path, options, TableFile::Unfinished::refuse,
                                       [&](const auto& file) -> Result<std::vector<Table>> { return file.tables(); });
}

Result<FileInfo> inspect(const std::string& path) {
  auto info = with_file<FileInfo>(path, {}, TableFile::Unfinished::accept,
                                  [](const auto& file) -> Result<FileInfo> { return file.info(); });
  if (info || info.error().code != Code::needs_conversion) return info;
  // Text, which there is no more to say of without reading it.
  return detail::guarded([&]() -> Result<FileInfo> {
    const Result<detail::OpenedFile> opened = detail::OpenedFile::open(path);
    if (!opened) return opened.error();
    FileInfo text;
    text.what = detail::describe(opened->kind);
    text.file_bytes = opened->mapping.bytes().size();
    text.notes.push_back(info.error().message);
    return text;
  });
}

}  // namespace rowan
