// What a lookup may be asked for. rowan/engine.hpp says what each computes.
#pragma once

#include <cstdint>
#include <optional>

namespace rowan {

/// How the rows of a bag become one; the pseudocode in rowan/engine.hpp says what each computes.
enum class Pooling : std::uint8_t {
  sum,             ///< with or without weights
  mean,            ///< without weights
  max,             ///< without weights
  min,             ///< without weights
  sqrt_n,          ///< with or without weights
  mean_by_weight,  ///< weights required
  mean_by_count,   ///< weights required
};

/// What a call does about indices outside the table.
enum class BadIndex : std::uint8_t {
  reject,       ///< refuses the call, output untouched
  skip,         ///< leaves them out of their bags, as padding is; in embedding() their output row is +0
  default_row,  ///< reads the row `default_row` in their place, before padding is looked for
};

/// How embedding() writes large outputs. Never changes the values.
enum class Stores : std::uint8_t {
  automatic,  ///< past the caches where the output is larger than Tuning::streaming_bytes(): by default, a part of the
              ///< L3
  cached,     ///< through the caches: the reader comes soon, on this core
  streaming,  ///< past the caches (where the output is aligned for it): it comes late, or elsewhere
};

struct EmbeddingOptions {
  BadIndex bad_index = BadIndex::reject;
  std::uint64_t default_row = 0;  ///< for BadIndex::default_row; less than rows
  Stores stores = Stores::automatic;
};

/// Options of embedding_bag(). The defaults are those of torch.nn.EmbeddingBag.
struct BagOptions {
  Pooling pooling = Pooling::mean;
  bool include_last_offset = false;  ///< for bags by offsets
  /// Entries with this index are left out of the bag. In [-rows, rows); negatives count from the end.
  std::optional<std::int64_t> padding_index = {};
  BadIndex bad_index = BadIndex::reject;
  std::uint64_t default_row = 0;  ///< for BadIndex::default_row; less than rows
};

}  // namespace rowan
