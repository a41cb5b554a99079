// Zip archives of texts, as word vectors are handed out in.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/formats/zip.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Whether an archive is neither NumPy's nor PyTorch's, and has something in it.
bool is_text_archive(const ZipArchive& archive) noexcept;

/// The member of such an archive that a table is read from: the one of that name or, without one, the only file in it.
Result<ZipMember> text_member(const ZipArchive& archive, std::string_view name, const std::string& path);

}  // namespace rowan::detail
