// The values of new tables. Element i depends on the Init and on i alone, so any part can be made anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "rowan/status.hpp"
#include "rowan/table.hpp"

namespace rowan::detail {

/// Why an Init cannot be used: bounds that are not finite or in the wrong order, a negative deviation.
std::optional<Error> check_init(const Init& init);

/// values[k] = element first + k, for a `first` that is a multiple of four. Uniform: low + u (high - low) with u
/// from the top 24 bits of a word. Normal: Box and Muller's transform of two words, whose logarithm, sine and
/// cosine are made of + - * / and square roots: the C library's differ between processors.
void random_values(const Init& init, std::uint64_t first, std::span<float> values) noexcept;

}  // namespace rowan::detail
