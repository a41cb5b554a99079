// Small files of NumPy's and PyTorch's, put together byte by byte, and checks that all their readers share.
#pragma once

#include <doctest/doctest.h>
#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/formats/found.hpp"
#include "engine/support/bytes.hpp"
#include "rowan/status.hpp"
#include "tests/formats/damaged.hpp"

namespace rowan::test {

using namespace std::literals;

using Reader = std::function<Result<detail::FoundFile>(std::span<const std::byte>, const std::string&)>;

/// The number, little-endian.
template <class Number>
std::string raw(Number number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}
inline std::string u16(std::uint64_t number) { return raw(static_cast<std::uint16_t>(number)); }
inline std::string u32(std::uint64_t number) { return raw(static_cast<std::uint32_t>(number)); }
inline std::string u64(std::uint64_t number) { return raw(number); }

/// `bytes` with what is at `at` replaced.
inline std::string patched(std::string bytes, std::size_t at, std::string_view replacement) {
  return bytes.replace(at, replacement.size(), replacement);
}

/// `text` with one occurrence replaced, which must be there.
inline std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

inline Result<detail::FoundFile> read(const Reader& reader, std::string_view file) {
  return read_exactly(file, [&](std::span<const std::byte> bytes) { return reader(bytes, "the/path"); });
}

inline void check_refusal(const Reader& reader, std::string_view file, Code code, std::string_view piece) {
  const auto found = read(reader, file);
  REQUIRE_FALSE(found.ok());
  CAPTURE(found.error().message);
  CHECK(found.error().code == code);
  CHECK(found.error().message.starts_with("the/path"));
  CHECK(found.error().message.find(piece) != std::string::npos);
}

struct Refusal {
  std::string file;
  Code code;
  std::string_view piece;  ///< of the sentence
};
inline void check_refusals(const Reader& reader, std::span<const Refusal> refusals) {
  for (const Refusal& refusal : refusals) {
    CAPTURE(refusal.piece);
    check_refusal(reader, refusal.file, refusal.code, refusal.piece);
  }
}

/// Cut anywhere the file is refused, and whatever byte is flipped, it is read or refused, and nothing else.
inline void check_damage(const Reader& reader, const std::string& file) {
  REQUIRE(read(reader, file).ok());
  for_each_damage(file, few_changes, [&](std::span<const std::byte> bytes, bool whole) {
    const auto found = reader(bytes, "the/path");
    CHECK((whole || !found.ok()));
    if (!found) CHECK(found.error().message.starts_with("the/path"));
  });
}

inline std::string deflated(std::string_view content) {
  z_stream stream = {};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string bytes(content.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  return bytes;
}

struct ZipPart {
  std::string name;
  std::string content;
  bool deflate = false;
  bool deferred = false;  ///< sizes behind the data
  bool zip64 = false;     ///< sizes and place in extras
  std::string data = {};  ///< where not empty: in place of the content, whose size and CRC-32 stay
};

struct ZipSample {
  std::string bytes;
  std::vector<std::size_t> headers;  ///< of the members
  std::vector<std::size_t> data;
  std::vector<std::size_t> entries;  ///< in the directory
  std::size_t directory = 0;
  std::size_t end = 0;  ///< the first of the end records
};

inline ZipSample zip_of(const std::vector<ZipPart>& parts, bool zip64 = false, const std::string& comment = "") {
  ZipSample zip;
  std::string directory;
  for (const ZipPart& part : parts) {
    std::string data = part.deflate ? deflated(part.content) : part.content;
    if (!part.data.empty()) data = part.data;
    const auto crc = static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(part.content.data()), static_cast<uInt>(part.content.size())));
    const std::string flags = u16(part.deferred ? 8 : 0);
    const std::string method = u16(part.deflate ? 8 : 0);
    const std::string sizes64 = u64(part.content.size()) + u64(data.size());
    const std::string sizes = part.zip64 ? u32(~0U) + u32(~0U) : u32(data.size()) + u32(part.content.size());
    const std::size_t header = zip.bytes.size();
    zip.headers.push_back(header);
    const std::string local_extra = u16(0x4246) + u16(3) + "ZZZ" + (part.zip64 ? u16(1) + u16(16) + sizes64 : "");
    zip.bytes += "PK\x03\x04"s + u16(20) + flags + method + u32(0) +
                 (part.deferred ? u32(0) + u32(0) + u32(0) : u32(crc) + sizes) + u16(part.name.size()) +
                 u16(local_extra.size()) + part.name + local_extra;
    zip.data.push_back(zip.bytes.size());
    zip.bytes += data;
    if (part.deferred) zip.bytes += "PK\x07\x08"s + u32(crc) + u32(data.size()) + u32(part.content.size());

    const std::string extra = part.zip64 ? u16(1) + u16(24) + sizes64 + u64(header) : "";
    zip.entries.push_back(directory.size());
    directory += "PK\x01\x02"s + u16(20) + u16(20) + flags + method + u32(0) + u32(crc) + sizes +
                 u16(part.name.size()) + u16(extra.size()) + u16(1) + u16(0) + u16(0) + u32(0) +
                 u32(part.zip64 ? ~0U : header) + part.name + extra + "c";
  }
  zip.directory = zip.bytes.size();
  for (std::size_t& entry : zip.entries) entry += zip.directory;
  zip.bytes += directory;
  zip.end = zip.bytes.size();
  const std::size_t count = parts.size();
  if (zip64) {
    zip.bytes += "PK\x06\x06"s + u64(44) + u16(45) + u16(45) + u32(0) + u32(0) + u64(count) + u64(count) +
                 u64(directory.size()) + u64(zip.directory);
    zip.bytes += "PK\x06\x07"s + u32(0) + u64(zip.end) + u32(1);
  }
  zip.bytes += "PK\x05\x06"s + u16(0) + u16(0) + u16(zip64 ? 0xFFFF : count) + u16(zip64 ? 0xFFFF : count) +
               u32(zip64 ? ~0U : directory.size()) + u32(zip64 ? ~0U : zip.directory) + u16(comment.size()) + comment;
  return zip;
}

/// An .npy of that version, whose header is the dict padded as NumPy pads it.
inline std::string npy_of(const std::string& dict, std::string_view data, int version = 1) {
  const std::size_t prefix = version == 1 ? 10 : 12;
  std::string header = dict;
  while ((prefix + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  return "\x93NUMPY"s + static_cast<char>(version) + '\0' + (version == 1 ? u16(header.size()) : u32(header.size())) +
         header + std::string(data);
}

inline std::string floats(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += raw(static_cast<float>(i));
  return bytes;
}

// Pieces of pickles.
inline std::string text(std::string_view value) { return "X" + u32(value.size()) + std::string(value); }
inline std::string integer(std::uint64_t value) { return "\x8A\x08"s + u64(value); }
inline std::string numbers(const std::vector<std::uint64_t>& values) {
  std::string tuple = "(";
  for (const std::uint64_t value : values) tuple += integer(value);
  return tuple + "t";
}
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string pickle_of(const std::string& opcodes) { return "\x80\x02" + opcodes + "."; }

struct TensorSample {
  std::string storage = "FloatStorage";
  std::string key = "0";
  std::uint64_t elements = 6;
  std::uint64_t offset = 0;
  std::vector<std::uint64_t> shape = {2, 3};
  std::vector<std::uint64_t> strides = {3, 1};
  bool legacy = false;
};

inline std::string storage_of(const TensorSample& sample) {
  return "(" + text("storage") + global("torch", sample.storage) + text(sample.key) + text("cpu") +
         integer(sample.elements) + (sample.legacy ? "N" : "") + "tQ";
}
inline std::string tensor_of(const TensorSample& sample = {}) {
  return global("torch._utils", "_rebuild_tensor_v2") + "(" + storage_of(sample) + integer(sample.offset) +
         numbers(sample.shape) + numbers(sample.strides) + "\x89" + global("collections", "OrderedDict") + ")RtR";
}

/// A checkpoint of that pickle with the storages '0' of `data` and '1' of 2 f32.
inline ZipSample checkpoint_of(const std::string& opcodes, const std::string& data = floats(6),
                               const std::string& order = "little", bool deflate = false) {
  return zip_of({{"m/data.pkl", pickle_of(opcodes), deflate},
                 {"m/byteorder", order, deflate},
                 {"m/data/0", data, deflate},
                 {"m/data/1", floats(2)},
                 {"m/version", "3\n"}});
}

inline std::string dict_of(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string opcodes = "}(";
  for (const auto& [key, value] : items) opcodes += text(key) + value;
  return opcodes + "u";
}

/// What a checkpoint of the form before 1.6 ends in: the list of keys and the storages.
struct LegacyStorage {
  std::string key;
  std::uint64_t elements;
  std::string data;
};
inline std::string legacy_of(const std::string& opcodes, const std::vector<LegacyStorage>& storages) {
  std::string file = "\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19."s;
  file += pickle_of("M\xE9\x03") + pickle_of(dict_of({{"little_endian", "\x88"}})) + pickle_of(opcodes);
  std::string keys = "](";
  for (const LegacyStorage& storage : storages) keys += text(storage.key);
  file += pickle_of(keys + "e");
  for (const LegacyStorage& storage : storages) file += u64(storage.elements) + storage.data;
  return file;
}
inline TensorSample legacy_sample() {
  TensorSample sample;
  sample.legacy = true;
  return sample;
}

}  // namespace rowan::test
