#include "engine/formats/ggml_blocks.hpp"

#include <cstring>

#include "simd/scalar.hpp"

namespace rowan::detail {
namespace {

float half_at(const std::byte* at) noexcept {
  std::uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof bits);
  return simd::decode_f16(bits);
}

std::uint32_t bits_at(const std::byte* at) noexcept { return std::to_integer<std::uint32_t>(*at); }

float signed_at(const std::byte* at) noexcept { return static_cast<float>(static_cast<std::int8_t>(bits_at(at))); }

/// q4_0 to q5_1: the scale; the minimum, where codes are not counted from the middle of their range; the fifth bits of
/// the 32 codes, where they have such; their lower four bits, of codes i and i + 16 in byte i.
template <bool has_minimum, bool has_fifth_bit>
void decode_32(const std::byte* block, float* out) noexcept {
  constexpr std::int32_t zero = has_minimum ? 0 : has_fifth_bit ? 16 : 8;
  const float scale = half_at(block);
  block += 2;
  float minimum = 0;
  if constexpr (has_minimum) {
    minimum = half_at(block);
    block += 2;
  }
  std::uint32_t fifth_bits = 0;
  if constexpr (has_fifth_bit) {
    std::memcpy(&fifth_bits, block, sizeof fifth_bits);
    block += sizeof fifth_bits;
  }
  for (std::uint32_t i = 0; i < 32; ++i) {
    const std::uint32_t low = (bits_at(block + i % 16) >> (i < 16 ? 0 : 4)) & 15U;
    const auto code = static_cast<std::int32_t>(low | ((fifth_bits >> i) & 1U) << 4);
    out[i] = static_cast<float>(code - zero) * scale;
    if constexpr (has_minimum) out[i] += minimum;
  }
}

void decode_q8_0(const std::byte* block, float* out) noexcept {
  const float scale = half_at(block);
  for (std::size_t i = 0; i < 32; ++i) out[i] = signed_at(block + 2 + i) * scale;
}

/// Scale and minimum of a group of 32, as codes of six bits.
struct GroupCodes {
  std::uint32_t scale;
  std::uint32_t minimum;
};

/// In twelve bytes: bytes 0 to 3 hold the scales and 4 to 7 the minima of groups 0 to 3, and in their upper two bits
/// those of groups 4 to 7, whose lower four bits bytes 8 to 11 hold.
GroupCodes group_codes(const std::byte* codes, std::uint32_t group) noexcept {
  if (group < 4) return {bits_at(codes + group) & 63U, bits_at(codes + group + 4) & 63U};
  const std::uint32_t low = bits_at(codes + group + 4);
  return {(low & 15U) | bits_at(codes + group - 4) >> 6 << 4, low >> 4 | bits_at(codes + group) >> 6 << 4};
}

/// q4_k and q5_k: scale and minimum of all, those of the groups; the codes' fifth bits, where they have such, of the
/// i-th codes of all groups in byte i; their lower four bits, of two groups in 32 bytes.
template <bool has_fifth_bit>
void decode_k(const std::byte* block, float* out) noexcept {
  const float scale = half_at(block);
  const float minimum = half_at(block + 2);
  const std::byte* const fifth_bits = block + 16;
  const std::byte* const low_bits = block + (has_fifth_bit ? 48 : 16);
  for (std::uint32_t group = 0; group < 8; ++group) {
    const GroupCodes codes = group_codes(block + 4, group);
    const float group_scale = scale * static_cast<float>(codes.scale);
    const float group_minimum = minimum * static_cast<float>(codes.minimum);
    for (std::uint32_t i = 0; i < 32; ++i) {
      std::uint32_t code = (bits_at(low_bits + group / 2 * 32 + i) >> (group % 2 * 4)) & 15U;
      if constexpr (has_fifth_bit) code |= ((bits_at(fifth_bits + i) >> group) & 1U) << 4;
      const float product = group_scale * static_cast<float>(code);
      *out++ = product - group_minimum;
    }
  }
}

/// Lower four bits of all codes, upper two, the scales of groups of 16, the scale of all. Each half of the block has
/// four runs of 32: of runs 0 and 2 the lower bits share bytes, as those of 1 and 3 do, and of all four the upper.
void decode_q6_k(const std::byte* block, float* out) noexcept {
  const std::byte* const scales = block + 192;
  const float scale = half_at(block + 208);
  for (std::uint32_t i = 0; i < 256; ++i) {
    const std::uint32_t half = i / 128;
    const std::uint32_t run = i % 128 / 32;
    const std::uint32_t low = (bits_at(block + half * 64 + run % 2 * 32 + i % 32) >> (run / 2 * 4)) & 15U;
    const std::uint32_t high = (bits_at(block + 128 + half * 32 + i % 32) >> (run * 2)) & 3U;
    const auto code = static_cast<std::int32_t>(low | high << 4) - 32;
    const float group_scale = scale * signed_at(scales + i / 16);
    out[i] = group_scale * static_cast<float>(code);
  }
}

using DecodeBlock = void (*)(const std::byte* block, float* out) noexcept;

/// Codes without a sign of one byte, those in its lowest bits first.
template <std::uint32_t bits>
void decode_codes(const std::byte* block, float* out) noexcept {
  for (std::uint32_t i = 0; i < 8 / bits; ++i) {
    out[i] = static_cast<float>((bits_at(block) >> (bits * i)) & ((1U << bits) - 1));
  }
}

DecodeBlock decoder_of(Encoding encoding) noexcept {
  switch (encoding) {
    case Encoding::u2:
      return decode_codes<2>;
    case Encoding::u4:
      return decode_codes<4>;
    case Encoding::u8:
      return decode_codes<8>;
    case Encoding::q4_0:
      return decode_32<false, false>;
    case Encoding::q4_1:
      return decode_32<true, false>;
    case Encoding::q5_0:
      return decode_32<false, true>;
    case Encoding::q5_1:
      return decode_32<true, true>;
    case Encoding::q8_0:
      return decode_q8_0;
    case Encoding::q4_k:
      return decode_k<false>;
    case Encoding::q5_k:
      return decode_k<true>;
    default:
      return decode_q6_k;
  }
}

}  // namespace

BlockSize block_size(Encoding encoding) noexcept {
  switch (encoding) {
    case Encoding::f32:
      return {1, 4};
    case Encoding::f16:
    case Encoding::bf16:
      return {1, 2};
    case Encoding::f8_e4m3:
    case Encoding::f8_e5m2:
    case Encoding::i8:
    case Encoding::u8:
      return {1, 1};
    case Encoding::u2:
      return {4, 1};
    case Encoding::u4:
      return {2, 1};
    case Encoding::f64:
      return {1, 8};
    case Encoding::q4_0:
      return {32, 18};
    case Encoding::q4_1:
      return {32, 20};
    case Encoding::q5_0:
      return {32, 22};
    case Encoding::q5_1:
      return {32, 24};
    case Encoding::q8_0:
      return {32, 34};
    case Encoding::q4_k:
      return {256, 144};
    case Encoding::q5_k:
      return {256, 176};
    case Encoding::q6_k:
      return {256, 210};
    case Encoding::product:
    case Encoding::other:
      break;
  }
  return {0, 0};
}

void decode_blocks(Encoding encoding, const std::byte* row, std::uint64_t dim, float* out) noexcept {
  const BlockSize block = block_size(encoding);
  const DecodeBlock decode = decoder_of(encoding);
  for (std::uint64_t i = 0; i < dim; i += block.elements, row += block.bytes) decode(row, out + i);
}

}  // namespace rowan::detail
