// PyTorch's checkpoints since 1.6: archives of a pickle and of the storages that it refers to.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "engine/formats/found.hpp"
#include "engine/formats/zip.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// The tensors of an archive that is a checkpoint: one member of it is its pickle, NAME/data.pkl.
Result<FoundFile> read_torch_zip(std::span<const std::byte> file, const ZipArchive& archive, const std::string& path);

}  // namespace rowan::detail
