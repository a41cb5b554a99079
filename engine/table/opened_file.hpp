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
  bool sealed_copy = false;
  Descriptor descriptor;
  Mapping mapping;
  FileKind kind = FileKind::unknown;

  /// One that is to be written in place is locked for that. Sidecars are not its business.
  static Result<OpenedFile> open(const std::string& path, const OpenOptions& options = {});
};

}  // namespace rowan::detail
