// Text and word2vec binary files: converted, and what comes of it read back.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "engine/convert/convert.hpp"
#include "rowan/file.hpp"
#include "rowan/table.hpp"
#include "tests/fuzz/memory_file.hpp"

using namespace rowan;

namespace {

std::string target(const char* name) {
  return (std::filesystem::temp_directory_path() / ("rowan-fuzz-" + std::to_string(::getpid()) + name)).string();
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

/// The first byte says how: which format, and with keys or without. Read in pieces so small that rows straddle their
/// borders and on two threads, a file must become what it becomes in one piece.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string whole_target = target("-whole");
  static const std::string pieces_target = target("-pieces");
  if (size == 0) return 0;
  const unsigned how = data[0];
  const fuzz::MemoryFile file(data + 1, size - 1);
  ConvertOptions options{.keys = (how & 8) != 0 ? KeyKind::none : KeyKind::bytes, .overwrite = true};
  if ((how & 3) != 3) options.from = static_cast<SourceFormat>(how & 3);
  const detail::BatchSizes pieces{.batch = 64, .head = 256, .row = 1 << 16, .chunk = 16};
  const detail::BatchSizes whole{.batch = 1 << 20, .head = 256, .row = 1 << 16, .chunk = 1 << 16};
  const auto report = detail::convert_in_batches(file.path(), whole_target, options, whole);
  if ((how & 4) != 0) options.threads = Threads::own(2);
  const auto again = detail::convert_in_batches(file.path(), pieces_target, options, pieces);
  if (report.ok() != again.ok()) std::abort();
  if (!report) {
    if (report.error().message != again.error().message) std::abort();
    return 0;
  }
  if (content(whole_target) != content(pieces_target)) std::abort();
  const auto table = Table::open(whole_target);
  if (!table || table->rows() != report->rows || !verify(whole_target).ok()) std::abort();
  for (std::uint64_t row = 0; row < table->vocabulary().size(); ++row) {
    if (table->vocabulary().find(*table->vocabulary().key(row)) != static_cast<std::int64_t>(row)) std::abort();
  }
  std::filesystem::remove(whole_target);
  std::filesystem::remove(pieces_target);
  return 0;
}
