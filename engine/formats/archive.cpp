#include "engine/formats/archive.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

bool is_file(const ZipMember& member) noexcept {
  return !member.name.ends_with('/') && !member.name.starts_with("__MACOSX/");
}

}  // namespace

bool is_pickle(const ZipMember& member) noexcept { return member.name.ends_with("/data.pkl"); }
bool is_array(const ZipMember& member) noexcept { return member.name.ends_with(".npy"); }

ArchiveKind kind_of(const ZipArchive& archive) noexcept {
  const auto has = [&](bool (*is)(const ZipMember&) noexcept) {
    return std::any_of(archive.members().begin(), archive.members().end(), is);
  };
  if (has(is_pickle)) return ArchiveKind::checkpoint;
  if (has(is_array)) return ArchiveKind::arrays;
  return has(is_file) ? ArchiveKind::texts : ArchiveKind::nothing;
}

Result<ZipMember> text_member(const ZipArchive& archive, std::string_view name, const std::string& path) {
  std::vector<ZipMember> files;
  std::copy_if(archive.members().begin(), archive.members().end(), std::back_inserter(files), is_file);
  if (name.empty() && files.size() == 1) return files.front();
  constexpr std::size_t listed = 20;
  std::string names;
  for (const ZipMember& member : files) {
    if (!name.empty() && member.name == name) return member;
  }
  for (std::size_t i = 0; i < std::min(listed, files.size()); ++i) {
    names += concat(i == 0 ? "" : ", ", in_quotes(files[i].name));
  }
  if (files.size() > listed) names += concat(" and ", files.size() - listed, " more");
  if (!name.empty()) return make_error(Code::not_found, path, " has no file ", in_quotes(name), "; it has ", names);
  return make_error(Code::invalid_argument, path, " holds ", files.size(),
                    " files; name one of them as the table (--table): ", names);
}

}  // namespace rowan::detail
