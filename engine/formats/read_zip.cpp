// Which of the formats that are zip archives a file is.
#include "engine/formats/npz.hpp"
#include "engine/formats/readers.hpp"
#include "engine/formats/torch_zip.hpp"
#include "engine/formats/zip.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {

Result<FoundFile> read_zip(std::span<const std::byte> file, const std::string& path) {
  const auto archive = ZipArchive::read(file, path);
  if (!archive) return archive.error();
  const ZipMember* pickle = nullptr;
  bool arrays = false;
  for (const ZipMember& member : archive->members()) {
    arrays = arrays || member.name.ends_with(".npy");
    if (!member.name.ends_with("/data.pkl")) continue;
    if (pickle != nullptr) {
      return make_error(Code::malformed_file, path, " is a zip archive with two pickles of a PyTorch checkpoint, ",
                        in_quotes(pickle->name), " and ", in_quotes(member.name));
    }
    pickle = &member;
  }
  if (pickle != nullptr) return read_torch_zip(file, *archive, *pickle, path);
  if (arrays) return read_npz(file, *archive, path);
  return make_error(Code::format_unsupported, path,
                    " is a zip archive with neither .npy arrays nor the data.pkl of a PyTorch checkpoint");
}

}  // namespace rowan::detail
