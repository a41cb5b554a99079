// A tier gone wrong: it leaves behind the standard library's std::max, compiled with the tier's flags.
#include <algorithm>

namespace rowan::simd {
extern const float& (*const avx2_kernels)(const float&, const float&);
const float& (*const avx2_kernels)(const float&, const float&) = &std::max<float>;
}  // namespace rowan::simd
