#include "engine/table/key_batch.hpp"

#include "engine/support/error.hpp"

namespace rowan::detail {

Result<void> KeyBatch::read(const Table& table, std::uint64_t begin, std::uint64_t end) {
  const Vocabulary& vocabulary = table.vocabulary();
  keys.clear();
  ids.clear();
  if (vocabulary.kind() != KeyKind::none && vocabulary.size() != table.rows()) {
    return make_error(Code::invalid_argument, "table '", table.name(), "' has ", table.rows(), " rows and ",
                      vocabulary.size(), " keys; one with keys is saved where every row has one");
  }
  for (std::uint64_t row = begin; row < end && vocabulary.kind() == KeyKind::bytes; ++row) {
    const auto key = vocabulary.key(row);
    if (!key) {
      return make_error(Code::malformed_file, "row ", row, " of table '", table.name(),
                        "' has no readable key: its file is damaged");
    }
    keys.push_back(*key);
  }
  for (std::uint64_t row = begin; row < end && vocabulary.kind() == KeyKind::u64; ++row) {
    ids.push_back(*vocabulary.id(row));
  }
  return {};
}

}  // namespace rowan::detail
