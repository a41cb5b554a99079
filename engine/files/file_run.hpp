// A part of a file that is a whole of its own, as the members of archives are.
#pragma once

#include <cstdint>
#include <string_view>

namespace rowan::detail {

struct FileRun {
  std::string_view name;       ///< bytes of the file
  std::uint64_t offset = 0;    ///< of its data in the file
  std::uint64_t bytes = 0;     ///< of its data in the file
  std::uint64_t inflated = 0;  ///< bytes of its content: as many as `bytes` where it is stored
  bool deflated = false;       ///< else stored
  std::uint32_t crc32 = 0;     ///< of its content
};

}  // namespace rowan::detail
