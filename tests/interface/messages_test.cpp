// Sentences of errors: one printable line each, whatever a file says of itself.
#include <doctest/doctest.h>

#include <string>

#include "engine/support/error.hpp"
#include "rowan/table.hpp"
#include "tests/native/samples.hpp"
#include "tests/support/files.hpp"

using namespace rowan;

TEST_CASE("control characters do not reach a terminal, and a message ends") {
  using namespace std::literals;
  CHECK(detail::make_error(Code::io_error, "a\x1b[31m\nb\0c\x7f"sv).message == "a\\x1b[31m\\x0ab\\x00c\\x7f");
  CHECK(detail::make_error(Code::io_error, "caf\xC3\xA9").message == "caf\xC3\xA9");
  const std::string endless(5'000'000, 'x');
  CHECK(detail::make_error(Code::io_error, endless).message.size() < 2100);
}

TEST_CASE("a name from a hostile header is shown harmlessly") {
  const test::TemporaryFolder folder;
  const std::string golden = test::read_file(ROWAN_GOLDEN_FOLDER "/native-1.0.safetensors");
  std::string hostile = test::with_replaced(golden, "\"words.weight\"", "\"\\u001b.weight\"");
  hostile.erase(4096, hostile.size() - golden.size());  // of the header's padding what the name has taken
  const std::string path = folder / "file";
  test::write_file(path, test::sealed(hostile));
  const auto table = Table::open(path, "items");
  REQUIRE(!table.ok());
  CHECK(table.error().message.find("control characters") != std::string::npos);
  CHECK(table.error().message.find('\x1b') == std::string::npos);
}
