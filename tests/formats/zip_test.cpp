// Zip archives: places from the members' own headers, and whatever contradicts itself refused.
#include "engine/formats/zip.hpp"

#include <doctest/doctest.h>

#include "engine/formats/registry.hpp"
#include "tests/formats/samples.hpp"

using namespace rowan;
using namespace rowan::test;
using detail::ZipArchive;

namespace {

/// The archive's members as a file's tensors, so that the shared checks apply.
Result<detail::FoundFile> read_archive(std::span<const std::byte> file, const std::string& path) {
  const auto archive = ZipArchive::read(file, path);
  if (!archive) return archive.error();
  for (const detail::ZipMember& member : archive->members()) {
    CHECK(archive->find(member.name) == &member);
    const auto content = detail::whole_member(file, member, 1 << 20, path);
    if (!content) return content.error();
    CHECK(content->bytes.size() == member.inflated);
  }
  return detail::FoundFile{};
}

const std::vector<ZipPart> two_parts = {{"first", "stored content"}, {"second", std::string(1000, 'x'), true}};

std::string content(const std::string& file, const detail::ZipMember& member) {
  const auto whole = detail::whole_member(detail::as_bytes(file), member, 1 << 20, "the/path");
  REQUIRE(whole.ok());
  return std::string(detail::as_text(whole->bytes));
}

}  // namespace

TEST_CASE("members are found where their own headers say") {
  for (const bool deferred : {false, true}) {
    for (const bool zip64 : {false, true}) {
      for (const std::string comment : {"", "a comment", "PK\x05\x06 in a comment that is longer than a record"}) {
        auto parts = two_parts;
        for (ZipPart& part : parts) {
          part.deferred = deferred;
          part.zip64 = zip64;
        }
        parts.push_back({"empty", "", false, deferred});
        parts.push_back({"deflated and empty", "", true, deferred});
        const ZipSample zip = zip_of(parts, zip64, comment);
        const auto archive = ZipArchive::read(detail::as_bytes(zip.bytes), "the/path");
        REQUIRE(archive.ok());
        REQUIRE(archive->members().size() == 4);
        for (std::size_t i = 0; i < 4; ++i) {
          const detail::ZipMember& member = archive->members()[i];
          CHECK(member.name == parts[i].name);
          CHECK(member.offset == zip.data[i]);
          CHECK(member.deflated == parts[i].deflate);
          CHECK(member.inflated == parts[i].content.size());
          CHECK(member.bytes == (parts[i].deflate ? deflated(parts[i].content).size() : parts[i].content.size()));
          CHECK(archive->find(member.name) == &member);
          CHECK(content(zip.bytes, member) == parts[i].content);
        }
        CHECK(archive->find("third") == nullptr);
        CHECK(archive->find("") == nullptr);
      }
    }
  }
}

TEST_CASE("an archive may be empty") {
  const auto archive = ZipArchive::read(detail::as_bytes(zip_of({}).bytes), "the/path");
  REQUIRE(archive.ok());
  CHECK(archive->members().empty());
}

TEST_CASE("the start of a member is read alone, and a cap holds") {
  std::string numbers;
  for (int i = 0; i < 5000; ++i) numbers += std::to_string(i * i);
  for (const bool deflate : {false, true}) {
    const ZipSample zip = zip_of({{"numbers", numbers, deflate}});
    const auto file = detail::as_bytes(zip.bytes);
    const auto archive = ZipArchive::read(file, "the/path");
    REQUIRE(archive.ok());
    const detail::ZipMember& member = archive->members()[0];
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{777}, numbers.size()}) {
      const auto start = detail::start_of_member(file, member, count, "the/path");
      REQUIRE(start.ok());
      CHECK(detail::as_text(start->bytes) == numbers.substr(0, count));
    }
    const auto all = detail::start_of_member(file, member, ~std::uint64_t{0}, "the/path");
    REQUIRE(all.ok());
    CHECK(detail::as_text(all->bytes) == numbers);
    const auto refused = detail::whole_member(file, member, numbers.size() - 1, "the/path");
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Code::format_unsupported);
    CHECK(refused.error().message.find("at most") != std::string::npos);
  }
}

TEST_CASE("contradictions are refused") {
  const ZipSample zip = zip_of(two_parts);
  const ZipSample wide = zip_of(two_parts, true);
  const std::size_t end = zip.end;
  const std::size_t record = wide.end;
  const std::size_t locator = wide.end + 56;
  constexpr Code malformed = Code::malformed_file;
  constexpr Code unsupported = Code::format_unsupported;
  const auto with = [&](std::size_t at, std::string_view bytes) { return patched(zip.bytes, at, bytes); };
  const auto with_wide = [&](std::size_t at, std::string_view bytes) { return patched(wide.bytes, at, bytes); };
  const std::size_t entry = zip.entries[1];
  const std::size_t header = zip.headers[1];
  const Refusal refusals[] = {
      {"", malformed, "no end record"},
      {"PK\x05\x06", malformed, "no end record"},
      {zip.bytes + "more", malformed, "no end record"},
      {with(end + 4, u16(1)), unsupported, "several files"},
      {with(end + 10, u16(1)), unsupported, "several files"},
      {with(end + 8, u16(1) + u16(1)), malformed, "bytes more than its members take"},
      {with(end + 8, u16(3) + u16(3)), malformed, "claims 3 members in"},
      {with(end + 8, u16(0xFFFF) + u16(0xFFFF)), malformed, "claims 65535 members"},
      {with(end + 12, u32(~0U)), malformed, "does not end at byte"},
      {with(end + 16, u32(0)), malformed, "does not end at byte"},
      {with_wide(record, "PK\x01\x02"), malformed, "no zip64 end record"},
      {with_wide(locator + 8, u64(~std::uint64_t{0})), malformed, "no zip64 end record"},
      {with_wide(locator + 8, u64(locator - 3)), malformed, "no zip64 end record"},
      {with_wide(locator + 16, u32(2)), unsupported, "several files"},
      {with_wide(record + 4, u64(~std::uint64_t{0})), malformed, "contradicts itself"},
      {with_wide(record + 24, u64(9)), malformed, "contradicts itself"},
      {with_wide(record + 24, u64(~0ULL) + u64(~0ULL)), malformed, "claims 18446744073709551615 members"},
      {with_wide(record + 40, u64(~0ULL)), malformed, "does not end at byte"},
      {with_wide(record + 48, u64(~0ULL)), malformed, "does not end at byte"},
      {with_wide(locator + 20 + 8, u16(7) + u16(7)), malformed, "two end records differ"},
      {with(zip.directory, "PK\x09\x09"), malformed, "no entry of a member"},
      {with(entry + 8, u16(1)), unsupported, "'second' is encrypted"},
      {with(entry + 10, u16(12)), unsupported, "'second' is compressed by method 12"},
      {with(entry + 10, u16(0)), malformed, "two sizes"},
      {with(entry + 16, u32(1)), malformed, "another method, size or CRC-32"},
      {with(entry + 20, u32(1)), malformed, "another method, size or CRC-32"},
      {with(entry + 24, u32(1)), malformed, "another method, size or CRC-32"},
      {with(entry + 28, u16(0xFFFF)), malformed, "in a member's name"},
      {with(entry + 24, u32(~0U)), malformed, "lacks the zip64 sizes that its entry"},
      {with(header + 18, u32(~0U)), malformed, "lacks the zip64 sizes that its header"},
      {with(entry + 42, u32(0x7FFFFFFF)), malformed, "begins at byte 2147483647 of"},
      {with(entry + 42, u32(1)), malformed, "has no header at byte 1"},
      {with(entry + 42, u32(0)), malformed, "is called 'first' by its own header"},
      {with(header, "PK\x01\x02"), malformed, "has no header"},
      {with(header + 30, "S"), malformed, "is called 'Second'"},
      {with(header + 26, u16(0xFFFF)), malformed, "passes the end of the file"},
      {with(header + 28, u16(zip.bytes.size() - header - 36 - 3)), malformed, "behind its header"},
      {with(header + 28, u16(20)), malformed, "overlaps the zip directory"},
      {zip_of({{"a", "1"}, {"a", "2"}}).bytes, malformed, "has the member 'a' twice"},
  };
  check_refusals(read_archive, refusals);

  // The second member's header in the first one's data.
  const ZipSample inner = zip_of({{"b", "content"}});
  ZipSample outer = zip_of({{"a", inner.bytes.substr(0, inner.directory)}, {"b", "content"}});
  outer.bytes = patched(outer.bytes, outer.entries[1] + 42, u32(outer.data[0]));
  check_refusal(read_archive, outer.bytes, malformed, "member 'a' overlaps member 'b'");
}

TEST_CASE("deflated data that is not what it claims is refused") {
  const std::string content(1000, 'x');
  const auto part = [&](std::string data) {
    return zip_of({{"m", content, true, false, false, std::move(data)}}).bytes;
  };
  const std::string good = deflated(content);
  REQUIRE(read(read_archive, part(good)).ok());
  check_refusal(read_archive, part(deflated(content.substr(1))), Code::malformed_file, "becomes 999 bytes, fewer than");
  check_refusal(read_archive, part(deflated(content + 'x')), Code::malformed_file, "becomes more than the 1000");
  check_refusal(read_archive, part(deflated(std::string(1000, 'y'))), Code::malformed_file, "another CRC-32");
  check_refusal(read_archive, part(good + "rest"), Code::malformed_file, "ends 4 bytes before its end");
  check_refusal(read_archive, part(good.substr(0, good.size() - 1)), Code::malformed_file,
                "ends inside its last block");
  check_refusal(read_archive, part("\xFF\xFF\xFF"), Code::malformed_file, "damaged");
  // 16 bytes that claim 3 GiB, of which none are allocated.
  std::string bomb = part(std::string(16, '\0'));
  const std::string size = u32(content.size());
  bomb = replaced(replaced(bomb, size, u32(3U << 30)), size, u32(3U << 30));
  const auto archive = ZipArchive::read(detail::as_bytes(bomb), "the/path");
  REQUIRE(archive.ok());
  const auto start =
      detail::start_of_member(detail::as_bytes(bomb), archive->members()[0], ~std::uint64_t{0}, "the/path");
  REQUIRE_FALSE(start.ok());
  CHECK(start.error().message.find("cannot hold so many") != std::string::npos);
}

TEST_CASE("a damaged archive is read or refused") {
  check_damage(read_archive, zip_of(two_parts).bytes);
  auto parts = two_parts;
  for (ZipPart& part : parts) part.zip64 = true;
  check_damage(read_archive, zip_of(parts, true).bytes);
}

TEST_CASE("a zip of neither kind is converted, and an empty one refused") {
  check_refusal(detail::zip_format.read, zip_of(two_parts).bytes, Code::needs_conversion, "neither .npy arrays nor");
  check_refusal(detail::zip_format.read, zip_of({{"data.pkl", "x"}}).bytes, Code::needs_conversion,
                "neither .npy arrays nor");
  check_refusal(detail::zip_format.read, zip_of({}).bytes, Code::format_unsupported, "nothing in it");
  check_refusal(detail::zip_format.read, zip_of({{"folder/", ""}}).bytes, Code::format_unsupported, "nothing in it");
}
