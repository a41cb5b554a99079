#include "perf/trace_files.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>

namespace rowan::perf {
namespace {

static_assert(std::endian::native == std::endian::little);  // as the numbers in both kinds of file are

constexpr std::uint64_t most_values = std::uint64_t{1} << 30;  // 8 GiB of them
constexpr std::uint64_t longest_npy_header = 4096;             // numpy writes 118 bytes; also keeps the regex shallow
constexpr std::uint64_t longest_safetensors_header = 1 << 20;

Error malformed(const std::string& path, const std::string& what) { return {Code::malformed_file, path + " " + what}; }

Error unsupported(const std::string& path, const std::string& what) {
  return {Code::format_unsupported, path + " " + what};
}

/// A file that is read from front to back and knows how long it is.
class File {
 public:
  explicit File(const std::string& path) : path_(path) {
    std::error_code error;
    size_ = std::filesystem::file_size(path, error);
    if (!error) stream_.open(path, std::ios::binary);
    opened_ = !error && stream_.is_open();
  }

  bool opened() const { return opened_; }
  std::uint64_t size() const { return size_; }

  bool read(void* target, std::uint64_t bytes) {
    stream_.read(static_cast<char*>(target), static_cast<std::streamsize>(bytes));
    return stream_.good();
  }
  bool seek(std::uint64_t to) { return stream_.seekg(static_cast<std::streamoff>(to)).good(); }

  Error unreadable() const { return {Code::io_error, "cannot read " + path_}; }
  Error cut_short() const { return malformed(path_, "is cut short"); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::ifstream stream_;
  std::uint64_t size_ = 0;
  bool opened_ = false;
};

/// Numbers of the shape; empty where there are more than are taken.
std::optional<std::uint64_t> count_of(const std::vector<std::uint64_t>& shape) {
  std::uint64_t count = 1;
  for (const std::uint64_t extent : shape) {
    if (__builtin_mul_overflow(count, extent, &count) || count > most_values) return std::nullopt;
  }
  return count;
}

Error too_many(const std::string& path) {
  return unsupported(path, "holds more than " + std::to_string(most_values) + " numbers");
}

/// Reads `count` numbers from where the file stands.
Result<IntegerArray> read_values(File& file, std::uint64_t count, std::vector<std::uint64_t> shape, bool narrow) {
  IntegerArray array{std::vector<std::int64_t>(count), std::move(shape), narrow};
  if (!narrow) {
    if (count != 0 && !file.read(array.values.data(), count * 8)) return file.cut_short();
    return array;
  }
  std::vector<std::int32_t> block(std::min<std::uint64_t>(count, 1 << 16));
  for (std::uint64_t done = 0; done < count; done += block.size()) {
    block.resize(std::min<std::uint64_t>(block.size(), count - done));
    if (!file.read(block.data(), block.size() * 4)) return file.cut_short();
    std::copy(block.begin(), block.end(), array.values.begin() + static_cast<std::ptrdiff_t>(done));
  }
  return array;
}

/// "2, 3" or "4,": empty where it is something else.
std::optional<std::vector<std::uint64_t>> parse_shape(std::string_view text) {
  std::vector<std::uint64_t> shape;
  while (!text.empty()) {
    std::uint64_t extent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (error != std::errc()) return std::nullopt;
    shape.push_back(extent);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.empty() && text.front() != ',') return std::nullopt;
    while (!text.empty() && (text.front() == ',' || text.front() == ' ')) text.remove_prefix(1);
  }
  return shape;
}

struct Tensor {
  std::string name;
  std::string dtype;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// Only unsigned numbers pass: get() would turn -1 and 1.5 into some.
std::vector<std::uint64_t> unsigned_numbers(const nlohmann::json& array) {
  std::vector<std::uint64_t> numbers;
  for (const nlohmann::json& number : array) {
    numbers.push_back(number.get_ref<const nlohmann::json::number_unsigned_t&>());
  }
  return numbers;
}

std::optional<std::vector<Tensor>> parse_tensors(const std::string& text) {
  std::vector<Tensor> tensors;
  try {
    const auto header = nlohmann::json::parse(text).get<nlohmann::json::object_t>();
    for (const auto& [name, fields] : header) {
      if (name == "__metadata__") continue;
      const std::vector<std::uint64_t> place = unsigned_numbers(fields.at("data_offsets"));
      if (place.size() != 2) return std::nullopt;
      tensors.push_back(
          {name, fields.at("dtype").get<std::string>(), unsigned_numbers(fields.at("shape")), place[0], place[1]});
    }
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
  return tensors;
}

Result<IntegerArray> read_tensor(File& file, const Tensor& tensor, std::uint64_t data_begin) {
  const std::string name = "tensor '" + tensor.name + "'";
  if (tensor.dtype != "I32" && tensor.dtype != "I64") {
    return unsupported(file.path(), "holds " + name + " of type " + tensor.dtype + "; a trace is of I32 or I64");
  }
  const auto count = count_of(tensor.shape);
  if (!count) return too_many(file.path());
  const bool narrow = tensor.dtype == "I32";
  const std::uint64_t data_bytes = file.size() - data_begin;
  if (tensor.begin > tensor.end || tensor.end - tensor.begin != *count * (narrow ? 4 : 8)) {
    return malformed(file.path(), "gives " + name + " a place that does not fit its shape");
  }
  if (tensor.end > data_bytes) return file.cut_short();
  if (!file.seek(data_begin + tensor.begin)) return file.unreadable();
  return read_values(file, *count, tensor.shape, narrow);
}

}  // namespace

Result<IntegerArray> read_npy(const std::string& path) {
  File file(path);
  if (!file.opened()) return file.unreadable();
  const Error unsound = malformed(path, "is not a .npy file with a sound header");
  // The magic, a version of two bytes, and the header's length: two bytes in version 1, four in the later ones.
  char start[8] = {};
  if (!file.read(start, sizeof start) || std::memcmp(start, "\x93NUMPY", 6) != 0) return unsound;
  const bool first_version = start[6] == 1;
  if (start[6] < 1 || start[6] > 3) return unsound;
  std::uint32_t length = 0;
  if (!file.read(&length, first_version ? 2 : 4) || length > longest_npy_header) return unsound;
  std::string header(length, '\0');
  if (length == 0 || !file.read(header.data(), length)) return unsound;

  static const std::regex form(
      R"(\s*\{\s*'descr':\s*'([^']*)',\s*'fortran_order':\s*(True|False),\s*'shape':\s*\(([^)]*)\),?\s*\}\s*)");
  std::smatch parts;
  if (!std::regex_match(header, parts, form)) return unsound;
  const std::string dtype = parts[1];
  auto shape = parse_shape(parts[3].str());
  if (!shape) return unsound;
  if (dtype != "<i4" && dtype != "<i8") {
    return unsupported(path,
                       "holds values of type '" + dtype + "'; a trace is of little-endian i32 or i64 ('<i4', '<i8')");
  }
  if (parts[2] == "True" && shape->size() > 1) {
    return unsupported(path, "is in Fortran order; save it in C order (numpy.ascontiguousarray)");
  }
  const auto count = count_of(*shape);
  if (!count) return too_many(path);
  const bool narrow = dtype == "<i4";
  const std::uint64_t expected = 8 + (first_version ? 2 : 4) + length + *count * (narrow ? 4 : 8);
  if (file.size() < expected) return file.cut_short();
  if (file.size() > expected) return malformed(path, "is longer than its header says");
  return read_values(file, *count, *std::move(shape), narrow);
}

Result<std::map<std::string, IntegerArray>> read_safetensors(const std::string& path) {
  File file(path);
  if (!file.opened()) return file.unreadable();
  std::uint64_t length = 0;
  const Error unsound = malformed(path, "is not a .safetensors file with a sound header");
  if (!file.read(&length, sizeof length) || length == 0) return unsound;
  if (length > longest_safetensors_header || length > file.size() - sizeof length) return unsound;
  std::string header(length, '\0');
  if (!file.read(header.data(), length)) return unsound;
  const auto tensors = parse_tensors(header);
  if (!tensors) return unsound;
  std::map<std::string, IntegerArray> arrays;
  for (const Tensor& tensor : *tensors) {
    auto array = read_tensor(file, tensor, sizeof length + length);
    if (!array) return array.error();
    arrays.emplace(tensor.name, *std::move(array));
  }
  return arrays;
}

}  // namespace rowan::perf
