// Comparing every checksum of a file, and every key with its index.
#include "engine/native/verify.hpp"

#include <algorithm>
#include <array>
#include <atomic>

#include "engine/files/checksum.hpp"
#include "engine/native/format.hpp"
#include "engine/support/bytes.hpp"
#include "engine/support/error.hpp"
#include "engine/support/memory_advice.hpp"

namespace rowan::detail {
namespace {

constexpr std::uint64_t none = UINT64_MAX;

/// The lowest number that any tile reports.
class Lowest {
 public:
  void report(std::uint64_t number) noexcept {
    std::uint64_t before = lowest_.load(std::memory_order_relaxed);
    while (number < before && !lowest_.compare_exchange_weak(before, number, std::memory_order_relaxed)) {
    }
  }
  std::uint64_t get() const noexcept { return lowest_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> lowest_ = none;
};

/// Names of the tensors that lie in [begin, end) of the data.
std::string tensors_in(const Header& header, std::uint64_t begin, std::uint64_t end) {
  std::string names;
  for (const Tensor& tensor : header.tensors()) {
    if (tensor.begin < end && tensor.end > begin) names += concat(names.empty() ? "" : ", ", tensor.name);
  }
  return names;
}

/// Rows whose keys one tile checks, a batch at a time.
constexpr std::uint64_t tile_rows = 8192;
constexpr std::uint64_t keys_at_a_time = 256;

/// The first row in [begin, end) whose key is unreadable, or is not found, or is found in a later row. Counts the rows
/// whose key is found in an earlier one.
template <class Key>
std::uint64_t first_bad_key(const Vocabulary& vocabulary, std::uint64_t begin, std::uint64_t end,
                            std::optional<Key> (Vocabulary::*key_of)(std::uint64_t) const noexcept,
                            std::atomic<std::uint64_t>& duplicates) noexcept {
  std::array<Key, keys_at_a_time> keys;
  std::array<std::int64_t, keys_at_a_time> found;
  for (; begin < end; begin += keys_at_a_time) {
    const std::uint64_t count = std::min(keys_at_a_time, end - begin);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::optional<Key> key = (vocabulary.*key_of)(begin + i);
      if (!key) return begin + i;
      keys[i] = *key;
    }
    const Status status = vocabulary.find(std::span<const Key>(keys).first(count), std::span(found).first(count));
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto row = static_cast<std::int64_t>(begin + i);
      if (!status.ok() || found[i] < 0 || found[i] > row) return begin + i;
      if (found[i] < row) duplicates.fetch_add(1, std::memory_order_relaxed);
    }
  }
  return none;
}

Error bad_key(const NativeFile& file, const Table& table, std::uint64_t row) {
  const Vocabulary& vocabulary = table.vocabulary();
  const std::string where = concat(file.path(), ": row ", row, " of table '", table.name(), "' ");
  const auto key = vocabulary.key(row);
  const auto id = vocabulary.id(row);
  if (!key && !id) return make_error(Code::malformed_file, where, "has a key that does not lie in the keys' bytes");
  const std::int64_t found = key ? vocabulary.find(*key) : vocabulary.find(*id);
  if (found < 0) return make_error(Code::malformed_file, where, "has a key that the index does not find");
  return make_error(Code::malformed_file, where, "has a key that the index finds in row ", found);
}

/// Slots of the index that are not empty.
std::uint64_t used_slots(const NativeFile& file, const Table& table) {
  const Tensor* index = file.header().find(concat(table.name(), native::key_index_suffix));
  const std::span<const std::byte> slots = file.data().subspan(index->begin, index->bytes());
  std::uint64_t used = 0;
  for (std::size_t at = 0; at < slots.size(); at += 8) used += load_u64(slots.data() + at) != 0 ? 1 : 0;
  return used;
}

Result<void> check_keys(const NativeFile& file, const Table& table, const Parallel& parallel) {
  const Vocabulary& vocabulary = table.vocabulary();
  const std::uint64_t rows = vocabulary.size();
  if (vocabulary.kind() == KeyKind::none) return {};
  Lowest failed;
  std::atomic<std::uint64_t> duplicates = 0;
  const Status status = parallel.for_each((rows + tile_rows - 1) / tile_rows, [&](std::size_t tile) noexcept {
    const std::uint64_t begin = tile * tile_rows;
    const std::uint64_t end = std::min(begin + tile_rows, rows);
    const std::uint64_t bad = vocabulary.kind() == KeyKind::bytes
                                  ? first_bad_key(vocabulary, begin, end, &Vocabulary::key, duplicates)
                                  : first_bad_key(vocabulary, begin, end, &Vocabulary::id, duplicates);
    failed.report(bad);
  });
  if (!status.ok()) return Error{status.code, status.message()};
  if (failed.get() != none) return bad_key(file, table, failed.get());
  // Slots beyond those of the keys would make every search long.
  const std::uint64_t keys = rows - duplicates;
  if (const std::uint64_t used = used_slots(file, table); used != keys) {
    return make_error(Code::malformed_file, file.path(), ": the index of table '", table.name(), "' has ", used,
                      " entries for ", counted(keys, "key"));
  }
  return {};
}

}  // namespace

Result<void> check_blocks(const NativeFile& file, std::uint64_t begin, std::uint64_t end, const Parallel& parallel) {
  if (begin == end) return {};
  const std::uint64_t size = file.checksum_begin();
  const std::uint64_t first = begin / checksum_block;
  const auto block = [&](std::uint64_t i) {
    return file.data().subspan(i * checksum_block, std::min(checksum_block, size - i * checksum_block));
  };
  Lowest failed;
  const Status status = parallel.for_each((end - 1) / checksum_block + 1 - first, [&](std::size_t tile) noexcept {
    const std::uint64_t i = first + tile;
    const std::uint64_t expected = load_u64(file.checksums().data() + 8 * (i + 1));
    advise_needed(block(i));
    if (hash_bytes(block(i)) != expected) failed.report(i);
  });
  if (!status.ok()) return Error{status.code, status.message()};
  if (failed.get() == none) return {};
  const std::uint64_t from = failed.get() * checksum_block;
  const std::uint64_t to = from + block(failed.get()).size();
  const std::uint64_t data_begin = file.header().data_begin();
  return make_error(Code::checksum_mismatch, file.path(), ": block ", failed.get(), " of the data, bytes ",
                    data_begin + from, " to ", data_begin + to - 1,
                    " of the file, does not match its checksum; in it lie ", tensors_in(file.header(), from, to));
}

Result<VerifyReport> verify_file(const NativeFile& file, const Parallel& parallel) {
  const std::uint64_t size = file.checksum_begin();
  if (const auto good = check_blocks(file, 0, size, parallel); !good) return good.error();
  for (const Table& table : file.tables()) {
    if (const auto good = check_keys(file, table, parallel); !good) return good.error();
  }
  return VerifyReport{.bytes = file.header().data_begin() + size, .blocks = file.checksums().size() / 8};
}

}  // namespace rowan::detail
