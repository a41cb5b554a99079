// NumPy's arrays: a header that is a Python dict in text, and the elements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/formats/found.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// What every array begins with.
inline constexpr std::string_view npy_magic = "\x93NUMPY";

/// Bytes that npy_header_bytes() needs to see, which every array has.
inline constexpr std::uint64_t npy_prefix = 12;

/// Where the header of the array ends and its elements begin, from its first npy_prefix bytes. `subject` begins the
/// sentences of errors: the path, or the path and the member of an archive.
Result<std::uint64_t> npy_header_bytes(std::span<const std::byte> start, const std::string& subject);

/// The array that `header` describes, of `bytes` together with its header; its offset is that from the header's begin,
/// its name empty. Code::format_unsupported for Python objects and structured types; Code::malformed_file, among
/// others, where the array has more or fewer bytes than its shape and type say.
/// With `end`, which gets where the array ends, it may have more.
Result<FoundTensor> npy_tensor(std::span<const std::byte> header, std::uint64_t bytes, const std::string& subject,
                               std::uint64_t* end = nullptr);

}  // namespace rowan::detail
