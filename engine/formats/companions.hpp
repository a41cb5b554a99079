// Tensors that say what the codes of another one are multiplied with.
#pragma once

#include <cstddef>
#include <span>

#include "engine/formats/found.hpp"

namespace rowan::detail {

/// Gives each tensor of codes its FoundTensor::scaling where tensors beside it, by their names, have its scales in a
/// layout that is known, and FoundTensor::unread_scales where in another. Codes are of f8, i8, u8, i32 or u32. The
/// layouts: of F8_E4M3, one number for all, or an E8M0 exponent for each 32 columns of a row; of U32, MLX's packed
/// codes with a scale and a bias for each group of columns. Reads one number of `file` at most for each.
void find_companions(FoundFile& found, std::span<const std::byte> file);

/// Scales a row of codes as its tensor has it.
void scale_row(std::span<const std::byte> file, const Scaling& scaling, std::uint64_t row,
               std::span<float> values) noexcept;

}  // namespace rowan::detail
