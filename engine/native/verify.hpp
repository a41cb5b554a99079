// Comparing checksums with blocks, and keys with their index.
#pragma once

#include <cstdint>

#include "engine/native/native_file.hpp"
#include "engine/parallel.hpp"
#include "rowan/file.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Compares the checksums of the blocks that hold bytes [begin, end) of the data; the Error names the first that fails.
Result<void> check_blocks(const NativeFile& file, std::uint64_t begin, std::uint64_t end, const Parallel& parallel);

/// Compares all of them, and checks every key.
Result<VerifyReport> verify_file(const NativeFile& file, const Parallel& parallel);

}  // namespace rowan::detail
