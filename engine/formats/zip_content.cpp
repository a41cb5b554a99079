// Content of a zip archive's members.
#include <algorithm>
#include <utility>

#include "engine/formats/zip.hpp"
#include "engine/support/error.hpp"
#include "engine/support/inflater.hpp"

namespace rowan::detail {
Result<ZipContent> start_of_member(std::span<const std::byte> file, const ZipMember& member, std::uint64_t count,
                                   const std::string& path) {
  if (!member.deflated) return ZipContent{file.subspan(member.offset, std::min(count, member.bytes)), {}};
  std::string subject = concat(path, ": member ", in_quotes(member.name));
  if (member.inflated > most_inflated(member.bytes)) {
    return make_error(Code::malformed_file, subject, " claims to become ", member.inflated, " bytes, and its ",
                      member.bytes, " cannot hold so many");
  }
  ZipContent content;
  content.inflated.resize(std::min(count, member.inflated));
  InflatedRun run(file.subspan(member.offset, member.bytes), {member.inflated, member.crc32}, std::move(subject));
  if (const auto filled = run.read(content.inflated); !filled) return filled.error();
  content.bytes = content.inflated;
  return content;
}

Result<ZipContent> whole_member(std::span<const std::byte> file, const ZipMember& member, std::uint64_t most,
                                const std::string& path) {
  if (member.inflated > most) {
    return make_error(Code::format_unsupported, path, ": member ", in_quotes(member.name), " has ", member.inflated,
                      " bytes; at most ", most, " are read");
  }
  return start_of_member(file, member, member.inflated, path);
}

}  // namespace rowan::detail
