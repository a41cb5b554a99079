// What the copies of a WordVectors share.
#pragma once

#include "engine/search/unit_rows.hpp"
#include "rowan/words.hpp"

namespace rowan {

struct WordVectors::State {
  State(Table shared, const simd::KernelTable& kernels, Threads threads) noexcept
      : table(std::move(shared)), rows(table.view(), kernels, threads) {}

  /// Row of a token; an Error that quotes it where there is none.
  Result<std::uint64_t> row_of(std::string_view token) const;

  /// The unit vector of a - b + c with the three rows excluded; empty where one of them, or the sum, has no
  /// direction.
  std::optional<detail::UnitQuery> analogy(std::uint64_t a, std::uint64_t b, std::uint64_t c) const;

  Table table;
  detail::UnitRows rows;
};

}  // namespace rowan
