// A tier gone wrong: it calls the mathematics library.
#include <cmath>

namespace rowan::simd {
extern float (*const avx2_kernels)(float);
float (*const avx2_kernels)(float) = [](float x) { return std::exp(x); };
}  // namespace rowan::simd
