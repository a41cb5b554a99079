// How a file is opened.
#pragma once

#include <cstdint>

#include "rowan/threads.hpp"

namespace rowan {

/// What may become of the rows of a file that is opened.
enum class OpenMode : std::uint8_t {
  read_only,
  /// Rows may be written, privately: pages that are written to are copied into memory, and the file stays as it is.
  /// save_tables() and save_checkpoint() publish them, over the same path too: atomically, however the process ends.
  copy_on_write,
  /// Rows are written in the file itself, by one writer at a time; others who have it open see them change. No more
  /// memory is needed than for reading, and a writer that ends half-way leaves a file that is half-way: see
  /// Table::commit(). Not for the tables of checkpoints, whose optimizer's state would be left behind.
  read_write,
};

struct OpenOptions {
  OpenMode mode = OpenMode::read_only;
  /// The file is copied, once, into memory that nobody can write to or shorten, and that is mapped. Whoever truncates
  /// or overwrites the file afterwards changes no table and ends no process; one that changes meanwhile is an error.
  /// For files whose publisher may do that, and for network file systems. Opening reads the whole file, and its size in
  /// memory is taken until the last Table goes. Not with read_write.
  bool sealed_copy = false;
  /// A file that cannot be mapped is converted, once, into a native f32 file beside it, PATH.rowan.safetensors, and
  /// that is opened, now and from then on: at once, where size and time of the file are those that it was made from.
  /// Where the time alone differs, the content is hashed and compared; where that differs too it is converted again.
  /// `threads` convert. Of a file of another format that maps, the sidecar keeps the keys and their index, where it has
  /// keys within itself: its rows are mapped where they are, and what stands in front of them is not read again. Such a
  /// file is opened even where no sidecar can be written. Native files and open_all() have no use for it.
  bool sidecar = false;
  Threads threads = Threads::caller();
};

}  // namespace rowan
