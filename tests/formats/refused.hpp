// The corpus of refused files, as refused/generate.py wrote it before the test.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/status.hpp"

namespace rowan::test {

struct RefusedFile {
  std::string path;
  std::string calls;  ///< as case.py has them: "file", "table" or "convert"
  Code code = Code::ok;
  std::string piece;          ///< of the sentence
  std::string convert_piece;  ///< of convert()'s
};

inline Code code_called(const std::string& name) {
  static const std::map<std::string_view, Code> codes = {
      {"malformed_file", Code::malformed_file},
      {"format_unsupported", Code::format_unsupported},
      {"version_unsupported", Code::version_unsupported},
      {"checksum_mismatch", Code::checksum_mismatch},
      {"not_found", Code::not_found},
      {"invalid_argument", Code::invalid_argument},
  };
  const auto at = codes.find(name);
  REQUIRE_MESSAGE(at != codes.end(), "the manifest has the unknown code ", name);
  return at->second;
}

/// The lines of the manifest in the folder ROWAN_REFUSED_FILES.
inline std::vector<RefusedFile> refused_files() {
  const char* const folder = std::getenv("ROWAN_REFUSED_FILES");
  REQUIRE_MESSAGE(folder != nullptr, "ROWAN_REFUSED_FILES names no folder: run this test by ctest");
  const std::filesystem::path root(folder);
  std::ifstream manifest(root / "manifest.tsv");
  std::vector<RefusedFile> files;
  for (std::string name; std::getline(manifest, name, '\t');) {
    RefusedFile& file = files.emplace_back();
    std::string code;
    std::getline(manifest, file.calls, '\t');
    std::getline(manifest, code, '\t');
    std::getline(manifest, file.piece, '\t');
    std::getline(manifest, file.convert_piece);
    file.path = (root / name).string();
    file.code = code_called(code);
  }
  return files;
}

}  // namespace rowan::test
