// Which of the formats that are zip archives a file is.
#include "engine/formats/archive.hpp"
#include "engine/formats/npz.hpp"
#include "engine/formats/readers.hpp"
#include "engine/formats/torch_zip.hpp"
#include "engine/support/error.hpp"
#include "engine/table/foreign.hpp"

namespace rowan::detail {

Result<FoundFile> read_zip(std::span<const std::byte> file, const std::string& path) {
  const auto archive = ZipArchive::read(file, path);
  if (!archive) return archive.error();
  switch (kind_of(*archive)) {
    case ArchiveKind::checkpoint:
      return read_torch_zip(file, *archive, path);
    case ArchiveKind::arrays:
      return read_npz(file, *archive, path);
    case ArchiveKind::texts:
      return needs_conversion_error(path,
                                    "a zip archive of neither .npy arrays nor a PyTorch checkpoint, and a text in "
                                    "it cannot be mapped in place");
    case ArchiveKind::nothing:
      break;
  }
  return make_error(Code::format_unsupported, path, " is a zip archive with nothing in it");
}

}  // namespace rowan::detail
