// Shapes of pooled lookups that no fixed list has: given by the user, or drawn at random.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "perf/places.hpp"
#include "perf/workload.hpp"
#include "rowan/dtype.hpp"
#include "rowan/status.hpp"

namespace rowan::perf {

/// Types that are judged against FBGEMM, and the others: of bf16 and f8 its lookups are scalar code on x86.
inline constexpr DType counted_types[] = {DType::f32, DType::f16, DType::i8, DType::i4};
inline constexpr DType types_apart[] = {DType::bf16, DType::f8_e4m3, DType::f8_e5m2, DType::i2};
bool is_counted(DType dtype);

struct LookupShape {
  std::uint64_t dim = 0;
  std::uint64_t bag = 0;
  DType dtype = DType::f32;
  MemoryLevel level = MemoryLevel::memory;  ///< where the table lies, if `rows` is 0
  std::uint64_t rows = 0;                   ///< of the table; 0: as many as lie in `level`
  std::vector<Distribution> distributions;
};

/// What "DIM,BAG[,TYPE[,ROWS]]" asks for: without TYPE all that are counted, without ROWS a table in each place,
/// uniform and both Zipf. The Error says what is wrong and what would be right.
Result<std::vector<LookupShape>> parse_shapes(std::string_view text);

/// Dims of 16 to 768 and bags of 1 to 200, every factor as likely; four shapes of five are of the counted types, the
/// fifth is of one apart; a place and a skew each. The same arguments give the same shapes everywhere, and a greater
/// `count` more of them.
std::vector<LookupShape> random_shapes(std::size_t count, std::uint64_t seed);

/// The table of a shape on a machine with these caches and so much memory. The Error says why there is none.
Result<Place> table_of(const LookupShape& shape, const Caches& caches, std::uint64_t available);

}  // namespace rowan::perf
