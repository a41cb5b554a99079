// The library says what lies in a file and holds it against the file's size; the numbers are read from there.
#include "perf/trace_files.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>

#include "rowan/file.hpp"

namespace rowan::perf {
namespace {

static_assert(std::endian::native == std::endian::little);  // as the numbers are

constexpr std::uint64_t most_values = std::uint64_t{1} << 30;  // 8 GiB of them

Error unsupported(const std::string& path, const std::string& what) {
  return {Code::format_unsupported, path + " " + what};
}

std::string quoted(const std::string& text) { return "'" + text + "'"; }

/// How a format spells the types of a trace's numbers.
struct Types {
  std::string_view i32;
  std::string_view i64;
};
constexpr Types npy_types = {"<i4", "<i8"};
constexpr Types safetensors_types = {"I32", "I64"};

/// Numbers of the shape; empty where there are more than are taken.
std::optional<std::uint64_t> count_of(const std::vector<std::uint64_t>& shape) {
  std::uint64_t count = 1;
  for (const std::uint64_t extent : shape) {
    if (__builtin_mul_overflow(count, extent, &count) || count > most_values) return std::nullopt;
  }
  return count;
}

/// Reads `count` numbers from where the file stands.
bool read_values(std::ifstream& file, std::uint64_t count, IntegerArray& array) {
  const auto read = [&](auto* numbers, std::uint64_t wanted) {
    file.read(reinterpret_cast<char*>(numbers), static_cast<std::streamsize>(wanted * sizeof *numbers));
    return file.good();
  };
  array.values.resize(count);
  if (!array.narrow) return count == 0 || read(array.values.data(), count);
  std::vector<std::int32_t> block(std::min<std::uint64_t>(count, 1 << 16));
  for (std::uint64_t done = 0; done < count; done += block.size()) {
    block.resize(std::min<std::uint64_t>(block.size(), count - done));
    if (!read(block.data(), block.size())) return false;
    std::copy(block.begin(), block.end(), array.values.begin() + static_cast<std::ptrdiff_t>(done));
  }
  return true;
}

/// What tells one file from another under the same path.
struct Identity {
  dev_t device = 0;
  ino_t number = 0;
  off_t size = 0;
  std::int64_t modified = 0;  ///< nanoseconds

  friend bool operator==(const Identity&, const Identity&) = default;
};

Identity identity_of(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino, status.st_size,
          status.st_mtim.tv_sec * std::int64_t{1'000'000'000} + status.st_mtim.tv_nsec};
}

Result<IntegerArray> read_array(const std::string& path, const TensorInfo& tensor, const Types& types) {
  const std::string subject = tensor.name.empty() ? "its array" : "its tensor " + quoted(tensor.name);
  if (tensor.dtype != types.i32 && tensor.dtype != types.i64) {
    return unsupported(path, "is no trace: " + subject + " is of type " + quoted(tensor.dtype) +
                                 ", and a trace's are of little-endian i32 or i64 (" + std::string(types.i32) + ", " +
                                 std::string(types.i64) + ")");
  }
  if (!tensor.plain) {
    return unsupported(path, "cannot be replayed: " + subject +
                                 " is compressed or not in C order; save it plainly, in C order "
                                 "(numpy.ascontiguousarray)");
  }
  const auto count = count_of(tensor.shape);
  if (!count) return unsupported(path, "holds more than " + std::to_string(most_values) + " numbers");
  IntegerArray array{.values = {}, .shape = tensor.shape, .narrow = tensor.dtype == types.i32};
  std::ifstream stream(path, std::ios::binary);
  if (!stream.seekg(static_cast<std::streamoff>(tensor.offset)) || !read_values(stream, *count, array)) {
    return Error{Code::io_error, "cannot read " + path};
  }
  return array;
}

/// What `read` makes of a file that the library has inspected; an Error where it was not one file all the time.
template <class Read>
auto read_one_file(const std::string& path, const Read& read) -> decltype(read(FileInfo())) {
  const Identity before = identity_of(path);
  const auto file = inspect(path);
  if (!file) return file.error();
  auto made = read(*file);
  if (identity_of(path) == before) return made;
  return Error{Code::io_error, path + " changed while it was read: try again when it is at rest"};
}

}  // namespace

Result<IntegerArray> read_npy(const std::string& path) {
  return read_one_file(path, [&](const FileInfo& file) -> Result<IntegerArray> {
    const bool array = file.tensors.size() == 1 && file.tensors.front().name.empty();
    if (!array) return unsupported(path, "is " + file.what + " and not a .npy file");
    return read_array(path, file.tensors.front(), npy_types);
  });
}

Result<std::map<std::string, IntegerArray>> read_safetensors(const std::string& path) {
  return read_one_file(path, [&](const FileInfo& file) -> Result<std::map<std::string, IntegerArray>> {
    if (file.tensors.empty()) return unsupported(path, "is " + file.what + " without tensors");
    std::map<std::string, IntegerArray> arrays;
    for (const TensorInfo& tensor : file.tensors) {
      auto array = read_array(path, tensor, safetensors_types);
      if (!array) return array.error();
      arrays.emplace(tensor.name, *std::move(array));
    }
    return arrays;
  });
}

}  // namespace rowan::perf
