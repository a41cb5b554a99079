// Text and word2vec binary files: converted, and what comes of it read back.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "engine/import/convert.hpp"
#include "rowan/file.hpp"
#include "rowan/table.hpp"
#include "tests/fuzz/memory_file.hpp"

using namespace rowan;

namespace {

const std::string& target() {
  static const std::string path =
      (std::filesystem::temp_directory_path() / ("rowan-fuzz-" + std::to_string(::getpid()))).string();
  return path;
}

}  // namespace

/// The first byte says how: which format, how small the pieces are that the text is read in.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned how = data[0];
  const fuzz::MemoryFile file(data + 1, size - 1);
  ConvertOptions options{.keys = (how & 8) != 0 ? KeyKind::none : KeyKind::bytes, .overwrite = true};
  if ((how & 3) != 3) options.from = static_cast<SourceFormat>(how & 3);
  const detail::BatchSizes small{.batch = 64, .head = 256, .row = 1 << 16, .chunk = 16};
  const auto report =
      detail::convert_in_batches(file.path(), target(), options, (how & 4) != 0 ? small : detail::BatchSizes{});
  if (!report) return 0;
  const auto table = Table::open(target());
  if (!table || table->rows() != report->rows || !verify(target()).ok()) std::abort();
  for (std::uint64_t row = 0; row < table->vocabulary().size(); ++row) {
    if (table->vocabulary().find(*table->vocabulary().key(row)) != static_cast<std::int64_t>(row)) std::abort();
  }
  std::filesystem::remove(target());
  return 0;
}
