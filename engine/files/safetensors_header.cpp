// Reading takes the header's JSON as events: duplicate keys show, and a hostile header is refused at the first that
// does not belong.
#include "engine/files/safetensors_header.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "engine/support/bytes.hpp"
#include "engine/support/checked.hpp"
#include "engine/support/error.hpp"
#include "engine/support/json.hpp"

namespace rowan::detail {
namespace {

struct ElementType {
  std::string_view name;
  std::uint64_t bits;
};
constexpr std::array element_types = {
    ElementType{"F32", 32},    ElementType{"F16", 16},    ElementType{"BF16", 16},   ElementType{"U8", 8},
    ElementType{"U64", 64},    ElementType{"BOOL", 8},    ElementType{"I8", 8},      ElementType{"I16", 16},
    ElementType{"U16", 16},    ElementType{"I32", 32},    ElementType{"U32", 32},    ElementType{"I64", 64},
    ElementType{"F64", 64},    ElementType{"F8_E4M3", 8}, ElementType{"F8_E5M2", 8}, ElementType{"F8_E8M0", 8},
    ElementType{"F6_E2M3", 6}, ElementType{"F6_E3M2", 6}, ElementType{"F4", 4},      ElementType{"C64", 64},
};

/// The one field that is no tensor.
constexpr std::string_view metadata_name = "__metadata__";

Error malformed(std::string_view what) { return make_error(Code::malformed_file, what); }

/// Events of the JSON parser, accepted only where the format has a place for them. One object deep there are
/// tensors and __metadata__; two deep, the fields of a tensor, of which two are arrays of numbers.
class HeaderEvents final : public JsonEvents {
 public:
  std::vector<Tensor> tensors;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::optional<Error> error;

  bool null() override { return misplaced("null"); }
  bool boolean(bool) override { return misplaced("a boolean"); }
  bool number(double, const std::string& digits) override {
    return refuse(concat("the number ", digits, " is not an unsigned 64-bit integer"));
  }
  bool number(std::int64_t value) override {
    return refuse(concat("the number ", value, " is negative; sizes and offsets are not"));
  }
  bool number(std::uint64_t value) override {
    if (place_ == Place::shape) {
      tensors.back().shape.push_back(value);
      return true;
    }
    if (place_ != Place::offsets || offsets_ == 2) return misplaced("a number");
    (offsets_ == 0 ? tensors.back().begin : tensors.back().end) = value;
    ++offsets_;
    return true;
  }
  bool string(std::string& text) override {
    if (place_ == Place::metadata_value) {
      metadata.back().second = std::move(text);
      place_ = Place::metadata;
      return true;
    }
    if (place_ != Place::dtype) return misplaced("a string");
    tensors.back().dtype = std::move(text);
    place_ = Place::tensor;
    return true;
  }

  bool start_object() override {
    if (place_ == Place::start) return go(Place::top);
    if (place_ == Place::metadata_start) return go(Place::metadata);
    if (place_ != Place::tensor_start) return misplaced("an object");
    seen_dtype_ = seen_shape_ = seen_offsets_ = false;
    return go(Place::tensor);
  }
  bool key(std::string& name) override {
    if (place_ == Place::metadata) {
      metadata.emplace_back(std::move(name), std::string());
      return go(Place::metadata_value);
    }
    if (place_ == Place::tensor) return field(name);
    if (name != metadata_name) {
      tensors.emplace_back().name = std::move(name);
      return go(Place::tensor_start);
    }
    if (std::exchange(seen_metadata_, true)) return refuse("__metadata__ occurs twice");
    return go(Place::metadata_start);
  }
  bool end_object() override {
    if (place_ == Place::top) return go(Place::finished);
    if (place_ == Place::tensor && !(seen_dtype_ && seen_shape_ && seen_offsets_)) {
      return refuse(concat("tensor ", in_quotes(tensors.back().name), " lacks one of dtype, shape and data_offsets"));
    }
    return go(Place::top);
  }
  bool start_array() override {
    if (place_ == Place::shape_start) return go(Place::shape);
    if (place_ != Place::offsets_start) return misplaced("an array");
    offsets_ = 0;
    return go(Place::offsets);
  }
  bool end_array() override {
    if (place_ == Place::offsets && offsets_ != 2) {
      return refuse(concat("tensor ", in_quotes(tensors.back().name), " has not two data_offsets"));
    }
    return go(Place::tensor);
  }
  void not_json(std::size_t byte) override { refuse(concat("it is not JSON at byte ", header_prefix + byte)); }

 private:
  enum class Place {
    start,
    top,
    finished,
    metadata_start,
    metadata,
    metadata_value,
    tensor_start,
    tensor,
    dtype,
    shape_start,
    shape,
    offsets_start,
    offsets,
  };

  bool go(Place place) {
    place_ = place;
    return true;
  }
  bool refuse(std::string_view what) {
    error = malformed(what);
    return false;
  }
  bool misplaced(std::string_view what) {
    const bool in_tensor = place_ >= Place::tensor_start;
    return refuse(concat(what, " stands ", in_tensor ? concat("in tensor ", in_quotes(tensors.back().name)) : "in it",
                         " where the format has none"));
  }
  bool field(const std::string& name) {
    if (name == "dtype") return once(seen_dtype_, name, Place::dtype);
    if (name == "shape") return once(seen_shape_, name, Place::shape_start);
    if (name == "data_offsets") return once(seen_offsets_, name, Place::offsets_start);
    return refuse(concat("tensor ", in_quotes(tensors.back().name), " has an unknown field ", in_quotes(name)));
  }
  bool once(bool& seen, std::string_view name, Place next) {
    if (std::exchange(seen, true))
      return refuse(concat("tensor ", in_quotes(tensors.back().name), " has ", name, " twice"));
    return go(next);
  }

  Place place_ = Place::start;
  bool seen_metadata_ = false;
  bool seen_dtype_ = false;
  bool seen_shape_ = false;
  bool seen_offsets_ = false;
  int offsets_ = 0;
};

/// Looks for a key of the metadata, and stops there or behind the last of them.
class MetadataSearch final : public JsonEvents {
 public:
  explicit MetadataSearch(std::string_view wanted) noexcept : wanted_(wanted) {}
  bool found() const noexcept { return found_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number(std::int64_t) override { return true; }
  bool number(std::uint64_t) override { return true; }
  bool number(double, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool start_array() override { return true; }
  bool end_array() override { return true; }
  void not_json(std::size_t) override {}
  bool start_object() override {
    ++depth_;
    return true;
  }
  bool end_object() override {
    --depth_;
    return !(in_metadata_ && depth_ == 1);
  }
  bool key(std::string& name) override {
    if (depth_ == 1) in_metadata_ = name == metadata_name;
    found_ = in_metadata_ && depth_ == 2 && name == wanted_;
    return !found_;
  }

 private:
  std::string_view wanted_;
  std::uint64_t depth_ = 0;
  bool in_metadata_ = false;
  bool found_ = false;
};

/// Bytes that a tensor's shape and type ask for; empty where they do not fit 64 bits or are not whole.
std::optional<std::uint64_t> bytes_of(const Tensor& tensor, std::uint64_t bits) {
  std::uint64_t elements = 1;
  if (std::find(tensor.shape.begin(), tensor.shape.end(), 0U) != tensor.shape.end()) return 0;
  for (const std::uint64_t size : tensor.shape) {
    const auto product = checked_multiply(elements, size);
    if (!product) return std::nullopt;
    elements = *product;
  }
  const auto all_bits = checked_multiply(elements, bits);
  if (!all_bits || *all_bits % 8 != 0) return std::nullopt;
  return *all_bits / 8;
}

Result<void> check_tensor(const Tensor& tensor) {
  const auto bits = element_bits(tensor.dtype);
  if (!bits) {
    return malformed(concat("tensor ", in_quotes(tensor.name), " has the unknown dtype ", in_quotes(tensor.dtype)));
  }
  if (tensor.begin > tensor.end) {
    return malformed(concat("tensor ", in_quotes(tensor.name), " begins at byte ", tensor.begin,
                            " of the data and ends before, at ", tensor.end));
  }
  const auto bytes = bytes_of(tensor, *bits);
  if (!bytes || *bytes != tensor.bytes()) {
    return malformed(concat("tensor ", in_quotes(tensor.name), " has ", tensor.bytes(),
                            " bytes by its data_offsets, which its shape and dtype contradict"));
  }
  return {};
}

template <class Numbers>
void append_numbers(std::string& json, const Numbers& numbers) {
  json += '[';
  bool first = true;
  for (const std::uint64_t number : numbers) {
    if (!std::exchange(first, false)) json += ',';
    Part(number).append_to(json);
  }
  json += ']';
}

}  // namespace

std::optional<std::uint64_t> element_bits(std::string_view dtype) noexcept {
  for (const ElementType& type : element_types) {
    if (type.name == dtype) return type.bits;
  }
  return std::nullopt;
}

Result<Header> Header::parse(std::span<const std::byte> file, const std::string& path) {
  const auto refused = [&](const Error& error) {
    return make_error(error.code, path, ": the safetensors header is refused: ", error.message);
  };
  if (file.size() < header_prefix) {
    return refused(malformed(concat("the file has ", file.size(), " bytes and its length alone takes 8")));
  }
  const std::uint64_t length = load_u64(file.data());
  if (length > max_header_json) {
    return refused(malformed(concat("it claims ", length, " bytes; at most ", max_header_json, " are allowed")));
  }
  if (length > file.size() - header_prefix) {
    return refused(malformed(concat("it claims ", length, " bytes and the file has only ", file.size() - header_prefix,
                                    " behind its length")));
  }
  std::string_view json = as_text(file.subspan(header_prefix, length));
  if (!json.starts_with('{')) return refused(malformed("it does not start with '{'"));
  json.remove_suffix(json.size() - 1 - json.find_last_not_of(' '));

  HeaderEvents events;
  if (!parse_json(json, events)) return refused(*events.error);
  Header header;
  header.tensors_ = std::move(events.tensors);
  header.metadata_ = std::move(events.metadata);
  header.data_begin_ = header_prefix + length;
  const Result<void> accepted = header.accept(file.size() - header.data_begin_);
  if (!accepted) return refused(accepted.error());
  return header;
}

Result<void> Header::accept(std::uint64_t data_bytes) {
  std::sort(metadata_.begin(), metadata_.end());
  for (std::size_t i = 1; i < metadata_.size(); ++i) {
    if (metadata_[i - 1].first == metadata_[i].first) {
      return malformed(concat("__metadata__ has the key ", in_quotes(metadata_[i].first), " twice"));
    }
  }
  std::sort(tensors_.begin(), tensors_.end(),
            [](const Tensor& a, const Tensor& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  std::uint64_t position = 0;
  const Tensor* before = nullptr;
  for (const Tensor& tensor : tensors_) {
    if (const Result<void> good = check_tensor(tensor); !good) return good.error();
    if (tensor.begin != position) {
      return malformed(concat("tensor ", in_quotes(tensor.name), " begins at byte ", tensor.begin, " of the data and ",
                              before != nullptr ? concat("tensor ", in_quotes(before->name)) : "what is before it",
                              " ends at ", position, ": tensors leave no gap and do not overlap"));
    }
    position = tensor.end;
    before = &tensor;
  }
  if (position != data_bytes) {
    return malformed(concat("its tensors end at byte ", position, " of the data, of which the file has ", data_bytes,
                            position > data_bytes ? ": the file was cut short" : ": something was appended"));
  }

  by_name_.resize(tensors_.size());
  for (std::size_t i = 0; i < by_name_.size(); ++i) by_name_[i] = static_cast<std::uint32_t>(i);
  std::sort(by_name_.begin(), by_name_.end(),
            [this](std::uint32_t a, std::uint32_t b) { return tensors_[a].name < tensors_[b].name; });
  for (std::size_t i = 1; i < by_name_.size(); ++i) {
    const std::string& name = tensors_[by_name_[i]].name;
    if (tensors_[by_name_[i - 1]].name == name)
      return malformed(concat("it has the tensor ", in_quotes(name), " twice"));
  }
  return {};
}

const Tensor* Header::find(std::string_view name) const noexcept {
  const auto at = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                   [this](std::uint32_t i, std::string_view n) { return tensors_[i].name < n; });
  if (at == by_name_.end() || tensors_[*at].name != name) return nullptr;
  return &tensors_[*at];
}

std::optional<std::string_view> Header::metadata(std::string_view key) const noexcept {
  const auto at = std::lower_bound(metadata_.begin(), metadata_.end(), key,
                                   [](const auto& entry, std::string_view k) { return entry.first < k; });
  if (at == metadata_.end() || at->first != key) return std::nullopt;
  return at->second;
}

bool starts_as_safetensors(std::string_view start) noexcept {
  return start.size() > header_prefix && start[8] == '{' && start[6] == '\0' && start[7] == '\0';
}

bool has_metadata(std::string_view start, std::string_view key) {
  const std::uint64_t length = load_u64(as_bytes(start).data());
  MetadataSearch search(key);
  static_cast<void>(parse_json(start.substr(header_prefix, std::min(length, max_header_json)), search));
  return search.found();
}

std::string serialise(std::span<const std::pair<std::string, std::string>> metadata, std::span<const Tensor> tensors) {
  std::string text(header_prefix, '\0');
  text += "{\"__metadata__\":{";
  bool first = true;
  for (const auto& [key, value] : metadata) {
    if (!std::exchange(first, false)) text += ',';
    text += json_string(key) + ':' + json_string(value);
  }
  text += '}';
  for (const Tensor& tensor : tensors) {
    text += ',' + json_string(tensor.name) + ":{\"dtype\":" + json_string(tensor.dtype) + ",\"shape\":";
    append_numbers(text, tensor.shape);
    text += ",\"data_offsets\":";
    append_numbers(text, std::array{tensor.begin, tensor.end});
    text += '}';
  }
  text += '}';
  const std::uint64_t size = text.size();
  return pad_header(std::move(text), size);
}

std::string pad_header(std::string header, std::uint64_t size) {
  header.resize(size, ' ');
  store_u64(reinterpret_cast<std::byte*>(header.data()), size - header_prefix);
  return header;
}

}  // namespace rowan::detail
