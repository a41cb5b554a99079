// The scalar reference: the pseudocode of rowan/engine.hpp as the plainest code that does it, one element at a
// time. It defines what every kernel must return, to the bit. Use it to check a machine or a build
// (`rowan bench` checks its own answers against it before it times anything); it is 10 to 100 times slower.
//
// Same arguments, checks and Status as Engine, on the calling thread, no allocation.
#pragma once

#include "rowan/engine.hpp"

namespace rowan::reference {

ROWAN_API Status embedding(const TableView& table, std::span<const std::int32_t> indices, OutputView out) noexcept;
ROWAN_API Status embedding(const TableView& table, std::span<const std::int64_t> indices, OutputView out) noexcept;

ROWAN_API Status embedding_bag(const TableView& table, const Bags<std::int32_t>& bags, OutputView out,
                               const BagOptions& options = {}) noexcept;
ROWAN_API Status embedding_bag(const TableView& table, const Bags<std::int64_t>& bags, OutputView out,
                               const BagOptions& options = {}) noexcept;
ROWAN_API Status embedding_bag(const TableView& table, const FixedBags<std::int32_t>& bags, OutputView out,
                               const BagOptions& options = {}) noexcept;
ROWAN_API Status embedding_bag(const TableView& table, const FixedBags<std::int64_t>& bags, OutputView out,
                               const BagOptions& options = {}) noexcept;

}  // namespace rowan::reference
