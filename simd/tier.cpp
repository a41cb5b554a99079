// The kernels of one instruction-set tier. This file is compiled once per tier with that tier's machine flags;
// everything in it but the kernel table has internal linkage, and xsimd's namespace is renamed per tier, so that
// no function compiled for one tier can be linked to from another.
//
// Columns are held in registers side by side. In rows of f32, f16, bf16 and f8 the last register of a row ends at
// its last column and overlaps its neighbour where dim is no multiple of the width; columns under two registers are
// computed twice with the same result, so there are no masks or tails, and no load passes the end of a row. Such
// rows narrower than a register use the next narrower one, and below four columns single floats. Codes of quantised
// rows cannot be loaded from any column on; but behind them lie scale and bias, so that a last register may read
// into those (or is masked, where it would read further).

#include "simd/check.hpp"
#include "simd/dot.hpp"
#include "simd/finish.hpp"
#include "simd/gather.hpp"
#include "simd/pool.hpp"
#include "simd/scatter.hpp"
#include "simd/step.hpp"
#include "simd/winners.hpp"

#define ROWAN_GATHER(E) \
  { gather<E, Element::f32>, gather<E, Element::f16>, gather<E, Element::bf16> }
#define ROWAN_READS(E, O) \
  { pool<E, O, IndexRead::low_32>, pool<E, O, IndexRead::full_64> }
// Quantised rows have one kernel for sums with weights and without.
#define ROWAN_SUM(E) is_quantized(E) ? Op::weighted_sum : Op::sum
#define ROWAN_POOL(E) \
  { ROWAN_READS(E, (ROWAN_SUM(E))), ROWAN_READS(E, Op::weighted_sum), ROWAN_READS(E, Op::extreme) }
#define ROWAN_FOR_ELEMENTS(f)                                                                                     \
  {                                                                                                               \
    f(Element::f32), f(Element::f16), f(Element::bf16), f(Element::f8_e4m3), f(Element::f8_e5m2), f(Element::i8), \
        f(Element::i4), f(Element::i2)                                                                            \
  }
#define ROWAN_DOT(E) dot<E>
#define ROWAN_FOR_INTEGERS(f) \
  { f<std::int32_t>, f<std::int64_t>, f<std::uint32_t>, f<std::uint64_t>, f<std::uint16_t>, f<std::uint8_t> }
#define ROWAN_JOIN_(a, b) a##b
#define ROWAN_JOIN(a, b) ROWAN_JOIN_(a, b)
#define ROWAN_TEXT_(a) #a
#define ROWAN_TEXT(a) ROWAN_TEXT_(a)

namespace rowan::simd {

extern constinit const KernelTable ROWAN_JOIN(ROWAN_TIER, _kernels) = {
    .tier = Tier::ROWAN_TIER,
    .name = ROWAN_TEXT(ROWAN_TIER),
    .features = features,
    .indices_ok = ROWAN_FOR_INTEGERS(indices_ok),
    .offsets_ok = ROWAN_FOR_INTEGERS(offsets_ok),
    .gather = ROWAN_FOR_ELEMENTS(ROWAN_GATHER),
    .pool = ROWAN_FOR_ELEMENTS(ROWAN_POOL),
    .finish = {finish<Element::f32>, finish<Element::f16>, finish<Element::bf16>},
    .dot = ROWAN_FOR_ELEMENTS(ROWAN_DOT),
    .step = {step<Step::sgd>, step<Step::momentum>, step<Step::nesterov>, step<Step::adagrad>,
             step<Step::row_wise_adagrad>, step<Step::adam>, step<Step::row_wise_adam>, step<Step::rms_prop>,
             step<Step::ftrl>},
    .winners = winners,
    .add_term = add_term,
    .scatter = {scatter<Element::f16>, scatter<Element::bf16>},
};

}  // namespace rowan::simd
