// Zip archives: what their directory says of their members, held against the members' own headers, and the members'
// content.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/files/file_run.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

using ZipMember = FileRun;

/// A whole archive, whose members lie in the file, apart from each other and from the directory, and have different
/// names. Refers to the file's bytes.
class ZipArchive {
 public:
  /// Code::malformed_file where directory, headers and file contradict each other; Code::format_unsupported for
  /// archives of several files, and for members that are encrypted or compressed by anything but deflate.
  static Result<ZipArchive> read(std::span<const std::byte> file, const std::string& path);

  /// In the order of the directory.
  const std::vector<ZipMember>& members() const noexcept { return members_; }
  /// The member of that name, or null.
  const ZipMember* find(std::string_view name) const noexcept;

 private:
  Result<void> index(std::uint64_t directory, const std::string& path);

  std::vector<ZipMember> members_;
  std::vector<std::uint64_t> headers_;  // where the members' own headers begin
  std::vector<std::uint64_t> by_name_;  // places in members_
};

/// Content of a member: a part of the file, or `inflated`, which it then owns.
struct ZipContent {
  std::span<const std::byte> bytes;
  std::vector<std::byte> inflated;
};

/// All of a member's content. One of more than `most` bytes is refused (Code::format_unsupported), and one that is
/// deflated and becomes other than its size and CRC-32 say (Code::malformed_file).
Result<ZipContent> whole_member(std::span<const std::byte> file, const ZipMember& member, std::uint64_t most,
                                const std::string& path);

/// The first `count` bytes of a member's content, or all that it has. Allocates those bytes alone, and none for a claim
/// that no data of its length can keep (Code::malformed_file).
Result<ZipContent> start_of_member(std::span<const std::byte> file, const ZipMember& member, std::uint64_t count,
                                   const std::string& path);

}  // namespace rowan::detail
