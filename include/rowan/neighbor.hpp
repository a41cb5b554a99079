// What a search for near rows finds.
#pragma once

#include <cstdint>

namespace rowan {

/// A row and the cosine between it and the query.
struct Neighbor {
  std::uint64_t row = 0;
  float cosine = 0.0F;
};

}  // namespace rowan
