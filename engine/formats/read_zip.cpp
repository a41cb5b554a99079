// Which of the formats that are zip archives a file is.
#include "engine/formats/archive.hpp"
#include "engine/formats/npz.hpp"
#include "engine/formats/refusals.hpp"
#include "engine/formats/registry.hpp"
#include "engine/formats/torch_zip.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {

namespace {

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

bool probe_zip(std::string_view start) { return start.starts_with("PK\x03\x04") || start.starts_with("PK\x05\x06"); }

Result<std::optional<FileRun>> text_in_zip(std::span<const std::byte> file, std::string_view name,
                                           const std::string& path) {
  const auto archive = ZipArchive::read(file, path);
  if (!archive) return archive.error();
  if (kind_of(*archive) != ArchiveKind::texts) return std::optional<FileRun>();
  const auto member = text_member(*archive, name, path);
  if (!member) return member.error();
  return std::optional<FileRun>(*member);
}

}  // namespace

constinit const Format zip_format = {.id = SourceFormat::zip,
                                     .spelling = "zip",
                                     .noun = "a zip archive, as PyTorch checkpoints and .npz files are",
                                     .family = "",
                                     .endings = {".npz"},
                                     .probe = probe_zip,
                                     .read = read_zip,
                                     .streamed_run = text_in_zip};

}  // namespace rowan::detail
