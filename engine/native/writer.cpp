// TableWriter: rows go to the file as they come, keys to scratch files, and publish() puts everything together.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "engine/files/block_stream.hpp"
#include "engine/files/checksum.hpp"
#include "engine/files/publish.hpp"
#include "engine/native/file_layout.hpp"
#include "engine/native/format.hpp"
#include "engine/native/key_spool.hpp"
#include "engine/support/bytes.hpp"
#include "engine/support/checked.hpp"
#include "engine/support/element.hpp"
#include "engine/support/error.hpp"
#include "engine/support/floating_point.hpp"
#include "engine/support/quantized.hpp"
#include "engine/table/row_stride.hpp"
#include "rowan/file.hpp"
#include "simd/scalar.hpp"

namespace rowan {

using detail::AtomicFile;
using detail::BlockStream;
using detail::concat;
using detail::Extras;
using detail::FileLayout;
using detail::KeySpool;
using detail::make_error;

namespace {

struct WrittenTable {
  TableLayout layout;
  std::uint64_t stride = 0;
  std::uint64_t rows = 0;   ///< appended
  std::uint64_t begin = 0;  ///< of its rows, in the data
  std::optional<KeySpool> keys = {};

  std::uint64_t kept() const noexcept { return keys ? keys->rows() : rows; }
};

}  // namespace

struct TableWriter::State {
  State(AtomicFile target, const std::vector<TableLayout>& layouts, const Extras& others)
      : file(std::move(target)),
        header_bytes(detail::header_reserve(layouts, others)),
        layout(layouts, others),
        extras(others),
        stream(file.file(), file.path(), header_bytes) {
    for (const TableLayout& table : layouts) {
      tables.push_back({.layout = table, .stride = *detail::row_stride(table.dim, table.dtype, table.pad_rows)});
    }
  }

  /// Runs a step; its failure, or that of an earlier one, is the writer's for good.
  template <class Step>
  Result<void> attempt(const Step& step) {
    if (failure) return *failure;
    Result<void> done = detail::guarded([&]() -> Result<void> { return step(); });
    if (!done) failure = done.error();
    return done;
  }

  Result<void> start_table(std::size_t number);
  Result<void> finish_table();
  Result<void> check_append(std::size_t number, std::uint64_t units, std::uint64_t unit, KeyKind kind,
                            std::size_t keys) const;
  Result<void> append_keys(WrittenTable& table, std::span<const std::string_view> keys,
                           std::span<const std::uint64_t> ids);
  Result<void> append_values(const WrittenTable& table, std::span<const float> values);
  Result<void> append_quantized(const WrittenTable& table, std::span<const float> values);
  Result<void> append(std::size_t number, std::span<const float> values, KeyKind kind,
                      std::span<const std::string_view> keys, std::span<const std::uint64_t> ids);
  Result<void> append_encoded(std::size_t number, std::span<const std::byte> rows,
                              std::span<const std::string_view> keys, std::span<const std::uint64_t> ids);

  Result<void> align();
  Result<void> compact();
  Result<void> copy_kept_rows(const WrittenTable& table, std::uint64_t row);
  Result<void> copy_bytes(std::uint64_t from, std::uint64_t count);
  Result<void> write_tensor(const Extras::Content& tensor);
  Result<void> write_keys(const WrittenTable& table);
  Result<void> write_checksums_and_header();
  Result<void> publish();

  AtomicFile file;
  std::uint64_t header_bytes;
  FileLayout layout;
  Extras extras;
  BlockStream stream;
  std::vector<WrittenTable> tables;
  std::size_t started = 0;  ///< tables that rows may have been appended to: the last of them is open
  WriteReport report;
  std::optional<Error> failure;
};

// Appending rows.

Result<void> TableWriter::State::align() {
  const std::uint64_t position = stream.position();
  return stream.append_zeros(*detail::checked_round_up(position, native::tensor_alignment) - position);
}

Result<void> TableWriter::State::finish_table() {
  if (started == 0) return {};
  WrittenTable& table = tables[started - 1];
  return table.keys ? table.keys->build(file, report) : Result<void>();
}

Result<void> TableWriter::State::start_table(std::size_t number) {
  while (started <= number) {
    if (const auto good = finish_table(); !good) return good;
    if (const auto good = align(); !good) return good;
    WrittenTable& table = tables[started];
    table.begin = stream.position();
    if (table.layout.keys != KeyKind::none) {
      Result<KeySpool> keys = KeySpool::create(file, table.layout.keys, table.layout.keep_duplicates);
      if (!keys) return keys.error();
      table.keys.emplace(*std::move(keys));
    }
    ++started;
  }
  return {};
}

Result<void> TableWriter::State::check_append(std::size_t number, std::uint64_t units, std::uint64_t unit, KeyKind kind,
                                              std::size_t keys) const {
  if (number >= tables.size()) {
    return make_error(Code::invalid_argument, "there is no table number ", number, "; the file has ", tables.size());
  }
  const std::string& name = tables[number].layout.name;
  if (number + 1 < started) {
    return make_error(Code::invalid_argument, "table '", name,
                      "' was left for a later one; tables are filled in order");
  }
  if (units % unit != 0) {
    return make_error(Code::invalid_argument, "what was appended to table '", name, "' has size ", units,
                      ", which is not a number of whole rows of ", unit);
  }
  constexpr std::array kinds = {"no keys", "byte strings as keys", "ids as keys"};
  const KeyKind expected = tables[number].layout.keys;
  if (kind != expected) {
    return make_error(Code::invalid_argument, "table '", name, "' takes ", kinds[static_cast<std::size_t>(expected)],
                      " and was given ", kinds[static_cast<std::size_t>(kind)]);
  }
  if (kind != KeyKind::none && keys != units / unit) {
    return make_error(Code::invalid_argument, "table '", name, "' was given ", units / unit, " rows and ", keys,
                      " keys; each row has one");
  }
  return {};
}

Result<void> TableWriter::State::append_keys(WrittenTable& table, std::span<const std::string_view> keys,
                                             std::span<const std::uint64_t> ids) {
  if (table.layout.keys == KeyKind::bytes) return table.keys->append(keys);
  if (table.layout.keys == KeyKind::u64) return table.keys->append(ids);
  return {};
}

Result<void> TableWriter::State::append_values(const WrittenTable& table, std::span<const float> values) {
  const DType dtype = table.layout.dtype;
  const std::uint64_t element_bytes = detail::column_bytes(dtype);
  const std::uint64_t padding = table.stride - table.layout.dim * element_bytes;
  if (dtype == DType::f32 && padding == 0) return stream.append(std::as_bytes(values));
  std::array<std::byte, 16384> encoded;
  while (!values.empty()) {
    // Up to the end of a row where padding follows; else rows are one run of elements.
    auto run = values.first(padding > 0 ? table.layout.dim : values.size());
    values = values.subspan(run.size());
    while (!run.empty()) {
      const std::size_t count = std::min(run.size(), encoded.size() / element_bytes);
      simd::encode(detail::element_of(dtype), run.data(), count, encoded.data());
      const auto bytes = std::span<const std::byte>(encoded).first(count * element_bytes);
      if (const auto good = stream.append(bytes); !good) return good;
      run = run.subspan(count);
    }
    if (const auto good = stream.append_zeros(padding); !good) return good;
  }
  return {};
}

Result<void> TableWriter::State::append_quantized(const WrittenTable& table, std::span<const float> values) {
  const detail::FloatingPointMode mode(detail::default_floating_point);  // whatever the caller's is
  const std::uint64_t dim = table.layout.dim;
  const DType dtype = table.layout.dtype;
  std::vector<std::byte> encoded(values.empty() ? 0 : table.stride);
  for (std::uint64_t row = table.rows; !values.empty(); ++row, values = values.subspan(dim)) {
    const simd::Encoded outcome = simd::encode(detail::element_of(dtype), values.data(), dim, encoded.data());
    if (outcome != simd::Encoded::ok) {
      return make_error(Code::invalid_argument, "row ", row, " of table '", table.layout.name, "' ",
                        detail::why_not_quantized(outcome, dtype));
    }
    if (const auto good = stream.append(encoded); !good) return good;
  }
  return {};
}

Result<void> TableWriter::State::append(std::size_t number, std::span<const float> values, KeyKind kind,
                                        std::span<const std::string_view> keys, std::span<const std::uint64_t> ids) {
  const std::uint64_t dim = number < tables.size() ? tables[number].layout.dim : 1;
  if (const auto good = check_append(number, values.size(), dim, kind, keys.size() + ids.size()); !good) return good;
  if (const auto good = start_table(number); !good) return good;
  WrittenTable& table = tables[number];
  if (const auto good = append_keys(table, keys, ids); !good) return good;
  const auto good = is_quantized(table.layout.dtype) ? append_quantized(table, values) : append_values(table, values);
  table.rows += values.size() / dim;
  return good;
}

Result<void> TableWriter::State::append_encoded(std::size_t number, std::span<const std::byte> rows,
                                                std::span<const std::string_view> keys,
                                                std::span<const std::uint64_t> ids) {
  const std::uint64_t stride = number < tables.size() ? tables[number].stride : 1;
  const KeyKind absent = number < tables.size() && rows.empty() ? tables[number].layout.keys : KeyKind::none;
  const KeyKind kind = !keys.empty() ? KeyKind::bytes : !ids.empty() ? KeyKind::u64 : absent;
  if (const auto good = check_append(number, rows.size(), stride, kind, keys.size() + ids.size()); !good) return good;
  if (const auto good = start_table(number); !good) return good;
  WrittenTable& table = tables[number];
  table.rows += rows.size() / stride;
  if (const auto good = append_keys(table, keys, ids); !good) return good;
  return stream.append(rows);
}

// Publishing.

Result<void> TableWriter::State::compact() {
  const auto first = std::find_if(tables.begin(), tables.end(), [](const WrittenTable& table) {
    return table.keys && !table.keys->dropped().empty();
  });
  if (first == tables.end()) return {};
  // Rows move down only: what is read has never been overwritten.
  const std::uint64_t kept = first->keys->dropped().first();
  if (const auto good = stream.rewind(first->begin + kept * first->stride); !good) return good;
  if (const auto good = copy_kept_rows(*first, kept); !good) return good;
  for (auto table = first + 1; table != tables.end(); ++table) {
    if (const auto good = align(); !good) return good;
    const std::uint64_t begin = stream.position();
    if (const auto good = copy_kept_rows(*table, 0); !good) return good;
    table->begin = begin;
  }
  return {};
}

Result<void> TableWriter::State::copy_kept_rows(const WrittenTable& table, std::uint64_t row) {
  const auto dropped = [&](std::uint64_t r) { return table.keys && table.keys->dropped().contains(r); };
  while (row < table.rows) {
    std::uint64_t end = row;
    while (end < table.rows && !dropped(end)) ++end;
    if (const auto good = copy_bytes(table.begin + row * table.stride, (end - row) * table.stride); !good) return good;
    row = end + 1;
  }
  return {};
}

Result<void> TableWriter::State::copy_bytes(std::uint64_t from, std::uint64_t count) {
  std::array<std::byte, 65536> buffer;
  while (count > 0) {
    const auto part = std::span(buffer).first(std::min<std::uint64_t>(count, buffer.size()));
    if (const auto good = stream.read(from, part); !good) return good;
    if (const auto good = stream.append(part); !good) return good;
    from += part.size();
    count -= part.size();
  }
  return {};
}

Result<void> TableWriter::State::write_tensor(const Extras::Content& tensor) {
  if (const auto good = align(); !good) return good;
  layout.add_padding(stream.position());
  if (const auto good = stream.append(tensor.bytes); !good) return good;
  layout.add(tensor.name, tensor.dtype, tensor.shape, stream.position());
  return {};
}

Result<void> TableWriter::State::write_keys(const WrittenTable& table) {
  if (!table.keys) return {};
  const std::string& name = table.layout.name;
  const bool ids = table.layout.keys == KeyKind::u64;
  const auto write = [&](std::string_view suffix, std::string_view dtype, std::span<const std::byte> bytes) {
    return write_tensor({concat(name, suffix), dtype, {bytes.size() / (*detail::element_bits(dtype) / 8)}, bytes});
  };
  if (!ids) {
    if (const auto good = write(native::key_bytes_suffix, "U8", table.keys->text()); !good) return good;
  }
  const std::string_view words = ids ? native::key_ids_suffix : native::key_ends_suffix;
  if (const auto good = write(words, "U64", table.keys->words()); !good) return good;
  return write(native::key_index_suffix, "U64", table.keys->slots());
}

Result<void> TableWriter::State::write_checksums_and_header() {
  if (const auto good = align(); !good) return good;
  if (const auto good = stream.flush(); !good) return good;
  const std::uint64_t begin = stream.position();
  layout.add_padding(begin);
  std::vector<std::uint64_t> sums = stream.checksums();
  sums.insert(sums.begin(), 0);
  layout.add(std::string(native::checksum_name), "U64", {sums.size()}, begin + 8 * sums.size());

  const std::string header = layout.header(header_bytes);
  sums[0] = detail::hash_bytes(detail::as_bytes(header));
  const auto sum_bytes = std::as_bytes(std::span(sums));
  // Rows that were dropped may have left the file longer than it is to be.
  if (const auto good = detail::cut_to(file.file(), header_bytes + begin, file.path()); !good) return good;
  if (const auto good = detail::write_all(file.file(), sum_bytes, header_bytes + begin, file.path()); !good)
    return good;
  return detail::write_all(file.file(), detail::as_bytes(header), 0, file.path());
}

Result<void> TableWriter::State::publish() {
  if (const auto good = start_table(tables.size() - 1); !good) return good;
  if (const auto good = finish_table(); !good) return good;
  if (const auto good = compact(); !good) return good;
  for (const WrittenTable& table : tables) {
    layout.add_padding(table.begin);
    layout.add_weight(table.layout, table.kept(), table.begin + table.kept() * table.stride);
    report.rows += table.kept();
  }
  for (const WrittenTable& table : tables) {
    if (const auto good = write_keys(table); !good) return good;
  }
  for (const Extras::Content& tensor : extras.tensors) {
    if (const auto good = write_tensor(tensor); !good) return good;
  }
  if (const auto good = write_checksums_and_header(); !good) return good;
  return file.publish();
}

// The public face.

TableWriter::TableWriter(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
TableWriter::TableWriter(TableWriter&&) noexcept = default;
TableWriter& TableWriter::operator=(TableWriter&&) noexcept = default;
TableWriter::~TableWriter() = default;

Result<TableWriter> TableWriter::create(const std::string& path, std::vector<TableLayout> layouts,
                                        const WriteOptions& options) {
  return create(path, std::move(layouts), options, {});
}

Result<TableWriter> TableWriter::create(const std::string& path, std::vector<TableLayout> layouts,
                                        const WriteOptions& options, const Extras& extras) {
  return detail::guarded([&]() -> Result<TableWriter> {
    if (const auto good = detail::check_layouts(layouts, extras); !good) return good.error();
    Result<AtomicFile> file = AtomicFile::create(path, options.overwrite);
    if (!file) return file.error();
    return TableWriter(std::make_unique<State>(*std::move(file), layouts, extras));
  });
}

template <class Step>
Result<void> TableWriter::attempt(const Step& step) {
  if (!state_) return Error{Code::invalid_argument, "the writer was moved from"};
  return state_->attempt([&] { return step(*state_); });
}

Result<void> TableWriter::append(std::size_t table, std::span<const float> values) {
  return attempt([&](State& state) { return state.append(table, values, KeyKind::none, {}, {}); });
}

Result<void> TableWriter::append(std::size_t table, std::span<const float> values,
                                 std::span<const std::string_view> keys) {
  return attempt([&](State& state) { return state.append(table, values, KeyKind::bytes, keys, {}); });
}

Result<void> TableWriter::append(std::size_t table, std::span<const float> values, std::span<const std::uint64_t> ids) {
  return attempt([&](State& state) { return state.append(table, values, KeyKind::u64, {}, ids); });
}

Result<void> TableWriter::append_encoded(std::size_t table, std::span<const std::byte> rows,
                                         std::span<const std::string_view> keys, std::span<const std::uint64_t> ids) {
  return attempt([&](State& state) { return state.append_encoded(table, rows, keys, ids); });
}

std::uint64_t TableWriter::row_stride(std::size_t table) const noexcept {
  return state_ && table < state_->tables.size() ? state_->tables[table].stride : 0;
}

Result<WriteReport> TableWriter::publish() {
  const Result<void> done = attempt([](State& state) -> Result<void> {
    // Made before: nothing may fail once the file is there.
    Error spent = make_error(Code::invalid_argument, "the file ", state.file.path(), " was published already");
    if (const auto good = state.publish(); !good) return good;
    state.failure = std::move(spent);
    return {};
  });
  if (!done) return done.error();
  return std::move(state_->report);
}

}  // namespace rowan
