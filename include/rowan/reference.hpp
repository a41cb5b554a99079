// The scalar reference: the pseudocode of rowan/engine.hpp as the plainest code that does it, one element at a
// time. It defines what every kernel must return, to the bit. Use it to check a machine or a build
// (`rowan bench` checks its own answers against it before it times anything); it is 10 to 100 times slower.
//
// Same arguments, checks and Status as Engine, on the calling thread, no allocation.
#pragma once

#include "rowan/engine.hpp"

namespace rowan::reference {

ROWAN_API Status embedding(const TableView& table, const IndexSpan& indices, const OutputView& out,
                           const EmbeddingOptions& options = {}) noexcept;

ROWAN_API Status embedding_bag(const TableView& table, const Bags& bags, const OutputView& out,
                               const BagOptions& options = {}) noexcept;

}  // namespace rowan::reference
