// The directory at the archive's end says where the members' own headers are, and those how long they are themselves:
// where data begin is known from both only.
#include "engine/formats/zip.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "engine/formats/cursor.hpp"
#include "engine/support/bytes.hpp"
#include "engine/support/checked.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

using namespace std::literals;

constexpr std::string_view end_signature = "PK\x05\x06"sv;
constexpr std::string_view zip64_end_signature = "PK\x06\x06"sv;
constexpr std::string_view zip64_locator_signature = "PK\x06\x07"sv;
constexpr std::string_view entry_signature = "PK\x01\x02"sv;
constexpr std::string_view member_signature = "PK\x03\x04"sv;

constexpr std::uint64_t end_bytes = 22;  // without the comment
constexpr std::uint64_t longest_comment = 0xFFFF;
constexpr std::uint64_t zip64_locator_bytes = 20;
constexpr std::uint64_t zip64_end_prefix = 12;  // of its record: the signature and the length of what follows
constexpr std::uint64_t entry_bytes = 46;       // without name, extra and comment

constexpr std::uint32_t encrypted_flags = 0x2041;  // encrypted, strongly, with its header
constexpr std::uint32_t deferred_flag = 0x0008;    // sizes and CRC follow the data
constexpr std::uint32_t method_stored = 0;
constexpr std::uint32_t method_deflated = 8;
constexpr std::uint32_t in_zip64 = 0xFFFFFFFF;  // in place of a size or offset that the zip64 extra has
constexpr std::uint16_t zip64_extra = 1;

/// What the end records say of the directory.
struct Directory {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t offset = 0;
  std::uint64_t end = 0;  // where the first of the end records begins
};

Error malformed(const std::string& path, std::string_view what) {
  return make_error(Code::malformed_file, path, ": ", what);
}

/// The end record is the last one whose comment reaches to the end of the file exactly.
std::optional<std::uint64_t> find_end(std::string_view file) {
  if (file.size() < end_bytes) return std::nullopt;
  const std::uint64_t last = file.size() - end_bytes;
  const std::uint64_t first = last - std::min(last, longest_comment);
  for (std::uint64_t at = last + 1; at-- > first;) {
    if (file.substr(at, end_signature.size()) != end_signature) continue;
    const auto low = static_cast<unsigned char>(file[at + 20]);
    const auto high = static_cast<unsigned char>(file[at + 21]);
    if (file.size() - at - end_bytes == (std::uint64_t{high} << 8 | low)) return at;
  }
  return std::nullopt;
}

/// What the zip64 end record says, which stands where the locator right before `end` points.
Result<Directory> read_zip64_end(std::span<const std::byte> file, std::uint64_t locator, const std::string& path) {
  Cursor cursor(file.subspan(locator, zip64_locator_bytes), path);
  cursor.skip(8, "the zip64 locator");
  const auto at = cursor.take<std::uint64_t>("the zip64 locator");
  if (cursor.take<std::uint32_t>("the zip64 locator") > 1) {
    return make_error(Code::format_unsupported, path, " is a part of a zip archive in several files");
  }
  if (at > locator || as_text(file.subspan(at, locator - at)).substr(0, 4) != zip64_end_signature) {
    return malformed(path, concat("its zip64 locator points to byte ", at, ", where no zip64 end record is"));
  }
  Cursor record(file.subspan(at, locator - at), concat(path, ": the zip64 end record at byte ", at));
  record.skip(4, "its signature");
  const auto rest = record.take<std::uint64_t>("its length");
  record.skip(12, "its versions and disks");
  Directory directory;
  const auto entries_here = record.take<std::uint64_t>("its number of members");
  directory.entries = record.take<std::uint64_t>("its number of members");
  directory.bytes = record.take<std::uint64_t>("the length of the directory");
  directory.offset = record.take<std::uint64_t>("the place of the directory");
  directory.end = at;
  if (!record.ok()) return record.error();
  if (entries_here != directory.entries || rest != locator - at - zip64_end_prefix) {
    return malformed(path, concat("its zip64 end record at byte ", at, " contradicts itself or its locator"));
  }
  return directory;
}

Result<Directory> read_end(std::span<const std::byte> file, const std::string& path) {
  const auto end = find_end(as_text(file));
  if (!end) return malformed(path, "the zip archive has no end record: the file was cut short, or something appended");
  Cursor cursor(file.subspan(*end), path);
  cursor.skip(4, "the end record");
  const auto disk = cursor.take<std::uint16_t>("the end record");
  const auto directory_disk = cursor.take<std::uint16_t>("the end record");
  const auto entries_here = cursor.take<std::uint16_t>("the end record");
  const auto entries = cursor.take<std::uint16_t>("the end record");
  const auto bytes = cursor.take<std::uint32_t>("the end record");
  const auto offset = cursor.take<std::uint32_t>("the end record");
  if ((disk != 0 && disk != 0xFFFF) || (directory_disk != 0 && directory_disk != 0xFFFF) || entries_here != entries) {
    return make_error(Code::format_unsupported, path, " is a part of a zip archive in several files");
  }

  if (*end >= zip64_locator_bytes) {
    const std::uint64_t locator = *end - zip64_locator_bytes;
    if (as_text(file.subspan(locator, 4)) == zip64_locator_signature) {
      auto directory = read_zip64_end(file, locator, path);
      if (!directory) return directory;
      const bool agree = (entries == directory->entries || entries == 0xFFFF) &&
                         (bytes == directory->bytes || bytes == in_zip64) &&
                         (offset == directory->offset || offset == in_zip64);
      if (!agree) return malformed(path, "its two end records differ in what they say of the directory");
      return directory;
    }
  }
  return Directory{entries, bytes, offset, *end};
}

/// The zip64 extra among a header's extras; empty where there is none.
std::span<const std::byte> find_zip64(std::span<const std::byte> extras) {
  Cursor cursor(extras, {});
  while (cursor.ok() && cursor.left() > 0) {
    const auto id = cursor.take<std::uint16_t>("an extra");
    const auto extra = cursor.take_bytes(cursor.take<std::uint16_t>("an extra"), "an extra");
    if (cursor.ok() && id == zip64_extra) return extra;
  }
  return {};
}

/// Fields that an entry of the directory and the member's own header both have.
struct Fields {
  std::uint32_t flags = 0;
  std::uint32_t method = 0;
  std::uint32_t crc32 = 0;
  std::uint64_t bytes = 0;
  std::uint64_t inflated = 0;
  std::uint16_t name_bytes = 0;
  std::uint16_t extra_bytes = 0;
};

Fields take_fields(Cursor& cursor, const char* what) {
  Fields fields;
  fields.flags = cursor.take<std::uint16_t>(what);
  fields.method = cursor.take<std::uint16_t>(what);
  cursor.skip(4, what);  // time and date
  fields.crc32 = cursor.take<std::uint32_t>(what);
  fields.bytes = cursor.take<std::uint32_t>(what);
  fields.inflated = cursor.take<std::uint32_t>(what);
  fields.name_bytes = cursor.take<std::uint16_t>(what);
  fields.extra_bytes = cursor.take<std::uint16_t>(what);
  return fields;
}

/// Replaces what is marked as being in the zip64 extra; false where it is not there.
bool take_zip64(std::span<const std::byte> extras, std::initializer_list<std::uint64_t*> numbers) {
  Cursor cursor(find_zip64(extras), {});
  for (std::uint64_t* number : numbers) {
    if (*number == in_zip64) *number = cursor.take<std::uint64_t>("a number");
  }
  return cursor.ok();
}

struct Entry {
  ZipMember member;
  Fields fields;
  std::uint64_t header = 0;  // where the member's own begins
};

Result<Entry> take_entry(Cursor& cursor, const std::string& path) {
  Entry entry;
  const std::uint64_t at = cursor.at();
  if (cursor.take_text(4, "an entry") != entry_signature) {
    return cursor.ok() ? malformed(path, concat("no entry of a member is at byte ", at, " of the zip directory"))
                       : cursor.error();
  }
  cursor.skip(4, "an entry");  // versions
  Fields& fields = entry.fields;
  fields = take_fields(cursor, "an entry");
  const auto comment_bytes = cursor.take<std::uint16_t>("an entry");
  cursor.skip(8, "an entry");  // disk and attributes
  entry.header = cursor.take<std::uint32_t>("an entry");
  entry.member.name = cursor.take_text(fields.name_bytes, "a member's name");
  const auto extras = cursor.take_bytes(fields.extra_bytes, "a member's extras");
  cursor.skip(comment_bytes, "a member's comment");
  if (!cursor.ok()) return cursor.error();
  const std::string name = in_quotes(entry.member.name);
  if (!take_zip64(extras, {&fields.inflated, &fields.bytes, &entry.header})) {
    return malformed(path, concat("member ", name, " lacks the zip64 sizes that its entry refers to"));
  }
  if ((fields.flags & encrypted_flags) != 0) {
    return make_error(Code::format_unsupported, path, ": member ", name, " is encrypted; stored and deflated are read");
  }
  if (fields.method != method_stored && fields.method != method_deflated) {
    return make_error(Code::format_unsupported, path, ": member ", name, " is compressed by method ", fields.method,
                      "; 0 (stored) and 8 (deflated) are read");
  }
  if (fields.method == method_stored && fields.bytes != fields.inflated) {
    return malformed(path,
                     concat("member ", name, " is stored and has two sizes, ", fields.bytes, " and ", fields.inflated));
  }
  return entry;
}

/// Finds the data of the entry's member behind its own header, which must say the same as the entry.
Result<ZipMember> locate(std::span<const std::byte> file, const Entry& entry, const std::string& path) {
  const Fields& said = entry.fields;
  ZipMember member = entry.member;
  const std::string subject = concat(path, ": member ", in_quotes(member.name));
  const auto refused = [&](std::string_view what) { return make_error(Code::malformed_file, subject, what); };
  if (entry.header > file.size()) {
    return refused(concat(" begins at byte ", entry.header, " of ", file.size(), " by the directory"));
  }
  Cursor cursor(file.subspan(entry.header), subject);
  if (cursor.take_text(4, "its header") != member_signature) {
    return refused(concat(" has no header at byte ", entry.header, ", where the directory says"));
  }
  cursor.skip(2, "its header");
  Fields own = take_fields(cursor, "its header");
  const auto name = cursor.take_text(own.name_bytes, "its header");
  const auto extras = cursor.take_bytes(own.extra_bytes, "its header");
  if (!cursor.ok()) return refused(" has a header that passes the end of the file");
  if (name != member.name) return refused(concat(" is called ", in_quotes(name), " by its own header"));
  if ((own.bytes == in_zip64 || own.inflated == in_zip64) && !take_zip64(extras, {&own.inflated, &own.bytes})) {
    return refused(" lacks the zip64 sizes that its header refers to");
  }
  const bool deferred = (own.flags & deferred_flag) != 0;
  const auto agree = [&](std::uint64_t in_header, std::uint64_t in_entry) {
    return in_header == in_entry || (deferred && in_header == 0);
  };
  if (own.method != said.method || !agree(own.bytes, said.bytes) || !agree(own.inflated, said.inflated) ||
      !agree(own.crc32, said.crc32)) {
    return refused(" has another method, size or CRC-32 by its own header than by the directory");
  }
  if (said.bytes > cursor.left()) {
    return refused(concat(" has ", said.bytes, " bytes and the file only ", cursor.left(), " behind its header"));
  }
  member.offset = entry.header + cursor.at();
  member.bytes = said.bytes;
  member.inflated = said.inflated;
  member.deflated = said.method == method_deflated;
  member.crc32 = said.crc32;
  return member;
}

}  // namespace

Result<ZipArchive> ZipArchive::read(std::span<const std::byte> file, const std::string& path) {
  const auto directory = read_end(file, path);
  if (!directory) return directory.error();
  const auto end = checked_add(directory->offset, directory->bytes);
  if (!end || *end != directory->end) {
    return malformed(path, concat("its zip directory of ", directory->bytes, " bytes at byte ", directory->offset,
                                  " does not end at byte ", directory->end, ", where the end record begins"));
  }
  if (directory->entries > directory->bytes / entry_bytes) {
    return malformed(
        path, concat("its zip directory claims ", directory->entries, " members in ", directory->bytes, " bytes"));
  }

  ZipArchive archive;
  archive.members_.reserve(directory->entries);
  archive.headers_.reserve(directory->entries);
  Cursor cursor(file.subspan(directory->offset, directory->bytes), concat(path, ": the zip directory"));
  for (std::uint64_t i = 0; i < directory->entries; ++i) {
    const auto entry = take_entry(cursor, path);
    if (!entry) return entry.error();
    const auto member = locate(file, *entry, path);
    if (!member) return member.error();
    archive.members_.push_back(*member);
    archive.headers_.push_back(entry->header);
  }
  if (cursor.left() != 0) {
    return malformed(path, concat("its zip directory has ", cursor.left(), " bytes more than its members take"));
  }
  if (auto indexed = archive.index(directory->offset, path); !indexed) return indexed.error();
  return archive;
}

Result<void> ZipArchive::index(std::uint64_t directory, const std::string& path) {
  std::vector<std::uint64_t> order(members_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [this](auto a, auto b) { return headers_[a] < headers_[b]; });
  for (std::size_t i = 0; i < order.size(); ++i) {
    const ZipMember& member = members_[order[i]];
    const bool last = i + 1 == order.size();
    const std::uint64_t limit = last ? directory : headers_[order[i + 1]];
    if (limit < headers_[order[i]] || limit < member.offset + member.bytes) {
      return malformed(path,
                       concat("member ", in_quotes(member.name), " overlaps ",
                              last ? "the zip directory" : concat("member ", in_quotes(members_[order[i + 1]].name))));
    }
  }
  std::sort(order.begin(), order.end(), [this](auto a, auto b) { return members_[a].name < members_[b].name; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (members_[order[i - 1]].name == members_[order[i]].name) {
      return malformed(path, concat("the zip archive has the member ", in_quotes(members_[order[i]].name), " twice"));
    }
  }
  by_name_ = std::move(order);
  return {};
}

const ZipMember* ZipArchive::find(std::string_view name) const noexcept {
  const auto at = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                   [this](std::uint64_t i, std::string_view n) { return members_[i].name < n; });
  if (at == by_name_.end() || members_[*at].name != name) return nullptr;
  return &members_[*at];
}

}  // namespace rowan::detail
