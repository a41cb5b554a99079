// Rows of product-quantised matrices, as fastText and finalfusion store them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "engine/formats/found.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// Holds a tensor of Encoding::product against the file: its shape against its parts, every run that it names against
/// the file's end, and every code against the centroids where there may be fewer than 256. `path` is for messages.
Result<void> check_product(std::span<const std::byte> file, const FoundTensor& tensor, const std::string& path);

/// Writes the columns of a row to `out`. `tensor` has passed check_product() over the same file, and row < rows.
///
/// A column is norm * centroid, one rounding, where the norm is 1 without norms: what fastText adds up. With a
/// projection, column c is the dot product of the row of centroids and row c of the matrix, summed in f32 in 16 lanes,
/// and the norm scales that. Allocates a row where there is a projection, and nothing otherwise.
void decode_product_row(std::span<const std::byte> file, const FoundTensor& tensor, std::uint64_t row, float* out);

}  // namespace rowan::detail
