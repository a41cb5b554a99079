// A native file: opened, asked and verified. Checksums of headers are made to fit, or nothing would be reached behind
// them.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "engine/files/checksum.hpp"
#include "engine/files/safetensors_header.hpp"
#include "rowan/engine.hpp"
#include "rowan/file.hpp"
#include "rowan/table.hpp"
#include "tests/fuzz/memory_file.hpp"

using namespace rowan;

namespace {

/// Writes what the header's checksum would have to be where it stands: at the begin of the last tensor.
void mend_checksum(std::vector<std::uint8_t>& bytes) {
  const auto file = std::as_bytes(std::span(bytes));
  const auto header = detail::Header::parse(file, "FILE");
  if (!header || header->tensors().empty()) return;
  const std::uint64_t at = header->data_begin() + header->tensors().back().begin;
  if (header->tensors().back().bytes() < 8) return;
  const std::uint64_t sum = detail::hash_bytes(file.first(header->data_begin()));
  std::memcpy(bytes.data() + at, &sum, sizeof sum);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> bytes(data, data + size);
  mend_checksum(bytes);
  const fuzz::MemoryFile file(bytes.data(), bytes.size());
  static_cast<void>(inspect(file.path()));
  static_cast<void>(verify(file.path()));
  const auto tables = Table::open_all(file.path());
  if (!tables) return 0;
  const Engine engine;
  for (const Table& table : *tables) {
    static_cast<void>(table.vocabulary().find("king"));
    static_cast<void>(table.vocabulary().find(std::uint64_t{7}));
    for (std::uint64_t row = 0; row < std::min<std::uint64_t>(table.vocabulary().size(), 64); ++row) {
      if (const auto key = table.vocabulary().key(row)) static_cast<void>(table.vocabulary().find(*key));
    }
    if (table.rows() == 0 || table.dim() > 65536) continue;
    const std::vector<std::uint64_t> rows = {0, table.rows() - 1};
    std::vector<float> out(2 * table.dim());
    if (!engine.embedding(table, rows, out).ok()) std::abort();
  }
  return 0;
}
