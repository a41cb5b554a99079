// A short exact way for the numbers that tables are full of, std::from_chars for all others.
#include "engine/formats/number.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <system_error>

#include "engine/support/bytes.hpp"  // files, and so the bytes of a word, are little-endian

namespace rowan::detail {
namespace {

constexpr int exact_power = 22;  // 10^22 is the largest power of ten that is a double
constexpr double powers_of_ten[exact_power + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr std::uint64_t exact_mantissa = std::uint64_t{1} << 53;
constexpr std::ptrdiff_t mantissa_digits = 19;  // what 64 bits hold

bool is_digit(char c) noexcept { return static_cast<unsigned char>(c - '0') < 10; }

/// The number that eight digits spell; byte 0 of `digits` is the first, each is 0 to 9.
std::uint64_t eight_digits(std::uint64_t digits) noexcept {
  digits = (digits * 10 + (digits >> 8)) & 0x00FF'00FF'00FF'00FF;    // pairs
  digits = (digits * 100 + (digits >> 16)) & 0x0000'FFFF'0000'FFFF;  // fours
  return (digits * 10'000 + (digits >> 32)) & 0x0000'0000'FFFF'FFFF;
}

/// Appends the digits that start at `p` to a mantissa and returns their end. Eight bytes at a time, without a
/// branch on how many of them are digits, which no processor could foresee.
const char* take_digits(const char* p, const char* last, std::uint64_t& mantissa) noexcept {
  constexpr std::uint64_t each_byte = 0x0101'0101'0101'0101;
  constexpr std::uint64_t powers[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000};
  while (last - p >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, sizeof word);
    word ^= '0' * each_byte;
    // Bit 7 of every byte that is more than 9, as far as the first of them; a carry spoils only those behind.
    const std::uint64_t others = ((word + (0x80 - 10) * each_byte) | word) & (0x80 * each_byte);
    if (others != 0) {
      const int digits = std::countr_zero(others) / 8;
      mantissa = mantissa * powers[digits] + eight_digits(word << 8 << (56 - 8 * digits));
      return p + digits;
    }
    mantissa = mantissa * 100'000'000 + eight_digits(word);
    p += 8;
  }
  while (p != last && is_digit(*p)) mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p++ - '0');
  return p;
}

/// mantissa * 10^exponent rounded to f32, where that can be had from one operation on doubles.
///
/// Both operands are exact, so the double is correctly rounded. Rounding it again to f32 gives what rounding
/// once would: rounding to double is monotonic and keeps doubles, and every midpoint of two neighbouring f32 is
/// a double; so the double lies on the same side of each midpoint as the exact value, unless it *is* one, and
/// that case is refused. The result is zero or in [1e-22, 2^53 * 1e22]: a normal f32, where such midpoints are
/// the doubles whose low 29 bits are 2^28.
bool round_exactly(std::uint64_t mantissa, int exponent, float& value) noexcept {
  if (mantissa > exact_mantissa || exponent < -exact_power || exponent > exact_power) return false;
  const auto whole = static_cast<double>(mantissa);
  const double product = exponent < 0 ? whole / powers_of_ten[-exponent] : whole * powers_of_ten[exponent];
  constexpr std::uint64_t lost = (std::uint64_t{1} << 29) - 1;
  if ((std::bit_cast<std::uint64_t>(product) & lost) == std::uint64_t{1} << 28) return false;
  value = static_cast<float>(product);
  return true;
}

/// The end of a plain number's field, or null where it takes the long way.
const char* parse_plain(const char* first, const char* last, float& value) noexcept {
  const char* p = first;
  const bool negative = p != last && *p == '-';
  p += negative ? 1 : 0;  // the sign of a weight is as good as random: no branch on it

  std::uint64_t mantissa = 0;
  const char* const digits = p;
  while (p != last && is_digit(*p)) mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p++ - '0');
  std::ptrdiff_t count = p - digits;
  std::ptrdiff_t fraction = 0;
  if (p != last && *p == '.') {
    const char* const point = ++p;
    p = take_digits(p, last, mantissa);
    fraction = p - point;
    count += fraction;
  }
  if (count == 0 || count > mantissa_digits) return nullptr;  // with more, the mantissa may have wrapped

  int exponent = -static_cast<int>(fraction);
  if (p != last && (*p == 'e' || *p == 'E')) {
    ++p;
    const bool down = p != last && *p == '-';
    if (p != last && (*p == '-' || *p == '+')) ++p;
    const char* const begin = p;
    int power = 0;
    while (p != last && is_digit(*p) && p - begin < 4) power = power * 10 + (*p++ - '0');
    if (p == begin) return nullptr;
    exponent += down ? -power : power;
  }
  if (p != last && *p != ' ') return nullptr;
  float magnitude = 0;
  if (!round_exactly(mantissa, exponent, magnitude)) return nullptr;
  value = std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | std::uint32_t{negative} << 31);
  return p;
}

/// Whether a number that from_chars found out of f32's range is too small rather than too large: the sign of
/// the decimal exponent of its first digit that is not 0.
bool is_tiny(const char* first, const char* last) noexcept {
  const char* const mark = std::find_if(first, last, [](char c) { return c == 'e' || c == 'E'; });
  const char* const point = std::find(first, mark, '.');
  const char* const leading = std::find_if(first, mark, [](char c) { return c >= '1' && c <= '9'; });
  std::int64_t power = leading < point ? point - leading - 1 : point - leading;
  if (mark != last) {
    const char* p = mark + 1;
    const bool down = p != last && *p == '-';
    if (p != last && (*p == '-' || *p == '+')) ++p;
    std::int64_t exponent = 0;
    for (; p != last && is_digit(*p); ++p) {
      constexpr std::int64_t enough = std::int64_t{1} << 56;  // beyond any length of digits
      exponent = std::min(exponent * 10 + (*p - '0'), enough);
    }
    power += down ? -exponent : exponent;
  }
  return power < 0;
}

}  // namespace

ParsedNumber parse_number(const char* first, const char* last, float& value) noexcept {
  if (first == last) return {last, NumberFault::empty};
  if (const char* end = parse_plain(first, last, value)) return {end, NumberFault::none};

  const auto* space = static_cast<const char*>(std::memchr(first, ' ', static_cast<std::size_t>(last - first)));
  const char* const end = space != nullptr ? space : last;
  if (first == end) return {end, NumberFault::empty};
  const bool plus = *first == '+';
  const char* const begin = plus ? first + 1 : first;
  if (plus && (begin == end || *begin == '-')) return {end, NumberFault::malformed};
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (stop != end || error == std::errc::invalid_argument) return {end, NumberFault::malformed};
  if (error == std::errc::result_out_of_range) {
    if (!is_tiny(begin, end)) return {end, NumberFault::out_of_range};
    value = *begin == '-' ? -0.0F : 0.0F;
  }
  return {end, NumberFault::none};
}

}  // namespace rowan::detail
