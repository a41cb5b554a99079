// The start of a file that is read in order: what it is, and what it promises.
#pragma once

#include <optional>

#include "engine/files/batch_reader.hpp"
#include "engine/files/byte_source.hpp"
#include "engine/formats/registry.hpp"
#include "engine/table/row_reader.hpp"

namespace rowan::detail {

struct StreamStart {
  const Format* format = nullptr;
  StreamShape shape = {};  ///< where the format is streamed
  bool compressed = false;
};

/// Looks at the head of a source and, where its format is streamed, consumes its header and holds what that promises
/// against the size of the file, so that nothing is allocated for rows that cannot be there. `from` is the format that
/// the caller asked for.
Result<StreamStart> read_start(BatchReader& reader, std::optional<SourceFormat> from, StreamRequest asked,
                               const BatchSizes& sizes);

/// The same of a source about which nothing is asked, for whoever says what it is.
Result<StreamStart> look_into(ByteSource source);

}  // namespace rowan::detail
