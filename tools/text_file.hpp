// A text that a command leaves behind as a file.
#pragma once

#include <string>

namespace rowan::tool {

/// A file that appears under its name when all of it is written, and not at all otherwise.
class TextFile {
 public:
  /// Throws Failure where the file exists, unless it may be replaced, or cannot be written: before what it is to hold
  /// has been measured, not after.
  TextFile(std::string path, bool overwrite);
  void publish(const std::string& text);

 private:
  [[noreturn]] void refuse() const;

  std::string path_;
  std::string unfinished_;
};

}  // namespace rowan::tool
