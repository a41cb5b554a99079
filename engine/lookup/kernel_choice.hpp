// From the public types to the places in a simd::KernelTable.
#pragma once

#include <concepts>
#include <cstdint>

#include "engine/support/element.hpp"
#include "rowan/view.hpp"
#include "simd/kernels.hpp"

namespace rowan::detail {

template <IndexType Index>
inline constexpr int index_width = static_cast<int>(std::same_as<Index, std::int32_t> ? simd::IndexWidth::i32
                                                                                      : simd::IndexWidth::i64);

inline simd::Rows rows_of(const TableView& table) noexcept { return {table.data(), table.row_stride(), table.dim()}; }

}  // namespace rowan::detail
