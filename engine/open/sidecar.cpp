// A sidecar holds either what its source was converted to or, of a source that maps, its keys with their index.
//
// What it was made from stands in its metadata: "SIZE MTIME HASH", bytes, nanoseconds, XXH3 of what it depends on: the
// whole source or, where it has the keys alone, what lies in front of the rows. Of those the place stands there too.
#include "engine/open/sidecar.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "engine/convert/convert.hpp"
#include "engine/files/checksum.hpp"
#include "engine/files/file_stamp.hpp"
#include "engine/files/opened_file.hpp"
#include "engine/formats/foreign_file.hpp"
#include "engine/native/format.hpp"
#include "engine/native/save.hpp"
#include "engine/open/own_files.hpp"
#include "engine/support/bytes.hpp"
#include "engine/support/error.hpp"
#include "engine/support/text.hpp"
#include "engine/table/memory_keys.hpp"

namespace rowan::detail {
namespace {

/// What the key tensors of a sidecar are called.
constexpr std::string_view keys_name = "source";

struct Origin {
  FileStamp stamp;
  std::uint64_t hash = 0;
};

std::string to_text(const Origin& origin) {
  return concat(origin.stamp.size, " ", origin.stamp.modified, " ", origin.hash);
}

/// Decimal numbers with single spaces between them, as many as there is room for and no more.
bool parse_numbers(std::string_view text, std::span<std::uint64_t> numbers) {
  for (std::uint64_t& number : numbers) {
    const bool last = &number == &numbers.back();
    const std::size_t end = last ? text.size() : std::min(text.find(' '), text.size());
    const auto parsed = parse_decimal(text.substr(0, end));
    if (!parsed || (!last && end == text.size())) return false;
    number = *parsed;
    text.remove_prefix(last ? end : end + 1);
  }
  return true;
}

std::optional<Origin> parse_origin(std::string_view text) {
  std::array<std::uint64_t, 3> numbers = {};
  if (!parse_numbers(text, numbers)) return std::nullopt;
  return Origin{{numbers[0], numbers[1]}, numbers[2]};
}

/// Files name types by these numbers.
static_assert(static_cast<int>(Encoding::f32) == 0 && static_cast<int>(Encoding::f16) == 1 &&
              static_cast<int>(Encoding::bf16) == 2 && static_cast<int>(Encoding::f8_e4m3) == 3 &&
              static_cast<int>(Encoding::f8_e5m2) == 4);
constexpr std::uint64_t last_mapped = 4;

/// The rows of a source that maps: what check_tensor() needs to know of them.
std::string to_text(const FoundTensor& tensor) {
  const bool strided = !tensor.strides.empty();
  return concat(static_cast<std::uint64_t>(tensor.encoding), " ", tensor.offset, " ", tensor.shape[0], " ",
                tensor.shape[1], " ", strided ? tensor.strides[0] : 0, " ", strided ? tensor.strides[1] : 0);
}

std::optional<FoundTensor> parse_tensor(std::string_view text, std::string_view name) {
  std::array<std::uint64_t, 6> numbers = {};
  if (!parse_numbers(text, numbers) || numbers[0] > last_mapped) return std::nullopt;
  FoundTensor tensor;
  tensor.name = name;
  tensor.encoding = static_cast<Encoding>(numbers[0]);
  tensor.offset = numbers[1];
  tensor.shape = {numbers[2], numbers[3]};
  if (numbers[5] != 0) tensor.strides = {numbers[4], numbers[5]};
  return tensor;
}

/// What a sidecar depends on, of the source's bytes.
std::uint64_t hash_of(std::span<const std::byte> source, const std::optional<FoundTensor>& rows) {
  return hash_bytes(rows ? source.first(std::min<std::uint64_t>(rows->offset, source.size())) : source);
}

struct Sidecar {
  NativeFile file;
  std::optional<FoundTensor> rows;  ///< where it has their keys alone
};

/// A file that has a sidecar, or gets one: everything is read from the one that was opened.
class Source {
 public:
  static Result<Source> open(const std::string& path) {
    auto file = OpenedFile::open(path, OpenedFile::Purpose::mapping);
    if (!file) return file.error();
    const auto stamp = (*file)->stamp();
    if (!stamp) return stamp.error();
    auto mapped = MappedFile::of(*std::move(file));
    if (!mapped) return mapped.error();
    return Source(*std::move(mapped), *stamp);
  }

  const std::string& path() const noexcept { return mapped_.path(); }
  const std::shared_ptr<const OpenedFile>& file() const noexcept { return mapped_.file; }
  /// Where it maps, or is Rowan's own; else null.
  const Format* format() const noexcept { return format_; }
  std::span<const std::byte> bytes() const noexcept { return mapped_.bytes(); }
  Origin origin(const std::optional<FoundTensor>& rows) const { return {stamp_, hash_of(bytes(), rows)}; }
  bool is_origin(const Origin& origin, const std::optional<FoundTensor>& rows) const {
    if (origin.stamp.size != stamp_.size) return false;
    return origin.stamp == stamp_ || origin.hash == hash_of(bytes(), rows);
  }

  /// Mapped as the options have it.
  Result<MappedFile> map(const OpenOptions& options) const {
    auto mapped = MappedFile::of(file(), options);
    if (!mapped) return mapped;
    if (const auto good = check_rest("opened", true); !good) return good.error();
    return mapped;
  }
  /// An Error where the file was written to since it was opened. Unless `anywhere`, also where its path leads to
  /// another file by now: a sidecar would be taken for that file's. A table of the opened file stays good.
  Result<void> check_rest(std::string_view done, bool anywhere = false) const {
    const auto now = file()->stamp();
    if (!now) return now.error();
    const Result<bool> there = anywhere ? Result<bool>(true) : file()->is_at(path());
    if (!there) return there.error();
    if (*now == stamp_ && *there) return {};
    return make_error(Code::io_error, path(), " changed while it was ", done, ": try again when it is at rest");
  }

 private:
  Source(MappedFile mapped, FileStamp stamp)
      : mapped_(std::move(mapped)), stamp_(stamp), format_(find_mapped_format(as_text(mapped_.bytes()))) {}

  MappedFile mapped_;
  FileStamp stamp_;
  const Format* format_;
};

/// The sidecar that is there and of the source as it is; empty where there is none. An Error where something else has
/// its name.
Result<std::optional<Sidecar>> find_sidecar(const std::string& path, const Source& source, const OpenOptions& options) {
  Result<NativeFile> opened = open_native(path, options);
  if (!opened) {
    const Code code = opened.error().code;
    if (code == Code::not_found) return std::optional<Sidecar>();
    if (code == Code::io_error || code == Code::out_of_memory) return opened.error();
  }
  const auto text = opened ? opened->header().metadata(native::source_key) : std::nullopt;
  if (!text) {
    return make_error(Code::already_exists, path, " is in the way of the sidecar of ", source.path(),
                      ": it is none, or a damaged one; remove it");
  }
  const auto origin = parse_origin(*text);
  Sidecar sidecar{*std::move(opened), std::nullopt};
  if (const auto rows = sidecar.file.header().metadata(native::source_rows_key)) {
    sidecar.rows = parse_tensor(*rows, sidecar.file.tables().empty() ? "" : sidecar.file.tables().front().name());
    if (!sidecar.rows) return std::optional<Sidecar>();
  }
  if (!origin || !source.is_origin(*origin, sidecar.rows)) return std::optional<Sidecar>();
  return std::optional<Sidecar>(std::move(sidecar));
}

std::string sidecar_name(const std::string& path, std::string_view table) {
  if (table.empty()) return concat(path, ".rowan.safetensors");
  return concat(path, ".", hash_bytes(std::as_bytes(std::span(table))), ".rowan.safetensors");
}

/// Converts the source.
Result<void> convert_beside(const std::string& sidecar, const Source& source, std::string_view table, Threads threads) {
  const ConversionExtras extras{
      .extras = {.metadata = {{std::string(native::source_key), to_text(source.origin(std::nullopt))}}, .tensors = {}},
      .before_publishing = [&] { return source.check_rest("converted"); }};
  const ConvertOptions options{.table = std::string(table), .overwrite = true, .threads = threads};
  const Result<ConvertReport> converted = convert_file(source.file(), sidecar, options, {}, extras);
  return converted ? Result<void>() : converted.error();
}

/// Whether all keys lie in the file in front of the rows, which is what a sidecar of keys is held against.
bool keys_before_rows(const FoundFile& found, const TableView& rows) {
  const auto first_row = reinterpret_cast<std::uintptr_t>(rows.data());
  return !found.keys_owner && std::all_of(found.keys.begin(), found.keys.end(), [&](std::string_view key) {
    return reinterpret_cast<std::uintptr_t>(key.data()) + key.size() <= first_row;
  });
}

/// Keeps the keys of a file that maps, beside a table of no rows.
Result<void> keep_keys(const std::string& sidecar, const Source& source, const ForeignFile& file,
                       std::string_view name) {
  const Result<ForeignTable> table = file.choose(name);
  if (!table) return table.error();
  const FoundFile& found = file.found();
  if (!table->view || !file.has_keys(*table) || !keys_before_rows(found, *table->view)) return {};
  const MemoryKeys keys(found.keys);
  const KeyIndex index = keys.index();
  const auto tensor = [&](std::string_view suffix, std::string_view type, std::span<const std::byte> bytes,
                          std::uint64_t element_bytes) {
    return Extras::Content{concat(keys_name, suffix), type, {bytes.size() / element_bytes}, bytes};
  };
  const Extras extras{.metadata = {{std::string(native::source_key), to_text(source.origin(*table->tensor))},
                                   {std::string(native::source_rows_key), to_text(*table->tensor)}},
                      .tensors = {tensor(native::key_bytes_suffix, "U8", {index.keys.data, index.keys.data_bytes}, 1),
                                  tensor(native::key_ends_suffix, "U64", {index.keys.ends, 8 * index.keys.rows}, 8),
                                  tensor(native::key_index_suffix, "U64", {index.slots, 8 * index.capacity}, 8)}};
  auto writer =
      TableSaver::create(sidecar, {{.name = table_name(*table->tensor), .dim = 1}}, {.overwrite = true}, extras);
  if (!writer) return writer.error();
  if (const auto good = source.check_rest("opened"); !good) return good;
  const auto written = writer->publish();
  return written ? Result<void>() : written.error();
}

}  // namespace

Result<Table> open_with_sidecar(const std::string& path, std::string_view name, const OpenOptions& options) {
  const Result<Source> source = Source::open(path);
  if (!source) return source.error();
  if (source->format() == &native_format) {
    Result<MappedFile> mapped = source->map(options);
    if (!mapped) return mapped.error();
    const Result<NativeFile> file = NativeFile::of(*std::move(mapped));
    if (!file) return file.error();
    return file->table(name);
  }

  const std::string sidecar = sidecar_name(path, name);
  const auto current = find_sidecar(sidecar, *source, options);
  if (current && *current && (*current)->rows) {
    Result<MappedFile> mapped = source->map(options);
    if (!mapped) return mapped.error();
    const auto keys = (*current)->file.keys_beside(std::string(keys_name));
    if (!keys) return keys.error();
    return ForeignFile::table_of(*std::move(mapped), *(*current)->rows, *keys, (*current)->file.owner());
  }
  if (current && *current) return (*current)->file.table({});

  if (source->format() != nullptr) {
    Result<MappedFile> mapped = source->map(options);
    if (!mapped) return mapped.error();
    const Result<ForeignFile> file = ForeignFile::of(*std::move(mapped), *source->format());
    Result<Table> table = file ? file->table(name) : file.error();
    // It is open already: where its keys cannot be kept, nothing is lost but time.
    if (table && current) static_cast<void>(keep_keys(sidecar, *source, *file, name));
    if (table || table.error().code != Code::needs_conversion) return table;
  }
  if (!current) return current.error();
  if (const auto good = convert_beside(sidecar, *source, name, options.threads); !good) return good.error();
  const Result<NativeFile> converted = open_native(sidecar, options);
  if (!converted) return converted.error();
  return converted->table({});
}

}  // namespace rowan::detail
