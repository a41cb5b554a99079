#include "engine/formats/product.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "engine/support/checked.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

constexpr std::uint64_t f32_bytes = sizeof(float);
constexpr std::uint64_t norm_centroids = 256;  // a code of 8 bits can name them all

float load_f32(const std::byte* at) noexcept {
  float value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// The parts of the sentence of a refusal, behind the path and the tensor.
template <class... Parts>
Error refused(const std::string& path, const FoundTensor& tensor, const Parts&... parts) {
  return make_error(Code::malformed_file, path, ": the product-quantised tensor '", tensor.name, "' ", parts...);
}

/// Whether rows * columns elements of `width` bytes lie in the file.
bool lies_in(std::span<const std::byte> file, std::uint64_t offset, std::uint64_t rows, std::uint64_t columns,
             std::uint64_t width) noexcept {
  const auto elements = checked_multiply(rows, columns);
  const auto bytes = elements ? checked_multiply(*elements, width) : std::nullopt;
  const auto end = bytes ? checked_add(*bytes, offset) : std::nullopt;
  return end && *end <= file.size();
}

Result<void> check_shape(const FoundTensor& tensor, const std::string& path) {
  if (tensor.encoding != Encoding::product || !tensor.product) {
    return refused(path, tensor, "has no description of its codes");
  }
  if (tensor.shape.size() != 2) return refused(path, tensor, "has ", tensor.shape.size(), " dimensions; it needs two");
  if (!tensor.strides.empty() || tensor.deflated || tensor.big_endian) {
    return refused(path, tensor, "is strided, deflated or big-endian; codes are read in place only");
  }
  const ProductQuantized& product = *tensor.product;
  const std::uint64_t dim = tensor.shape[1];
  const auto before_last = product.parts > 0 ? checked_multiply(product.parts - 1, product.part_columns) : std::nullopt;
  if (!before_last || *before_last >= dim || dim - *before_last > product.part_columns) {
    return refused(path, tensor, "has ", dim, " columns, which ", product.parts, " parts of ", product.part_columns,
                   " columns, the last one cut, do not make up");
  }
  if (product.centroids == 0 || product.centroids > 256) {
    return refused(path, tensor, "has ", product.centroids, " centroids for a part; codes of 8 bits name 1 to 256");
  }
  const bool codes = product.norm_codes_offset.has_value();
  if (codes != product.norm_centroids_offset.has_value() || (codes && product.norms_offset)) {
    return refused(path, tensor, "has norms that are neither numbers nor codes with their centroids");
  }
  return {};
}

/// The norm that scales a row.
float norm_of(std::span<const std::byte> file, const ProductQuantized& product, std::uint64_t row) noexcept {
  if (product.norms_offset) return load_f32(file.data() + *product.norms_offset + row * f32_bytes);
  if (!product.norm_codes_offset) return 1.0F;
  const auto code = std::to_integer<std::uint64_t>(file[*product.norm_codes_offset + row]);
  return load_f32(file.data() + *product.norm_centroids_offset + code * f32_bytes);
}

void scale(const std::byte* values, std::uint64_t count, float factor, float* out) noexcept {
  for (std::uint64_t i = 0; i < count; ++i) out[i] = factor * load_f32(values + i * f32_bytes);
}

/// Centroids of `parts` parts of equally many columns, which the compiler knows unless `Known` is 0.
template <std::uint64_t Known>
void scale_parts(const std::byte* codes, std::uint64_t parts, const std::byte* centroids, std::uint64_t count,
                 std::uint64_t columns, float factor, float* out) noexcept {
  const std::uint64_t width = Known > 0 ? Known : columns;
  for (std::uint64_t p = 0; p < parts; ++p) {
    // A file that changed since it was checked names no centroid that there is not.
    const std::uint64_t code = std::min(std::to_integer<std::uint64_t>(codes[p]), count - 1);
    scale(centroids + (p * count + code) * width * f32_bytes, width, factor, out + p * width);
  }
}

/// The row's centroids one behind the other, each element times `factor`.
void scaled_centroids(std::span<const std::byte> file, const FoundTensor& tensor, std::uint64_t row, float factor,
                      float* out) noexcept {
  const ProductQuantized& product = *tensor.product;
  const std::uint64_t whole = product.parts - 1;
  const std::uint64_t columns = product.part_columns;
  const std::byte* const codes = file.data() + tensor.offset + row * product.parts;
  const std::byte* const centroids = file.data() + product.centroids_offset;
  const auto scale_whole = columns == 2 ? scale_parts<2> : columns == 4 ? scale_parts<4> : scale_parts<0>;
  scale_whole(codes, whole, centroids, product.centroids, columns, factor, out);
  const std::uint64_t done = whole * columns;
  scale_parts<0>(codes + whole, 1, centroids + done * product.centroids * f32_bytes, product.centroids,
                 tensor.shape[1] - done, factor, out + done);
}

/// Sum of a[i] * b[i], with b in the file.
float dot(const float* a, const std::byte* b, std::uint64_t count) noexcept {
  constexpr std::uint64_t width = 16;
  float lanes[width] = {};
  std::uint64_t i = 0;
  for (; i + width <= count; i += width) {
    float block[width];
    std::memcpy(block, b + i * f32_bytes, sizeof block);
    for (std::uint64_t lane = 0; lane < width; ++lane) lanes[lane] += a[i + lane] * block[lane];
  }
  for (std::uint64_t lane = 0; i < count; ++i, ++lane) lanes[lane] += a[i] * load_f32(b + i * f32_bytes);
  for (std::uint64_t half = width / 2; half > 0; half /= 2) {
    for (std::uint64_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
}

}  // namespace

Result<void> check_product(std::span<const std::byte> file, const FoundTensor& tensor, const std::string& path) {
  if (const Result<void> shape = check_shape(tensor, path); !shape) return shape.error();
  const ProductQuantized& product = *tensor.product;
  const std::uint64_t rows = tensor.shape[0];
  const std::uint64_t dim = tensor.shape[1];
  const auto beyond = [&](const char* what, std::uint64_t offset) {
    return refused(path, tensor, "has ", what, " at byte ", offset, " that end beyond the ", file.size(),
                   " bytes of the file");
  };
  if (!lies_in(file, product.centroids_offset, product.centroids, dim, f32_bytes)) {
    return beyond("centroids", product.centroids_offset);
  }
  if (product.projection_offset && !lies_in(file, *product.projection_offset, dim, dim, f32_bytes)) {
    return beyond("projections", *product.projection_offset);
  }
  if (product.norms_offset && !lies_in(file, *product.norms_offset, rows, 1, f32_bytes)) {
    return beyond("norms", *product.norms_offset);
  }
  if (product.norm_codes_offset && !lies_in(file, *product.norm_codes_offset, rows, 1, 1)) {
    return beyond("codes of norms", *product.norm_codes_offset);
  }
  if (product.norm_centroids_offset && !lies_in(file, *product.norm_centroids_offset, norm_centroids, 1, f32_bytes)) {
    return beyond("centroids of norms", *product.norm_centroids_offset);
  }
  if (!lies_in(file, tensor.offset, rows, product.parts, 1)) return beyond("codes", tensor.offset);
  if (product.centroids == 256) return {};
  const auto codes = file.subspan(tensor.offset, rows * product.parts);
  const auto wrong = std::find_if(codes.begin(), codes.end(), [&](std::byte code) {
    return std::to_integer<std::uint64_t>(code) >= product.centroids;
  });
  if (wrong == codes.end()) return {};
  return refused(path, tensor, "has the code ", std::to_integer<unsigned>(*wrong), " at byte ",
                 tensor.offset + static_cast<std::uint64_t>(wrong - codes.begin()), ", and its parts have ",
                 product.centroids, " centroids");
}

void decode_product_row(std::span<const std::byte> file, const FoundTensor& tensor, std::uint64_t row, float* out) {
  const ProductQuantized& product = *tensor.product;
  const std::uint64_t dim = tensor.shape[1];
  const float norm = norm_of(file, product, row);
  if (!product.projection_offset) return scaled_centroids(file, tensor, row, norm, out);
  std::vector<float> quantized(dim);
  scaled_centroids(file, tensor, row, 1.0F, quantized.data());
  const std::byte* projection = file.data() + *product.projection_offset;
  for (std::uint64_t c = 0; c < dim; ++c) {
    out[c] = norm * dot(quantized.data(), projection + c * dim * f32_bytes, dim);
  }
}

}  // namespace rowan::detail
