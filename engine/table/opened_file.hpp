// A file that is mapped, and recognised by its content.
#pragma once

#include <memory>
#include <string>

#include "engine/table/file_map.hpp"
#include "engine/table/sniff.hpp"
#include "rowan/table.hpp"

namespace rowan::detail {

struct OpenedFile {
  std::string path;
  OpenMode mode = OpenMode::read_only;
  Descriptor descriptor;
  Mapping mapping;
  FileKind kind = FileKind::unknown;

  /// One that is to be written in place is locked for that.
  static Result<OpenedFile> open(const std::string& path, OpenMode mode);
};

}  // namespace rowan::detail
