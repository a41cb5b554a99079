// Content of a zip archive's members.
#include <algorithm>
#include <utility>

#include "engine/formats/zip.hpp"
#include "engine/support/error.hpp"
#include "engine/support/inflater.hpp"

namespace rowan::detail {
namespace {

ZipContent owned(std::vector<std::byte> inflated) {
  ZipContent content;
  content.inflated = std::move(inflated);
  content.bytes = content.inflated;
  return content;
}

std::string subject_of(const ZipMember& member, const std::string& path) {
  return concat(path, ": member ", in_quotes(member.name));
}

}  // namespace

Result<std::vector<std::byte>> inflate_start(std::span<const std::byte> file, const Deflated& run, std::uint64_t count,
                                             const std::string& subject) {
  if (run.inflated / deflate_ratio > run.bytes) {
    return make_error(Code::malformed_file, subject, " claims to become ", run.inflated, " bytes, and its ", run.bytes,
                      " cannot hold so many");
  }
  count = std::min(count, run.inflated);
  std::vector<std::byte> content(count);
  InflatedRun inflated(file.subspan(run.offset, run.bytes), concat(subject, ": the deflated data"));
  const auto filled = inflated.read(content);
  if (!filled) return filled.error();
  if (*filled < count) {
    return make_error(Code::malformed_file, subject, " becomes ", *filled, " bytes, fewer than the ", run.inflated,
                      " that it claims");
  }
  if (count < run.inflated) return content;

  std::byte beyond = {};
  const auto more = inflated.read({&beyond, 1});
  if (!more) return more.error();
  if (*more > 0) {
    return make_error(Code::malformed_file, subject, " becomes more than the ", run.inflated, " bytes that it claims");
  }
  if (inflated.left() > 0) {
    return make_error(Code::malformed_file, subject, ": its deflated data ends ", inflated.left(),
                      " bytes before its end");
  }
  return content;
}

Result<ZipContent> start_of_member(std::span<const std::byte> file, const ZipMember& member, std::uint64_t count,
                                   const std::string& path) {
  if (!member.deflated) return ZipContent{file.subspan(member.offset, std::min(count, member.bytes)), {}};
  auto inflated = inflate_start(file, {member.offset, member.bytes, member.inflated}, count, subject_of(member, path));
  if (!inflated) return inflated.error();
  return owned(*std::move(inflated));
}

Result<ZipContent> whole_member(std::span<const std::byte> file, const ZipMember& member, std::uint64_t most,
                                const std::string& path) {
  if (member.inflated > most) {
    return make_error(Code::format_unsupported, subject_of(member, path), " has ", member.inflated, " bytes; at most ",
                      most, " are read");
  }
  auto content = start_of_member(file, member, member.inflated, path);
  if (!content || !member.deflated) return content;
  if (crc32_of(content->bytes) != member.crc32) {
    return make_error(Code::malformed_file, subject_of(member, path),
                      " has another CRC-32 than it claims: it is damaged");
  }
  return content;
}

}  // namespace rowan::detail
