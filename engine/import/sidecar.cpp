// What a sidecar was made from stands in its metadata: "SIZE MTIME HASH", bytes, nanoseconds, XXH3 of the content.
#include "engine/import/sidecar.hpp"

#include <optional>
#include <span>
#include <utility>

#include "engine/import/convert.hpp"
#include "engine/support/error.hpp"
#include "engine/support/text.hpp"
#include "engine/table/checksum.hpp"
#include "engine/table/file_map.hpp"
#include "engine/table/file_stamp.hpp"
#include "engine/table/native.hpp"
#include "engine/table/table_file.hpp"

namespace rowan::detail {
namespace {

struct Origin {
  FileStamp stamp;
  std::uint64_t hash = 0;
};

Result<std::uint64_t> hash_of_file(const Descriptor& file, const std::string& path) {
  const Result<Mapping> mapping = Mapping::of_file(file, path, false);
  if (!mapping) return mapping.error();
  return hash_bytes(mapping->bytes());
}

std::string to_text(const Origin& origin) {
  return concat(origin.stamp.size, " ", origin.stamp.modified, " ", origin.hash);
}

std::optional<Origin> parse_origin(std::string_view text) {
  const std::size_t first = text.find(' ');
  const std::size_t second = text.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  const auto size = parse_decimal(text.substr(0, first));
  const auto modified = parse_decimal(text.substr(first + 1, second - first - 1));
  const auto hash = parse_decimal(text.substr(second + 1));
  if (!size || !modified || !hash) return std::nullopt;
  return Origin{{*size, *modified}, *hash};
}

/// Whether a sidecar is there and of the file as it is; an Error where something else has its name.
Result<bool> is_current(const std::string& sidecar, const Descriptor& file, const FileStamp& stamp,
                        const std::string& path) {
  const Result<TableFile> opened = TableFile::open(sidecar);
  if (!opened) {
    const Code code = opened.error().code;
    if (code == Code::not_found) return false;
    if (code == Code::io_error || code == Code::out_of_memory) return opened.error();
  }
  const auto text = opened ? opened->header().metadata(native::source_key) : std::nullopt;
  if (!text) {
    return make_error(Code::already_exists, sidecar, " is in the way of the sidecar of ", path,
                      ": it is none, or a damaged one; remove it");
  }
  const auto origin = parse_origin(*text);
  if (!origin || origin->stamp.size != stamp.size) return false;
  if (origin->stamp == stamp) return true;
  const Result<std::uint64_t> hash = hash_of_file(file, path);
  if (!hash) return hash.error();
  return *hash == origin->hash;
}

std::string sidecar_name(const std::string& path, std::string_view table) {
  if (table.empty()) return concat(path, ".rowan.safetensors");
  return concat(path, ".", hash_bytes(std::as_bytes(std::span(table))), ".rowan.safetensors");
}

}  // namespace

Result<std::string> sidecar_of(const std::string& path, std::string_view table, Threads threads) {
  const Result<Descriptor> file = open_regular(path);
  if (!file) return file.error();
  const Result<FileStamp> stamp = stamp_of(*file, path);
  if (!stamp) return stamp.error();
  std::string sidecar = sidecar_name(path, table);
  const Result<bool> current = is_current(sidecar, *file, *stamp, path);
  if (!current) return current.error();
  if (*current) return sidecar;

  const Result<std::uint64_t> hash = hash_of_file(*file, path);
  if (!hash) return hash.error();
  const Extras extras{.metadata = {{std::string(native::source_key), to_text({*stamp, *hash})}}, .tensors = {}};
  const ConvertOptions options{.table = std::string(table), .overwrite = true, .threads = threads};
  const Result<ConvertReport> converted = convert_in_batches(path, sidecar, options, BatchSizes{}, extras);
  if (!converted) return converted.error();
  const Result<FileStamp> after = stamp_of(*file, path);
  if (!after) return after.error();
  if (*after == *stamp) return sidecar;
  return make_error(Code::io_error, path, " changed while it was converted: try again when it is at rest");
}

}  // namespace rowan::detail
