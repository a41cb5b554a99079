// The kernels: one generic source, compiled once per instruction-set tier with that tier's flags. Everything
// but the kernel table has internal linkage, so that no tier's code can be called in another's place.
//
// How the columns of a row are covered: registers stand side by side from column 0, and the last one ends at
// the last column, overlapping its neighbour where dim is no multiple of the register's width. Columns under
// two registers are computed twice, with the same result. So no load passes the end of a row and no tail loop
// is needed; rows narrower than a register use the next narrower one, and below four columns single floats.

#include <cstddef>
#include <cstdint>

#include "simd/convert.hpp"
#include "simd/kernels.hpp"
#include "simd/order.hpp"

namespace rowan::simd {
namespace {

#if defined(ROWAN_TIER_avx512)
using Full = xsimd::avx512bw;
constexpr std::uint32_t features = feature_sse2 | feature_avx2 | feature_fma | feature_f16c | feature_avx512f |
                                   feature_avx512cd | feature_avx512dq | feature_avx512bw | feature_avx512vl;
#elif defined(ROWAN_TIER_avx2)
using Full = xsimd::avx2;
constexpr std::uint32_t features = feature_sse2 | feature_avx2 | feature_fma | feature_f16c;
#elif defined(ROWAN_TIER_baseline)
using Full = xsimd::sse2;
constexpr std::uint32_t features = feature_sse2;
#else
#error "ROWAN_TIER_<name> must name the tier that this unit is compiled for"
#endif

using Wide = Batch<Full>;
constexpr int max_registers = 8;  // accumulators of one pass over a bag's rows
constexpr std::size_t cache_line = 64;

template <Element E>
constexpr std::size_t bytes_of = E == Element::f32 ? 4 : 2;

template <std::size_t Bytes>
inline void prefetch_bytes(const std::byte* p) noexcept {
  constexpr int level_2 = 2;  // locality of __builtin_prefetch: prefetcht1
  for (std::size_t offset = 0; offset < Bytes; offset += cache_line) __builtin_prefetch(p + offset, 0, level_2);
  __builtin_prefetch(p + Bytes - 1, 0, level_2);
}

// ---- pooling ----

/// Pools N registers of columns: from `column` side by side, the last one at `last`.
template <Element E, Op O, class Index, class V, int N>
void pool_columns(const PoolArgs& a, std::size_t column, std::size_t last) {
  constexpr std::size_t register_bytes = V::size * bytes_of<E>;
  const auto* indices = static_cast<const Index*>(a.indices);
  const auto* offsets = static_cast<const Index*>(a.offsets);
  const std::byte* const columns = a.rows.data + column * bytes_of<E>;
  const std::size_t last_offset = last - column;
  const std::size_t ahead_end = a.prefetch != 0 ? a.last_end : 0;

  const auto row_at = [&](std::size_t position) noexcept {
    return columns + static_cast<std::size_t>(indices[position]) * a.rows.stride;
  };
  const auto load = [&](const std::byte* row, int k) noexcept {
    return Load<V, E>::at(k == N - 1 ? row + last_offset * bytes_of<E>
                                     : row + static_cast<std::size_t>(k) * register_bytes);
  };
  const auto out_column = [&](int k) noexcept {
    return k == N - 1 ? last_offset : static_cast<std::size_t>(k) * V::size;
  };

  std::size_t begin = offsets != nullptr ? static_cast<std::size_t>(offsets[0]) : 0;
  for (std::size_t bag = 0; bag < a.bags; ++bag) {
    std::size_t end = a.last_end;
    if (bag + 1 < a.bags) {
      end = offsets != nullptr ? static_cast<std::size_t>(offsets[bag + 1]) : begin + a.bag_length;
    }
    float* const out = a.out + bag * a.out_stride + column;
    const bool resume = a.resume && bag == 0;

    std::size_t position = begin;
    V pooled[N];
    if (resume) {
      for (int k = 0; k < N; ++k) pooled[k] = V::load_unaligned(out + out_column(k));
    } else if (O == Op::max && begin < end) {
      const std::byte* row = row_at(position++);
      for (int k = 0; k < N; ++k) pooled[k] = load(row, k);
    } else {
      for (int k = 0; k < N; ++k) pooled[k] = V(0.0F);
    }

    for (; position < end; ++position) {
      const std::byte* row = row_at(position);
      if (position + a.prefetch < ahead_end) prefetch_bytes<N * register_bytes>(row_at(position + a.prefetch));
      if constexpr (O == Op::weighted_sum) {
        const V weight(a.weights[position]);
        for (int k = 0; k < N; ++k) pooled[k] = pooled[k] + weight * load(row, k);
      } else if constexpr (O == Op::max) {
        for (int k = 0; k < N; ++k) pooled[k] = greater_or_keep(load(row, k), pooled[k]);
      } else {
        for (int k = 0; k < N; ++k) pooled[k] = pooled[k] + load(row, k);
      }
    }
    for (int k = 0; k < N; ++k) pooled[k].store_unaligned(out + out_column(k));
    begin = end;
  }
}

template <Element E, Op O, class Index, class V, int Max>
void pool_registers(const PoolArgs& a, std::size_t registers, std::size_t column, std::size_t last) {
  if constexpr (Max > 1) {
    if (registers < Max) return pool_registers<E, O, Index, V, Max - 1>(a, registers, column, last);
  }
  pool_columns<E, O, Index, V, Max>(a, column, last);
}

/// Splits the columns into passes of equal width (give or take a register) of at most max_registers each.
template <Element E, Op O, class Index, class V, int Max>
void pool_passes(const PoolArgs& a) {
  const std::size_t registers = (a.rows.dim + V::size - 1) / V::size;
  const std::size_t passes = (registers + Max - 1) / Max;
  std::size_t done = 0;
  for (std::size_t pass = 0; pass < passes; ++pass) {
    const std::size_t next = registers * (pass + 1) / passes;
    const std::size_t last = pass + 1 == passes ? a.rows.dim - V::size : (next - 1) * V::size;
    pool_registers<E, O, Index, V, Max>(a, next - done, done * V::size, last);
    done = next;
  }
}

template <Element E, Op O, class Index>
void pool(const PoolArgs& a) {
  if (a.bags == 0) return;
  if (a.rows.dim >= Wide::size) return pool_passes<E, O, Index, Wide, max_registers>(a);
#if defined(ROWAN_TIER_avx512)
  if (a.rows.dim >= 8) return pool_passes<E, O, Index, Batch<xsimd::avx2>, 2>(a);
#endif
#if !defined(ROWAN_TIER_baseline)
  if (a.rows.dim >= 4) return pool_passes<E, O, Index, Batch<xsimd::sse2>, 2>(a);
#endif
  pool_passes<E, O, Index, Scalar, 3>(a);
}

/// row / divisor, for the bags that have more than one member.
void divide(float* rows, std::size_t stride, std::size_t dim, const float* divisors, std::size_t count) {
  for (std::size_t r = 0; r < count; ++r) {
    if (!(divisors[r] > 1.0F)) continue;
    float* const row = rows + r * stride;
    const Wide divisor(divisors[r]);
    std::size_t c = 0;
    for (; c + Wide::size <= dim; c += Wide::size) (Wide::load_unaligned(row + c) / divisor).store_unaligned(row + c);
    for (; c < dim; ++c) row[c] = row[c] / divisors[r];
  }
}

// ---- gathering ----

template <Element E, class V>
inline void copy_row(const std::byte* row, std::size_t dim, float* out) noexcept {
  std::size_t c = 0;
  for (; c + 4 * V::size <= dim; c += 4 * V::size) {
    for (std::size_t k = 0; k < 4; ++k) {
      const std::size_t at = c + k * V::size;
      Load<V, E>::at(row + at * bytes_of<E>).store_unaligned(out + at);
    }
  }
  for (; c + V::size <= dim; c += V::size) Load<V, E>::at(row + c * bytes_of<E>).store_unaligned(out + c);
  if (c < dim) {
    c = dim - V::size;
    Load<V, E>::at(row + c * bytes_of<E>).store_unaligned(out + c);
  }
}

template <Element E, class Index, class V>
void gather_rows(const GatherArgs& a) {
  const auto* indices = static_cast<const Index*>(a.indices);
  const std::size_t row_bytes = a.rows.dim * bytes_of<E>;
  const auto row_at = [&](std::size_t i) noexcept {
    return a.rows.data + static_cast<std::size_t>(indices[i]) * a.rows.stride;
  };
  const std::size_t ahead_end = a.prefetch != 0 ? a.count : 0;
  for (std::size_t i = 0; i < a.count; ++i) {
    if (i + a.prefetch < ahead_end) {
      const std::byte* ahead = row_at(i + a.prefetch);
      for (std::size_t offset = 0; offset < row_bytes; offset += cache_line) prefetch_bytes<1>(ahead + offset);
      prefetch_bytes<1>(ahead + row_bytes - 1);
    }
    copy_row<E, V>(row_at(i), a.rows.dim, a.out + i * a.out_stride);
  }
}

template <Element E, class Index>
void gather(const GatherArgs& a) {
  if (a.rows.dim >= Wide::size) return gather_rows<E, Index, Wide>(a);
#if defined(ROWAN_TIER_avx512)
  if (a.rows.dim >= 8) return gather_rows<E, Index, Batch<xsimd::avx2>>(a);
#endif
#if !defined(ROWAN_TIER_baseline)
  if (a.rows.dim >= 4) return gather_rows<E, Index, Batch<xsimd::sse2>>(a);
#endif
  gather_rows<E, Index, Scalar>(a);
}

// ---- checking ----

template <class Int>
bool any_negative(xsimd::batch<Int, Full> bits) noexcept {
  Int lanes[xsimd::batch<Int, Full>::size];
  bits.store_unaligned(lanes);
  Int all = 0;
  for (const Int lane : lanes) all |= lane;
  return all < 0;
}

/// x is in [0, most] exactly when neither x nor most - x has its sign bit; no overflow where x >= 0.
template <class Index>
bool indices_ok(const void* p, std::size_t count, std::uint64_t rows) {
  using V = xsimd::batch<Index, Full>;
  constexpr auto greatest = static_cast<std::uint64_t>(static_cast<std::make_unsigned_t<Index>>(-1) >> 1);
  if (rows == 0) return count == 0;
  const auto most = static_cast<Index>(rows - 1 < greatest ? rows - 1 : greatest);
  const auto* x = static_cast<const Index*>(p);

  V bad[4] = {V(0), V(0), V(0), V(0)};
  const V limit(most);
  std::size_t i = 0;
  for (; i + 4 * V::size <= count; i += 4 * V::size) {
    for (std::size_t k = 0; k < 4; ++k) {
      const V v = V::load_unaligned(x + i + k * V::size);
      bad[k] = bad[k] | v | (limit - v);
    }
  }
  bool ok = !any_negative<Index>((bad[0] | bad[1]) | (bad[2] | bad[3]));
  for (; i < count; ++i) ok &= x[i] >= 0 && x[i] <= most;
  return ok;
}

template <class Index>
bool offsets_ok(const void* p, std::size_t count, std::uint64_t indices) {
  using V = xsimd::batch<Index, Full>;
  constexpr auto greatest = static_cast<std::uint64_t>(static_cast<std::make_unsigned_t<Index>>(-1) >> 1);
  const auto most = static_cast<Index>(indices < greatest ? indices : greatest);
  const auto* x = static_cast<const Index*>(p);

  V bad(0);
  const V limit(most);
  std::size_t i = 0;
  for (; i + V::size < count; i += V::size) {  // one more is read than checked: its successor
    const V v = V::load_unaligned(x + i);
    const V next = V::load_unaligned(x + i + 1);
    bad = bad | v | (limit - v) | (next - v);
  }
  bool ok = !any_negative<Index>(bad);
  for (; i < count; ++i) ok &= x[i] >= 0 && x[i] <= most && (i + 1 == count || x[i] <= x[i + 1]);
  return ok;
}

// ---- dot products ----

/// dot_lanes running sums of products, in as many registers as that takes.
struct Lanes {
  static constexpr std::size_t registers = dot_lanes / Wide::size;
  Wide sums[registers];

  Lanes() noexcept {
    for (Wide& sum : sums) sum = Wide(0.0F);
  }
  template <Element E>
  void add(const std::byte* row, const float* query) noexcept {
    for (std::size_t k = 0; k < registers; ++k) {
      const Wide x = Load<Wide, E>::at(row + k * Wide::size * bytes_of<E>);
      const Wide y = query != nullptr ? Wide::load_unaligned(query + k * Wide::size) : x;
      sums[k] = sums[k] + x * y;
    }
  }
  float total() const noexcept {
    float lanes[dot_lanes];
    for (std::size_t k = 0; k < registers; ++k) sums[k].store_unaligned(lanes + k * Wide::size);
    return reduce_lanes(lanes);
  }
};

/// A null query stands for the row itself.
template <Element E, bool Self>
void dot(const DotArgs& a) {
  constexpr std::size_t at_once = 4;  // rows whose additions overlap
  const std::size_t whole = a.rows.dim - a.rows.dim % dot_lanes;
  const std::size_t rest = a.rows.dim - whole;
  float query_rest[dot_lanes] = {};
  if (!Self) __builtin_memcpy(query_rest, a.query + whole, rest * sizeof(float));

  for (std::size_t first = 0; first < a.count; first += at_once) {
    const std::size_t rows = a.count - first < at_once ? a.count - first : at_once;
    Lanes lanes[at_once];
    const auto row_at = [&](std::size_t r) noexcept {  // past the end, the last row again: computed, not stored
      return a.rows.data + (first + (r < rows ? r : rows - 1)) * a.rows.stride;
    };
    const std::byte* row[at_once] = {row_at(0), row_at(1), row_at(2), row_at(3)};
    for (std::size_t c = 0; c < whole; c += dot_lanes) {
      for (std::size_t r = 0; r < at_once; ++r)
        lanes[r].template add<E>(row[r] + c * bytes_of<E>, Self ? nullptr : a.query + c);
    }
    if (rest != 0) {
      for (std::size_t r = 0; r < at_once; ++r) {
        std::byte padded[dot_lanes * bytes_of<E>] = {};
        __builtin_memcpy(padded, row[r] + whole * bytes_of<E>, rest * bytes_of<E>);
        lanes[r].template add<E>(padded, Self ? nullptr : query_rest);
      }
    }
    for (std::size_t r = 0; r < rows; ++r) a.out[first + r] = lanes[r].total();
  }
}

// ---- the table ----

using i32 = std::int32_t;
using i64 = std::int64_t;

}  // namespace

#define ROWAN_POOL(E)                                                                                                 \
  {                                                                                                                   \
    {pool<E, Op::sum, i32>, pool<E, Op::sum, i64>}, {pool<E, Op::weighted_sum, i32>, pool<E, Op::weighted_sum, i64>}, \
        {pool<E, Op::max, i32>, pool<E, Op::max, i64>},                                                               \
  }
#define ROWAN_JOIN_(a, b) a##b
#define ROWAN_JOIN(a, b) ROWAN_JOIN_(a, b)
#define ROWAN_TEXT_(a) #a
#define ROWAN_TEXT(a) ROWAN_TEXT_(a)

extern constinit const KernelTable ROWAN_JOIN(ROWAN_TIER, _kernels) = {
    .tier = Tier::ROWAN_TIER,
    .name = ROWAN_TEXT(ROWAN_TIER),
    .features = features,
    .indices_ok = {indices_ok<i32>, indices_ok<i64>},
    .offsets_ok = {offsets_ok<i32>, offsets_ok<i64>},
    .gather = {{gather<Element::f32, i32>, gather<Element::f32, i64>},
               {gather<Element::f16, i32>, gather<Element::f16, i64>},
               {gather<Element::bf16, i32>, gather<Element::bf16, i64>}},
    .pool = {ROWAN_POOL(Element::f32), ROWAN_POOL(Element::f16), ROWAN_POOL(Element::bf16)},
    .divide = divide,
    .dot = {dot<Element::f32, false>, dot<Element::f16, false>, dot<Element::bf16, false>},
    .squares = {dot<Element::f32, true>, dot<Element::f16, true>, dot<Element::bf16, true>},
};

}  // namespace rowan::simd
