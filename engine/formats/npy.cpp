// The header is a literal of Python's, of which this takes the one form that NumPy writes: a dict with three keys.
#include "engine/formats/npy.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/formats/cursor.hpp"
#include "engine/formats/registry.hpp"
#include "engine/support/bytes.hpp"
#include "engine/support/checked.hpp"
#include "engine/support/error.hpp"
#include "engine/support/text.hpp"

namespace rowan::detail {
namespace {

constexpr std::uint64_t longest_header = std::uint64_t{1} << 16;  // longer ones are of structured types
constexpr std::size_t most_dimensions = 64;                       // NumPy's own limit

struct Type {
  Encoding encoding = Encoding::other;
  Codes codes = Codes::none;
  std::uint64_t bytes = 0;
  bool big_endian = false;
};

/// What the header's dict says.
struct Description {
  std::string_view type;
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
};

/// A parser of that dict. Its functions are false, or empty, with error() set where the text is not of that form.
class DictParser {
 public:
  DictParser(std::string_view text, const std::string& subject) : text_(text), subject_(subject) {}

  Result<Description> parse() {
    Description description;
    if (!expect('{')) return *error_;
    bool seen_type = false, seen_order = false, seen_shape = false;
    while (!accept('}')) {
      const auto key = take_string();
      if (!key || !expect(':')) return *error_;
      bool* const seen = *key == "descr"           ? &seen_type
                         : *key == "fortran_order" ? &seen_order
                         : *key == "shape"         ? &seen_shape
                                                   : nullptr;
      if (seen == nullptr) return malformed(concat("has the unknown key ", in_quotes(*key)));
      if (std::exchange(*seen, true)) return malformed(concat("has the key ", in_quotes(*key), " twice"));
      const bool taken = seen == &seen_type    ? take_type(description.type)
                         : seen == &seen_order ? take_order(description.fortran_order)
                                               : take_shape(description.shape);
      if (!taken) return *error_;
      if (accept(',')) continue;
      if (!expect('}')) return *error_;
      break;
    }
    skip_spaces();
    if (at_ != text_.size()) return malformed(concat("goes on behind its dict, at byte ", at_));
    if (!seen_type || !seen_order || !seen_shape) return malformed("lacks one of descr, fortran_order and shape");
    return description;
  }

 private:
  Error malformed(std::string_view what) const {
    return make_error(Code::malformed_file, subject_, ": the header of the NumPy array ", what);
  }
  bool refuse(std::string_view what) {
    error_ = malformed(what);
    return false;
  }

  void skip_spaces() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool accept(char wanted) {
    skip_spaces();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  bool expect(char wanted) {
    if (accept(wanted)) return true;
    return refuse(concat("has no '", std::string_view(&wanted, 1), "' at byte ", at_, " of its dict"));
  }
  std::optional<std::string_view> take_string() {
    const char quote = accept('\'') ? '\'' : '"';
    if (quote == '"' && !expect('"')) return std::nullopt;
    const std::size_t end = text_.find(quote, at_);
    const std::string_view string = text_.substr(at_, end == std::string_view::npos ? end : end - at_);
    if (end == std::string_view::npos || string.find_first_of("\\\n") != std::string_view::npos) {
      refuse(concat("has a string at byte ", at_, " of its dict that does not end plainly"));
      return std::nullopt;
    }
    at_ = end + 1;
    return string;
  }
  bool take_type(std::string_view& type) {
    skip_spaces();
    if (at_ < text_.size() && (text_[at_] == '[' || text_[at_] == '(')) {
      error_ = make_error(Code::format_unsupported, subject_, " holds a NumPy array of a structured type, ",
                          in_quotes(text_.substr(at_)), "; arrays of numbers are read");
      return false;
    }
    const auto string = take_string();
    if (string) type = *string;
    return string.has_value();
  }
  bool take_order(bool& fortran_order) {
    skip_spaces();
    for (const auto& [word, value] : {std::pair{std::string_view("True"), true}, {std::string_view("False"), false}}) {
      if (text_.substr(at_, word.size()) != word) continue;
      at_ += word.size();
      fortran_order = value;
      return true;
    }
    return refuse("has a fortran_order that is neither True nor False");
  }
  bool take_shape(std::vector<std::uint64_t>& shape) {
    if (!expect('(')) return false;
    while (!accept(')')) {
      if (shape.size() == most_dimensions) return refuse(concat("has more than ", most_dimensions, " dimensions"));
      skip_spaces();
      const std::size_t end = std::min(text_.find_first_not_of("0123456789", at_), text_.size());
      const auto size = parse_decimal(text_.substr(at_, end - at_));
      if (!size) return refuse(concat("has no unsigned 64-bit number at byte ", at_, " of its dict, in the shape"));
      shape.push_back(*size);
      at_ = end;
      if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // as Python 2 spelled them
      if (accept(',')) continue;
      if (!expect(')')) return false;
      // (3) is a number in Python, and no shape.
      if (shape.size() == 1) return refuse("has a shape that is not a tuple");
      break;
    }
    return true;
  }

  std::string_view text_;
  const std::string& subject_;
  std::size_t at_ = 0;
  std::optional<Error> error_;
};

/// A type as NumPy spells it: the order of bytes, a letter, bytes of an element.
Result<Type> parse_type(std::string_view spelling, const std::string& subject) {
  std::string_view rest = spelling;
  const char order = !rest.empty() && std::string_view("<>|=").find(rest[0]) != std::string_view::npos ? rest[0] : '=';
  if (!rest.empty() && rest[0] == order) rest.remove_prefix(1);
  const char kind = rest.empty() ? '\0' : rest[0];
  if (kind == 'O') {
    return make_error(Code::format_unsupported, subject, " holds a NumPy array of Python objects, ",
                      in_quotes(spelling), ", which is a pickle; arrays of numbers are read");
  }
  const std::string_view digits = rest.substr(rest.empty() ? 0 : 1);
  const bool time = kind == 'M' || kind == 'm';  // followed by its unit
  const auto size = parse_decimal(time ? digits.substr(0, digits.find('[')) : digits);
  if (!size || std::string_view("?biufcSaUVMm").find(kind) == std::string_view::npos || kind == '\0') {
    return make_error(Code::format_unsupported, subject, " holds a NumPy array of the unknown type ",
                      in_quotes(spelling), "; arrays of numbers are read");
  }
  const auto bytes = kind == 'U' ? checked_multiply(*size, 4) : size;
  if (!bytes) return make_error(Code::malformed_file, subject, " has elements of more than 64 bits can count");
  Type type;
  type.bytes = *bytes;
  type.big_endian = order == '>' && *bytes > 1;
  if (kind == 'f' && *size == 2) type.encoding = Encoding::f16;
  if (kind == 'f' && *size == 4) type.encoding = Encoding::f32;
  if (kind == 'f' && *size == 8) type.encoding = Encoding::f64;
  if (kind == 'i' && *size == 1) type.encoding = Encoding::i8;
  if (kind == 'u' && *size == 1) type.codes = Codes::u8;
  if (kind == 'i' && *size == 4) type.codes = Codes::i32;
  if (kind == 'u' && *size == 4) type.codes = Codes::u32;
  return type;
}

/// Bytes of a dense array, which are 0 where a dimension is; empty where they, or the product of those that are not,
/// do not fit 64 bits.
std::optional<std::uint64_t> dense_bytes(std::span<const std::uint64_t> shape, std::uint64_t element_bytes) {
  std::uint64_t bytes = element_bytes;
  for (const std::uint64_t size : shape) {
    const auto product = checked_multiply(bytes, std::max<std::uint64_t>(size, 1));
    if (!product) return std::nullopt;
    bytes = *product;
  }
  return std::find(shape.begin(), shape.end(), 0U) != shape.end() ? 0 : bytes;
}

/// Strides of an array whose first dimension runs fastest. Its dense_bytes() exist, but may be counted in elements of
/// no bytes.
std::optional<std::vector<std::uint64_t>> fortran_strides(std::span<const std::uint64_t> shape) {
  std::vector<std::uint64_t> strides;
  std::uint64_t stride = 1;
  for (const std::uint64_t size : shape) {
    strides.push_back(stride);
    const auto product = checked_multiply(stride, std::max<std::uint64_t>(size, 1));
    if (!product) return std::nullopt;
    stride = *product;
  }
  return strides;
}

Result<FoundFile> read_npy(std::span<const std::byte> file, const std::string& path) {
  const auto header_bytes = npy_header_bytes(file.first(std::min<std::uint64_t>(file.size(), npy_prefix)), path);
  if (!header_bytes) return header_bytes.error();
  const auto header = file.first(std::min<std::uint64_t>(file.size(), *header_bytes));
  std::uint64_t end = 0;
  auto tensor = npy_tensor(header, file.size(), path, &end);
  if (!tensor) return tensor.error();
  const auto behind = file.subspan(end);
  // Arrays may have been saved one behind the other, of which NumPy reads the first; all else is a contradiction.
  const bool another = as_text(behind).starts_with(npy_magic);
  if (!another && !behind.empty()) return npy_tensor(header, file.size(), path).error();
  FoundFile found;
  if (another) found.notes.push_back(surplus_note(behind.size(), "its first array"));
  found.what = "a NumPy array";
  found.tensors.push_back(*std::move(tensor));
  return found;
}

bool probe_npy(std::string_view start) { return start.starts_with(npy_magic); }

}  // namespace

Result<std::uint64_t> npy_header_bytes(std::span<const std::byte> start, const std::string& subject) {
  if (!as_text(start).starts_with(npy_magic)) {
    return make_error(Code::malformed_file, subject, " does not start as a NumPy array does");
  }
  Cursor cursor(start.subspan(npy_magic.size()),
                concat(subject, ": the NumPy array's prefix behind its 6 magic bytes"));
  const auto major = cursor.take<std::uint8_t>("its version");
  const auto minor = cursor.take<std::uint8_t>("its version");
  const std::uint64_t length = major == 1 ? cursor.take<std::uint16_t>("the length of its header")
                                          : cursor.take<std::uint32_t>("the length of its header");
  if (!cursor.ok()) return cursor.error();
  if (major < 1 || major > 3 || minor != 0) {
    return make_error(Code::format_unsupported, subject, " is a NumPy array of version ", major, ".", minor,
                      "; 1.0, 2.0 and 3.0 are read");
  }
  if (length > longest_header) {
    return make_error(Code::format_unsupported, subject, " has a NumPy header of ", length, " bytes; at most ",
                      longest_header, " are read");
  }
  return npy_magic.size() + cursor.at() + length;
}

Result<FoundTensor> npy_tensor(std::span<const std::byte> header, std::uint64_t bytes, const std::string& subject,
                               std::uint64_t* end) {
  const auto header_bytes = npy_header_bytes(header, subject);
  if (!header_bytes) return header_bytes.error();
  if (*header_bytes > header.size() || *header_bytes > bytes) {
    return make_error(Code::malformed_file, subject, " has a NumPy header that ends at byte ", *header_bytes, " of ",
                      bytes);
  }
  const std::uint64_t prefix = header[npy_magic.size()] == std::byte{1} ? npy_magic.size() + 4 : npy_magic.size() + 6;
  const auto description = DictParser(as_text(header.subspan(prefix, *header_bytes - prefix)), subject).parse();
  if (!description) return description.error();
  const auto type = parse_type(description->type, subject);
  if (!type) return type.error();

  const std::uint64_t data = bytes - *header_bytes;
  const auto wanted = dense_bytes(description->shape, type->bytes);
  if (end != nullptr) *end = *header_bytes + wanted.value_or(data);
  if (!wanted || (end == nullptr ? *wanted != data : *wanted > data)) {
    return make_error(Code::malformed_file, subject, " has ", data,
                      " bytes behind its NumPy header, and its shape and type ", in_quotes(description->type), " say ",
                      wanted ? concat(*wanted) : std::string("more than 64 bits can count"));
  }
  FoundTensor tensor;
  tensor.type = description->type;
  tensor.encoding = type->encoding;
  tensor.codes = type->codes;
  tensor.big_endian = type->big_endian;
  tensor.offset = *header_bytes;
  tensor.shape = description->shape;
  if (description->fortran_order && tensor.shape.size() > 1) {
    auto strides = fortran_strides(tensor.shape);
    if (!strides) return make_error(Code::malformed_file, subject, " has more elements than 64 bits can count");
    tensor.strides = *std::move(strides);
  }
  return tensor;
}

constinit const Format npy_format = {.id = SourceFormat::npy,
                                     .spelling = "npy",
                                     .noun = "a NumPy array",
                                     .family = "NumPy",
                                     .endings = {".npy"},
                                     .probe = probe_npy,
                                     .container = &zip_format,
                                     .read = read_npy};

}  // namespace rowan::detail
