// What a zip archive is an archive of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/formats/zip.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

enum class ArchiveKind : std::uint8_t {
  nothing,     ///< no file is in it
  arrays,      ///< NumPy's .npz
  checkpoint,  ///< PyTorch's
  texts,       ///< or whatever else
};

/// Whether a member is the pickle of a checkpoint, and whether it is an array, by its name.
bool is_pickle(const ZipMember& member) noexcept;
bool is_array(const ZipMember& member) noexcept;

/// By the names of its members.
ArchiveKind kind_of(const ZipArchive& archive) noexcept;

/// The member of an archive of texts that a table is read from: the one of that name or, without one, the only file in
/// it.
Result<ZipMember> text_member(const ZipArchive& archive, std::string_view name, const std::string& path);

}  // namespace rowan::detail
