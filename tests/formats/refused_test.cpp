// A corpus of hostile and broken files of every format, made by refused/generate.py: each is refused by every call that
// reads it, in a sentence that says what is wrong, soon, and without anything left behind.
#include <doctest/doctest.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/file.hpp"
#include "rowan/import.hpp"
#include "rowan/table.hpp"
#include "tests/formats/refused.hpp"
#include "tests/support/effort.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using test::RefusedFile;

namespace {

/// Seconds of the processor that a call may take, which others on the machine do not lengthen; more where all is slow.
double soon() { return test::cases(40) == 40 ? 1 : 30; }

/// The Error of a call that has to end soon, and an ok one where it succeeds.
template <class Call>
Error error_of(const Call& call) {
  const std::clock_t start = std::clock();
  const auto result = call();
  CHECK(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC < soon());
  return result.ok() ? Error{} : result.error();
}

void check_refusal(const RefusedFile& file, std::string_view piece, std::string_view call, const Error& error) {
  CAPTURE(call);
  CAPTURE(error.message);
  CHECK(error.code == file.code);
  CHECK(error.message.find(file.path) != std::string::npos);
  CHECK(error.message.find(piece) != std::string::npos);
}

/// A file that has to be converted, unless its start says already why that fails: then by the conversion's sentence.
void check_needs_conversion(const RefusedFile& file, std::string_view call, const Error& error) {
  CAPTURE(call);
  CAPTURE(error.message);
  if (error.code != Code::needs_conversion) check_refusal(file, file.convert_piece, call, error);
}

void check_ok(std::string_view call, const Error& error) {
  CAPTURE(call);
  CAPTURE(error.message);
  CHECK(error.code == Code::ok);
}

/// A file that is read though something beside it or behind it is not, which is said.
void check_noted(const RefusedFile& file, const Error& open, const Error& inspected) {
  check_ok("open", open);
  check_ok("inspect", inspected);
  const test::TemporaryFolder folder;
  const auto report = convert(file.path, folder / "target.safetensors");
  REQUIRE(report.ok());
  const auto said = [&](const std::vector<std::string>& notes) {
    return std::any_of(notes.begin(), notes.end(),
                       [&](const std::string& note) { return note.find(file.piece) != std::string::npos; });
  };
  CHECK(said(report->notes));
  CHECK(said(inspect(file.path)->notes));
}

Error error_of_convert(const std::string& path) {
  const test::TemporaryFolder folder;
  const Error error = error_of([&] { return convert(path, folder / "target.safetensors"); });
  CHECK(std::filesystem::is_empty(folder.path()));
  return error;
}

}  // namespace

TEST_CASE("every file of the corpus is refused, for its reason, by every call that reads it") {
  const std::vector<RefusedFile> files = test::refused_files();
  CHECK(files.size() >= 300);
  for (const RefusedFile& file : files) {
    CAPTURE(file.path);
    const Error open = error_of([&] { return Table::open(file.path); });
    const Error all = error_of([&] { return Table::open_all(file.path); });
    const Error inspected = error_of([&] { return inspect(file.path); });
    if (file.calls == "noted") {
      check_noted(file, open, inspected);
      continue;
    }
    check_refusal(file, file.convert_piece, "convert", error_of_convert(file.path));
    if (file.calls == "convert") {
      check_needs_conversion(file, "open", open);
      check_needs_conversion(file, "open_all", all);
      if (inspected.code != Code::ok || open.code != Code::needs_conversion) {  // they cannot disagree
        CHECK(inspected.message == open.message);
      }
      continue;
    }
    check_refusal(file, file.piece, "open", open);
    check_refusal(file, file.piece, "open_all", all);
    if (file.calls == "table") {
      check_ok("inspect", inspected);
    } else {
      check_refusal(file, file.piece, "inspect", inspected);
    }
  }
}
