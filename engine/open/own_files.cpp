// What is done with Rowan's own files alone: verifying, recovering, loading checkpoints.
#include "engine/open/own_files.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include "engine/formats/refusals.hpp"
#include "engine/native/checkpoint.hpp"
#include "engine/native/verify.hpp"
#include "engine/parallel.hpp"
#include "engine/support/bytes.hpp"
#include "engine/support/error.hpp"
#include "rowan/checkpoint.hpp"
#include "rowan/file.hpp"

namespace rowan {

using detail::NativeFile;

Result<NativeFile> detail::open_native(const std::string& path, const OpenOptions& options,
                                       NativeFile::Unfinished unfinished) {
  Result<MappedFile> mapped = MappedFile::open(path, options);
  if (!mapped) return mapped.error();
  const Recognised start = recognise(as_text(mapped->bytes()));
  if (start.is(safetensors_format)) {  // as one is whose header is damaged
    const auto header = Header::parse(mapped->bytes(), path);
    if (!header) return header.error();
  }
  if (!start.is(native_format)) return not_native_error(mapped->file, start);
  return NativeFile::of(*std::move(mapped), unfinished);
}

Result<VerifyReport> verify(const std::string& path, Threads threads) {
  return detail::guarded([&]() -> Result<VerifyReport> {
    const Result<NativeFile> file = detail::open_native(path);
    if (!file) return file.error();
    const detail::Parallel parallel(threads);
    if (!parallel.status().ok()) return Error{parallel.status().code, parallel.status().message()};
    return detail::verify_file(*file, parallel);
  });
}

Result<RecoverReport> recover(const std::string& path) {
  return detail::guarded([&]() -> Result<RecoverReport> {
    const Result<NativeFile> file =
        detail::open_native(path, {.mode = OpenMode::read_write}, NativeFile::Unfinished::accept);
    if (!file) return file.error();
    return file->writable().finish();
  });
}

Result<Checkpoint> load_checkpoint(const std::string& path, std::string_view name, const OpenOptions& options) {
  return detail::guarded([&]() -> Result<Checkpoint> {
    const Result<NativeFile> file = detail::open_native(path, options);
    if (!file) return file.error();
    Result<Table> table = file->table(name);
    if (!table) return table.error();
    Result<Optimizer> optimizer = detail::optimizer_of(*file, *table);
    if (!optimizer) return optimizer.error();
    return Checkpoint{*std::move(table), *std::move(optimizer)};
  });
}

Result<std::vector<Checkpoint>> load_checkpoints(const std::string& path, const OpenOptions& options) {
  return detail::guarded([&]() -> Result<std::vector<Checkpoint>> {
    const Result<NativeFile> file = detail::open_native(path, options);
    if (!file) return file.error();
    std::vector<Checkpoint> all;
    for (const Table& table : file->tables()) {
      if (!file->optimizer_of(table)) continue;
      Result<Optimizer> optimizer = detail::optimizer_of(*file, table);
      if (!optimizer) return optimizer.error();
      all.push_back({table, *std::move(optimizer)});
    }
    if (all.empty()) {
      return detail::make_error(Code::not_found, path, " holds no table that was saved with an optimizer");
    }
    return all;
  });
}

}  // namespace rowan
