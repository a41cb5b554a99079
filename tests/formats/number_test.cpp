// Every way a number is parsed gives the bits of std::from_chars, or the zero that it leaves out.
#include <doctest/doctest.h>

#include <bit>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "engine/formats/number.hpp"
#include "tests/support/effort.hpp"
#include "tests/support/files.hpp"
#include "tests/support/random_tables.hpp"

using namespace rowan;
using namespace rowan::test;
using detail::NumberFault;

namespace {

struct Parsed {
  float value = 0;
  NumberFault fault = NumberFault::none;
  std::size_t length = 0;
};

/// Parses from memory of exactly the text's size, so that a sanitizer sees a read beyond it.
Parsed parse(std::string_view text) {
  const std::vector<char> exact(text.begin(), text.end());
  Parsed parsed;
  const auto [end, fault] = detail::parse_number(exact.data(), exact.data() + exact.size(), parsed.value);
  parsed.fault = fault;
  parsed.length = static_cast<std::size_t>(end - exact.data());
  return parsed;
}

std::uint32_t bits(float value) { return std::bit_cast<std::uint32_t>(value); }

/// glibc's strtof is exact, and it tells too small (0 or a denormal) from too large (infinity).
void check_against_strtof(const std::string& text) {
  CAPTURE(text);
  const float expected = std::strtof(text.c_str(), nullptr);
  const Parsed found = parse(text);
  if (std::isinf(expected)) {
    CHECK(found.fault == NumberFault::out_of_range);
  } else {
    REQUIRE(found.fault == NumberFault::none);
    CHECK(bits(found.value) == bits(expected));
  }
  CHECK(found.length == text.size());
  CHECK(bits(parse(text + " 12345678").value) == bits(found.value));  // with room to read ahead
}

std::string digits(Random& random, std::uint64_t count) {
  std::string text;
  for (std::uint64_t i = 0; i < count; ++i) text += static_cast<char>('0' + below(random, 10));
  return text;
}

}  // namespace

TEST_CASE("random decimals of every shape") {
  Random random(20240607);
  for (int i = 0; i < cases(400'000); ++i) {
    std::string text = below(random, 2) == 0 ? "-" : "";
    const std::uint64_t whole = below(random, 4) == 0 ? below(random, 25) : below(random, 3);
    const std::uint64_t fraction = below(random, 8) == 0 ? below(random, 60) : below(random, 12);
    text += digits(random, whole);
    if (fraction != 0 || below(random, 4) == 0) text.append(".").append(digits(random, fraction));
    if (whole + fraction == 0) text += "0";
    if (below(random, 3) == 0) {
      const auto range = below(random, 2) == 0 ? std::uint64_t{12} : std::uint64_t{60};
      const auto power = static_cast<std::int64_t>(below(random, 2 * range)) - static_cast<std::int64_t>(range);
      text.append("e").append(std::to_string(power));
    }
    if (text.ends_with('.') && (text == "." || text == "-.")) text += "0";
    check_against_strtof(text);
  }
}

TEST_CASE("every kind of float comes back from its shortest and from nine digits") {
  Random random(7);
  for (int i = 0; i < cases(200'000); ++i) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (!std::isfinite(value)) continue;
    char text[64];
    *std::to_chars(text, text + sizeof text, value).ptr = '\0';
    CHECK(bits(parse(text).value) == bits(value));
    std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value));
    CHECK(bits(parse(text).value) == bits(value));
    std::snprintf(text, sizeof text, "%.18e", static_cast<double>(value));
    CHECK(bits(parse(text).value) == bits(value));
  }
}

TEST_CASE("midpoints of neighbouring floats, and a hair to either side") {
  Random random(11);
  for (int i = 0; i < cases(50'000); ++i) {
    const auto lower = std::bit_cast<float>((static_cast<std::uint32_t>(random()) & 0x7FFF'FFFFU) % 0x7F7F'FFFFU);
    const auto upper = std::bit_cast<float>(std::bit_cast<std::uint32_t>(lower) + 1);
    const double middle = (static_cast<double>(lower) + static_cast<double>(upper)) / 2;
    char text[400];
    for (const int precision : {15, 16, 17, 30, 150}) {
      std::snprintf(text, sizeof text, "%.*g", precision, middle);
      check_against_strtof(text);
    }
    std::snprintf(text, sizeof text, "%.160e", middle);
    std::string hair = text;
    hair.insert(hair.find('e'), "0000000000000000000001");
    check_against_strtof(hair);
  }
  check_against_strtof("16777217");             // 2^24 + 1: exact in a double, and a tie
  check_against_strtof("16777217.0000000001");  // above it, equal as doubles
  check_against_strtof("16777216.9999999999");  // below it
  check_against_strtof("9007199254740993");     // 2^53 + 1
  check_against_strtof("0.500000029802322387695312500000000000000000001");
}

TEST_CASE("the ends of the range") {
  for (const char* text :
       {"3.4028234663852886e38",
        "3.4028235677973365e38",
        "3.4028235677973366e38",
        "3.4028235677973367e38",
        "1e39",
        "-1e400",
        "1.17549435e-38",
        "1.1754942e-38",
        "1e-45",
        "7.0064923216240853e-46",
        "7.0064923216240854e-46",
        "7.00649232162408535461864791644958065640130970938257885878534141944895541342930300743319094181060791015625e-"
        "46",
        "1e-46",
        "-1e-46",
        "1e-400",
        "1e99999999999999999999999",
        "1e-99999999999999999999999",
        "0e99999999999999999999999",
        "0.0",
        "-0",
        "-0.0e5",
        "00000000000000000000000000000000000000001.5",
        "100000000000000000000000000000000000000000000e-44",
        "0.0000000000000000000000000000000000000000000001e46"}) {
    check_against_strtof(text);
  }
}

TEST_CASE("words that are numbers") {
  for (const char* text : {"inf", "-inf", "INF", "Infinity", "-infinity"}) CHECK(std::isinf(parse(text).value));
  for (const char* text : {"nan", "-nan", "NaN", "NAN"}) {
    CHECK(parse(text).fault == NumberFault::none);
    CHECK(std::isnan(parse(text).value));
  }
  CHECK(parse("+inf").value > 0);
  CHECK(parse("+1.5").value == 1.5F);
  CHECK(parse("1.").value == 1.0F);
  CHECK(parse(".5").value == 0.5F);
}

TEST_CASE("what is no number") {
  for (const char* text : {"-",    "+",   ".",    "-.", "+-1",  "-+1",   "++1", "e5",   "1e",  "1e+", "1e-", "0x1p3",
                           "0x10", "1,5", "1.5f", "1 ", "1..2", "1.2.3", "in",  "nanx", "1_0", "\t1", "1\r"}) {
    CAPTURE(text);
    const Parsed parsed = parse(text);
    if (std::string_view(text) == "1 ") {
      CHECK(parsed.length == 1);
    } else {
      CHECK(parsed.fault == NumberFault::malformed);
    }
  }
  CHECK(parse("").fault == NumberFault::empty);
  CHECK(parse(" 1").fault == NumberFault::empty);
}

TEST_CASE("a locale with a decimal comma changes nothing") {
  const TemporaryFolder folder;
  const std::string make = "localedef -i de_DE -f UTF-8 " + folder / "de_DE.UTF-8" + " >/dev/null 2>&1";
  REQUIRE_MESSAGE(std::system(make.c_str()) == 0, "localedef, of Debian's package locales, must work");
  ::setenv("LOCPATH", folder.path().c_str(), 1);
  REQUIRE(std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr);
  CHECK(std::strtof("1,5", nullptr) == 1.5F);  // the comma does count here
  CHECK(parse("1.5").value == 1.5F);
  CHECK(parse("1.17549435e-38").value == 1.17549435e-38F);
  CHECK(parse("1,5").fault == NumberFault::malformed);
  std::setlocale(LC_ALL, "C");
  ::unsetenv("LOCPATH");
}
