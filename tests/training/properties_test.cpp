// Gradients and steps against the scalar reference, to the bit, on the tier that this run is for.
#include <doctest/doctest.h>

#include <xmmintrin.h>

#include <cstdint>

#include "tests/support/effort.hpp"
#include "tests/support/random_steps.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr std::uint64_t seed = 20261127;

/// Narrow, or any up to 300.
std::uint64_t random_dim(Random& random) {
  return below(random, 3) == 0 ? 1 + below(random, 20) : 1 + below(random, 300);
}

RandomTable random_table(Random& random, std::uint64_t dim, DType dtype) {
  return RandomTable(random, 1 + below(random, 40), dim, dtype, below(random, 8), below(random, 3) * below(random, 9));
}

std::size_t check_backward(Random& random, const Engine& engine, std::uint64_t dim, SparseGradient& gradient) {
  const DType dtype = below(random, 2) == 0 ? DType::f32 : all_dtypes[below(random, 8)];
  const RandomTable table = random_table(random, dim, dtype);
  const Outcome outcome = compare_random_backward(random, engine, table.view(), gradient);
  CHECK_MESSAGE(outcome.difference.empty(), to_string(dtype), ": ", outcome.difference);
  return outcome.compared;
}

std::size_t check_steps(Random& random, const Engine& engine, std::uint64_t dim) {
  const DType dtype = trainable_dtypes[below(random, 3)];
  const RandomTable table = random_table(random, dim, dtype);
  const Outcome outcome = compare_random_steps(random, engine, table.view());
  CHECK_MESSAGE(outcome.difference.empty(), to_string(dtype), ": ", outcome.difference);
  return outcome.compared;
}

}  // namespace

TEST_CASE("gradients are the reference's for every dim, type, pooling, form and policy") {
  Random random(seed);
  const Engine engine;
  SparseGradient gradient;  // one for all: its memory is that of other shapes
  std::size_t compared = 0;
  for (int i = cases(6'000); i > 0; --i) compared += check_backward(random, engine, random_dim(random), gradient);
  for (const std::uint64_t dim : {1023, 1024, 1025, 2049, 3000}) {  // winners are found in blocks of columns
    for (int i = cases(40); i > 0; --i) compared += check_backward(random, engine, dim, gradient);
  }
  MESSAGE("seed ", seed, ": ", compared, " elements compared");
  CHECK(compared > 10'000);
}

TEST_CASE("steps are the reference's for every algorithm, type, option and dim, fused or not") {
  Random random(seed + 1);
  const Engine engine;
  std::size_t compared = 0;
  for (int i = cases(4'000); i > 0; --i) compared += check_steps(random, engine, random_dim(random));
  for (const std::uint64_t dim : {1025, 5000}) {
    for (int i = cases(40); i > 0; --i) compared += check_steps(random, engine, dim);
  }
  MESSAGE("seed ", seed + 1, ": ", compared, " elements compared");
  CHECK(compared > 10'000);
}

TEST_CASE(
    "a caller that flushes denormals or rounds otherwise gets the reference's bits under that mode, backwards too") {
  constexpr unsigned flush_to_zero = 0x8000;
  constexpr unsigned denormals_are_zero = 0x0040;
  constexpr unsigned down = 0x2000;
  constexpr unsigned up = 0x4000;
  Random random(seed + 2);
  const Engine engine;
  SparseGradient gradient;
  const unsigned before = _mm_getcsr();
  for (const unsigned mode :
       {flush_to_zero, denormals_are_zero, flush_to_zero | denormals_are_zero, down, up, down | up}) {
    _mm_setcsr(before | mode);
    for (int i = cases(300); i > 0; --i) {
      check_backward(random, engine, random_dim(random), gradient);
      check_steps(random, engine, random_dim(random));
    }
    _mm_setcsr(before);
  }
  CHECK(_mm_getcsr() == before);
}
