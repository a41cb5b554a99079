// A strict reader of the one kind of .npy file that can hold ids.
#include "engine/import/ids.hpp"

#include <charconv>
#include <cstring>
#include <system_error>
#include <utility>

#include "engine/formats/npy.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t longest_header = std::size_t{1} << 16;  // one key and one dimension take some 60 bytes

/// Takes the tokens of a Python literal off the front of a text.
class Literal {
 public:
  explicit Literal(std::string_view text) noexcept : text_(text) {}

  bool take(std::string_view token) noexcept {
    skip_spaces();
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    return true;
  }
  bool take_string(std::string_view& value) noexcept {
    skip_spaces();
    if (text_.empty() || (text_[0] != '\'' && text_[0] != '"')) return false;
    const std::size_t end = text_.find(text_[0], 1);
    if (end == std::string_view::npos) return false;
    value = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return value.find('\\') == std::string_view::npos;
  }
  bool take_bool(bool& value) noexcept {
    value = take("True");
    return value || take("False");
  }
  /// A number; Python 2 wrote an L behind long ones.
  bool take_count(std::uint64_t& value) noexcept {
    skip_spaces();
    const auto [stop, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc()) return false;
    text_.remove_prefix(static_cast<std::size_t>(stop - text_.data()));
    take("L");
    return true;
  }
  bool at_end() noexcept {
    skip_spaces();
    return text_.empty();
  }

 private:
  void skip_spaces() noexcept {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n')) text_.remove_prefix(1);
  }

  std::string_view text_;
};

bool take_shape(Literal& literal, NpyHeader& header) noexcept {
  if (!literal.take("(")) return false;
  while (!literal.take(")")) {
    std::uint64_t count = 0;
    if (!literal.take_count(count)) return false;
    if (header.dimensions++ == 0) header.first_dimension = count;
    if (literal.take(",")) continue;
    return header.dimensions > 1 && literal.take(")");  // (5) is a number, (5,) a tuple
  }
  return true;
}

Error not_ids(const std::string& path, std::string_view found) {
  return make_error(Code::format_unsupported, path, " holds ", found,
                    "; ids are a .npy array of one dimension of little-endian u64 ('<u8')");
}

}  // namespace

bool parse_npy_header(std::string_view text, NpyHeader& header) noexcept {
  Literal literal(text);
  bool has_descr = false;
  bool has_order = false;
  bool has_shape = false;
  if (!literal.take("{")) return false;
  while (!literal.take("}")) {
    std::string_view key;
    if (!literal.take_string(key) || !literal.take(":")) return false;
    bool* const seen = key == "descr"           ? &has_descr
                       : key == "fortran_order" ? &has_order
                       : key == "shape"         ? &has_shape
                                                : nullptr;
    if (seen == nullptr || std::exchange(*seen, true)) return false;
    const bool taken = seen == &has_descr   ? literal.take_string(header.descr)
                       : seen == &has_order ? literal.take_bool(header.fortran_order)
                                            : take_shape(literal, header);
    if (!taken) return false;
    if (literal.take(",")) continue;
    if (!literal.take("}")) return false;
    break;
  }
  return has_descr && has_order && has_shape && literal.at_end();
}

Result<IdFile> IdFile::open(const std::string& path) {
  auto source = ByteSource::open(path);
  if (!source) return source.error();
  const Error malformed = make_error(Code::malformed_file, path, " is not a .npy file with a sound header");

  char start[12] = {};  // magic, major, minor, then a length of two bytes (version 1) or four
  std::size_t start_bytes = 10;
  auto got = source->read({start, start_bytes});
  if (!got) return got.error();
  if (*got != start_bytes || std::string_view(start, npy_magic.size()) != npy_magic) return malformed;
  const auto version = static_cast<unsigned char>(start[6]);
  if (version < 1 || version > 3) return malformed;
  std::uint32_t length = 0;
  if (version == 1) {
    std::memcpy(&length, start + 8, 2);
  } else {
    got = source->read({start + 10, 2});
    if (!got) return got.error();
    start_bytes = 12;
    std::memcpy(&length, start + 8, 4);
  }
  if (length > longest_header) return malformed;
  std::string text(length, '\0');
  got = source->read(text);
  if (!got) return got.error();
  NpyHeader header;
  if (*got != length || !parse_npy_header(text, header)) return malformed;

  if (header.descr != "<u8") return not_ids(path, concat("values of type '", header.descr, "'"));
  if (header.dimensions != 1) return not_ids(path, concat("an array of ", header.dimensions, " dimensions"));
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(header.first_dimension, std::uint64_t{8}, &bytes) ||
      __builtin_add_overflow(bytes, start_bytes + length, &bytes) || bytes != source->bytes_total()) {
    return make_error(Code::malformed_file, path, " is ", source->bytes_total(), " bytes long, which does not fit ",
                      "the ", header.first_dimension, " ids of its header");
  }
  return IdFile(std::move(*source), header.first_dimension);
}

Result<void> IdFile::read(std::span<std::uint64_t> ids) {
  auto got = source_.read({reinterpret_cast<char*>(ids.data()), ids.size_bytes()});
  if (!got) return got.error();
  if (*got == ids.size_bytes()) return {};
  return make_error(Code::malformed_file, path(), " is cut short: it has lost ids since it was opened");
}

}  // namespace rowan::detail
