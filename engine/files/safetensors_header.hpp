// The header of a safetensors file: reading it, which is where every such file is validated, and writing it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rowan/status.hpp"

namespace rowan::detail {

/// The format's own limit on the length of its JSON.
inline constexpr std::uint64_t max_header_json = 100'000'000;
/// The u64 in front of the JSON.
inline constexpr std::uint64_t header_prefix = 8;

/// Bits that one element of a safetensors type takes; empty for an unknown type.
std::optional<std::uint64_t> element_bits(std::string_view dtype) noexcept;

/// One tensor; its bytes are [begin, end) of the data, which starts behind the header.
struct Tensor {
  std::string name;
  std::string dtype;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  std::uint64_t bytes() const noexcept { return end - begin; }
};

/// A valid header: tensors cover the data in order without gaps, their shapes agree with their bytes, and no
/// name occurs twice.
class Header {
 public:
  /// Reads the header at the start of `file`, the bytes of a whole file; `path` is for messages.
  static Result<Header> parse(std::span<const std::byte> file, const std::string& path);

  const std::vector<Tensor>& tensors() const noexcept { return tensors_; }  ///< in the order of their bytes
  const Tensor* find(std::string_view name) const noexcept;
  std::optional<std::string_view> metadata(std::string_view key) const noexcept;
  std::uint64_t data_begin() const noexcept { return data_begin_; }

 private:
  Result<void> accept(std::uint64_t data_bytes);

  std::vector<Tensor> tensors_;
  std::vector<std::uint32_t> by_name_;  ///< numbers of tensors, in the order of their names
  std::vector<std::pair<std::string, std::string>> metadata_;
  std::uint64_t data_begin_ = 0;
};

/// Whether a file that starts so can be a safetensors file: a length that no text spells, and JSON.
bool starts_as_safetensors(std::string_view start) noexcept;

/// Whether the metadata of such a file, or what of it is in `start`, has that key. Whatever else is wrong with the
/// header is Header::parse()'s to say.
bool has_metadata(std::string_view start, std::string_view key);

/// The header as it stands in a file: length and JSON, tensors in the order given. Names are valid UTF-8.
std::string serialise(std::span<const std::pair<std::string, std::string>> metadata, std::span<const Tensor> tensors);

/// `header` with spaces behind its JSON, so that it takes `size` bytes.
std::string pad_header(std::string header, std::uint64_t size);

}  // namespace rowan::detail
