// What a table that is written in place asks of its file.
#pragma once

#include "rowan/status.hpp"

namespace rowan::detail {

class InPlaceFile {
 public:
  /// Says in the file, durably, that it is being written, and lets stores through the mapping.
  virtual Result<void> mark() = 0;
  /// Brings the file up to date and takes the mark away.
  virtual Result<void> commit() = 0;

 protected:
  ~InPlaceFile() = default;
};

}  // namespace rowan::detail
