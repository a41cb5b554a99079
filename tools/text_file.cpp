#include "tools/text_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <utility>

#include "tools/failure.hpp"
#include "tools/output.hpp"

namespace rowan::tool {

TextFile::TextFile(std::string path, bool overwrite) : path_(std::move(path)), unfinished_(path_ + ".unfinished") {
  if (!overwrite && std::ifstream(path_)) throw Failure(path_ + " exists already; --force replaces it");
  if (!std::ofstream(unfinished_)) refuse();
  std::remove(unfinished_.c_str());
}

void TextFile::publish(const std::string& text) {
  std::ofstream file(unfinished_, std::ios::binary);
  file << text;
  file.close();
  if (file && std::rename(unfinished_.c_str(), path_.c_str()) == 0) return;
  const int reason = errno;
  std::remove(unfinished_.c_str());
  errno = reason;
  refuse();
}

void TextFile::refuse() const { throw Failure(fmt::format("cannot write {}: {}", path_, std::strerror(errno))); }

}  // namespace rowan::tool
