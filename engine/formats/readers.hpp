// The readers of foreign formats: from the bytes of a whole file to what they claim. Each is a pure function of the
// bytes that reads nothing outside of them, allocates no more than they warrant, and runs nothing that they name.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "engine/formats/found.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

// `path` is for messages. An Error says what is wrong and where (Code::malformed_file), or what is not read of a format
// that is otherwise known (Code::format_unsupported).
Result<FoundFile> read_safetensors(std::span<const std::byte> file, const std::string& path);
Result<FoundFile> read_npy(std::span<const std::byte> file, const std::string& path);
/// An .npz or a PyTorch checkpoint, told apart by the names of its members; any other archive with files in it is taken
/// for one of text (Code::needs_conversion).
Result<FoundFile> read_zip(std::span<const std::byte> file, const std::string& path);
/// A PyTorch checkpoint of before 1.6, which is a row of pickles.
Result<FoundFile> read_torch_legacy(std::span<const std::byte> file, const std::string& path);
Result<FoundFile> read_gguf(std::span<const std::byte> file, const std::string& path);
Result<FoundFile> read_finalfusion(std::span<const std::byte> file, const std::string& path);
Result<FoundFile> read_fasttext(std::span<const std::byte> file, const std::string& path);

}  // namespace rowan::detail
