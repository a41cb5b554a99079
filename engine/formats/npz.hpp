// Archives of NumPy arrays.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "engine/formats/found.hpp"
#include "engine/formats/zip.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// The arrays of an .npz by the names of their members, without .npy. Members that are no arrays, or arrays of types
/// that are not read, become notes, unless there is no other.
Result<FoundFile> read_npz(std::span<const std::byte> file, const ZipArchive& archive, const std::string& path);

}  // namespace rowan::detail
