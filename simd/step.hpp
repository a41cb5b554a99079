// Optimizer steps on rows of f32. Every column is computed on its own; what an optimizer needs of a whole row, the mean
// of its gradient's squares, is a dot product of 16 lanes.
#pragma once

#include "simd/dot.hpp"

namespace rowan::simd {
namespace {

inline Scalar sqrt_of(Scalar x) noexcept { return Scalar(_mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x.value)))); }
template <class Arch>
inline Batch<Arch> sqrt_of(Batch<Arch> x) noexcept {
  return xsimd::sqrt(x);
}

/// What Ftrl's weights are: 0 where |linear| <= l1, else (sign(linear) * l1 - linear) / denominator.
inline Scalar shrunk(Scalar linear, Scalar l1, Scalar denominator) noexcept {
  if (__builtin_fabsf(linear.value) <= l1.value) return Scalar(0.0F);
  return Scalar((__builtin_copysignf(l1.value, linear.value) - linear.value) / denominator.value);
}
template <class Arch>
inline Batch<Arch> shrunk(Batch<Arch> linear, Batch<Arch> l1, Batch<Arch> denominator) noexcept {
  const Batch<Arch> sign(-0.0F);
  const Batch<Arch> sign_of = linear & sign;
  const Batch<Arch> value = ((l1 | sign_of) - linear) / denominator;
  return xsimd::select((linear ^ sign_of) <= l1, Batch<Arch>(0.0F), value);
}

/// A register of a gradient, added to +0 or as it is.
template <bool FromZero, class V>
inline V gradient_at(const float* gradient) noexcept {
  const V g = V::load_unaligned(gradient);
  return FromZero ? V(0.0F) + g : g;
}

/// The squares of a row, in lanes and a tree as dot products are.
inline float squares_of(const float* gradient, std::size_t dim) noexcept {
  Lanes lanes;
  const std::size_t whole = dim - dim % dot_lanes;
  for (std::size_t c = 0; c < whole; c += dot_lanes) {
    lanes.add<Element::f32>(reinterpret_cast<const std::byte*>(gradient + c), {}, nullptr);
  }
  if (whole != dim) {
    float rest[dot_lanes] = {};
    __builtin_memcpy(rest, gradient + whole, (dim - whole) * sizeof(float));
    lanes.add<Element::f32>(reinterpret_cast<const std::byte*>(rest), {}, nullptr);
  }
  return lanes.total();
}

/// One row: its weights, its gradient and its state.
struct StepRow {
  float* weights;
  const float* gradient;
  float* state[2];
  std::size_t dim;

  template <Step S, bool FromZero, class V>
  void update(std::size_t c, const StepFactors& f) const noexcept {
    const V g = gradient_at<FromZero, V>(gradient + c);
    const V w = V::load_unaligned(weights + c);
    const auto load = [&](int k) { return V::load_unaligned(state[k] + c); };
    const auto keep = [&](int k, V value) { value.store_unaligned(state[k] + c); };
    const V lr(f.lr);
    V moved = w;
    if constexpr (S == Step::sgd) {
      moved = w - lr * g;
    } else if constexpr (S == Step::momentum || S == Step::nesterov) {
      const V buffer = V(f.a) * load(0) + g;
      keep(0, buffer);
      moved = w - lr * (S == Step::nesterov ? g + V(f.a) * buffer : buffer);
    } else if constexpr (S == Step::adagrad) {
      const V sum = load(0) + g * g;
      keep(0, sum);
      moved = w - lr * (g / (sqrt_of(sum) + V(f.eps)));
    } else if constexpr (S == Step::adam) {
      const V before = load(0);
      const V average = before + (g - before) * V(f.a);
      const V square_before = load(1);
      const V square = square_before + (g * g - square_before) * V(f.b);
      keep(0, average);
      keep(1, square);
      moved = w - lr * (average / (sqrt_of(square) + V(f.eps)));
    } else if constexpr (S == Step::rms_prop) {
      const V square = V(f.a) * load(0) + V(f.b) * (g * g);
      keep(0, square);
      moved = w - lr * (g / (sqrt_of(square) + V(f.eps)));
    } else if constexpr (S == Step::ftrl) {
      const V before = load(0);
      const V n = before + g * g;
      const V root = sqrt_of(n);
      const V sigma = (root - sqrt_of(before)) / lr;
      const V linear = load(1) + (g - sigma * w);
      keep(0, n);
      keep(1, linear);
      moved = shrunk(linear, V(f.b), (V(f.a) + root) / lr + V(f.c));
    }
    moved.store_unaligned(weights + c);
  }

  /// `squares`: the mean of the gradient's, where the optimizer is a row-wise one.
  template <Step S, bool FromZero>
  void take(const StepFactors& f, float squares) const noexcept {
    if constexpr (S == Step::row_wise_adagrad) {
      const float sum = *state[0] + squares;
      *state[0] = sum;
      const float factor = f.lr / (sqrt_of(Scalar(sum)).value + f.eps);
      for_columns(dim, [&]<class V>(V, std::size_t c) {
        const V w = V::load_unaligned(weights + c);
        (w - V(factor) * gradient_at<FromZero, V>(gradient + c)).store_unaligned(weights + c);
      });
    } else if constexpr (S == Step::row_wise_adam) {
      const float before = *state[1];
      const float square = before + (squares - before) * f.b;
      *state[1] = square;
      const float root = sqrt_of(Scalar(square)).value + f.eps;
      for_columns(dim, [&]<class V>(V, std::size_t c) {
        const V average_before = V::load_unaligned(state[0] + c);
        const V average = average_before + (gradient_at<FromZero, V>(gradient + c) - average_before) * V(f.a);
        average.store_unaligned(state[0] + c);
        (V::load_unaligned(weights + c) - V(f.lr) * (average / V(root))).store_unaligned(weights + c);
      });
    } else {
      for_columns(dim, [&]<class V>(V, std::size_t c) { this->template update<S, FromZero, V>(c, f); });
    }
  }
};

inline bool prepares(const StepFactors& f) noexcept {
  return f.scale != 1.0F || f.clip < __builtin_inff() || f.keep != 1.0F || f.l2 != 0.0F;
}

/// Scales and limits the gradient, and lets the weights decay: what of that is asked for, and no multiplication by 1,
/// which flushes denormals where the caller's mode does. Once for all steps, as what follows: they are many.
[[gnu::noinline]] inline void prepare(float* weights, const float* gradient, bool from_zero, const StepArgs& a,
                                      float* prepared) noexcept {
  const StepFactors& f = a.factors;
  for_columns(a.dim, [&]<class V>(V, std::size_t c) {
    V g = V::load_unaligned(gradient + c);
    if (from_zero) g = computed_here(V(0.0F) + g);
    if (f.scale != 1.0F) g = computed_here(g * V(f.scale));
    if (f.clip < __builtin_inff()) g = Direction<V>(true)(V(f.clip), Direction<V>(false)(V(-f.clip), g));
    V w = V::load_unaligned(weights + c);
    if (f.keep != 1.0F) {
      w = computed_here(w * V(f.keep));
      w.store_unaligned(weights + c);
    }
    if (f.l2 != 0.0F) g = computed_here(g + V(f.l2) * w);
    g.store_unaligned(prepared + c);
  });
}

[[gnu::always_inline]] inline void fetch_ahead(const StepArgs& a, std::size_t i) noexcept {
  const std::uint64_t row = a.rows[i];
  if (!a.packed) prefetch_into_l2(a.weights + row * a.stride, a.dim * sizeof(float));
  for (int k = 0; k < 2; ++k) {
    if (a.state[k] == nullptr) continue;
    prefetch_into_l2(reinterpret_cast<const std::byte*>(a.state[k] + row * a.state_columns[k]),
                     a.state_columns[k] * sizeof(float));
  }
}

inline float* weights_of(const StepArgs& a, std::size_t i) noexcept {
  return reinterpret_cast<float*>(a.weights + (a.packed ? i : a.rows[i]) * a.stride);
}

/// Those rows of [0, count) whose bit is set.
template <Step S, bool FromZero>
inline void step_rows(const StepArgs& a, std::uint64_t set) noexcept {
  constexpr bool row_wise = S == Step::row_wise_adagrad || S == Step::row_wise_adam;
  const float* squared = nullptr;  // rows of one bag come one behind the other and share its gradient
  float squares = 0.0F;
  for (; set != 0; set &= set - 1) {
    const auto i = static_cast<std::size_t>(__builtin_ctzll(set));
    if (a.ahead != 0 && i + a.ahead < a.readable) fetch_ahead(a, i + a.ahead);
    StepRow row{weights_of(a, i), a.gradients[i], {}, a.dim};
    for (int k = 0; k < 2; ++k) {
      if (a.state[k] != nullptr) row.state[k] = a.state[k] + a.rows[i] * a.state_columns[k];
    }
    if (row_wise && row.gradient != squared) {
      squared = row.gradient;
      squares = squares_of(squared, a.dim) / static_cast<float>(a.dim);
    }
    row.template take<S, FromZero>(a.factors, squares);
  }
}

template <Step S>
void step(const StepArgs& a) {
  const std::uint64_t all = ~std::uint64_t{0} >> (most_step_rows - a.count);
  std::uint64_t from_zero = a.from_zero;
  if (prepares(a.factors)) {
    for (std::size_t i = 0; i < a.count; ++i) {
      float* const to = a.prepared + i * a.dim;
      prepare(weights_of(a, i), a.gradients[i], (from_zero >> i & 1) != 0, a, to);
      a.gradients[i] = to;
    }
    from_zero = 0;
  }
  step_rows<S, true>(a, from_zero);
  step_rows<S, false>(a, all & ~from_zero);
}

}  // namespace
}  // namespace rowan::simd
