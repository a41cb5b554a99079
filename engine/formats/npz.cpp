// Arrays that are stored lie in the file as they are; of deflated ones only the header is inflated here.
#include "engine/formats/npz.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include "engine/formats/archive.hpp"
#include "engine/formats/npy.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

constexpr std::string_view ending = ".npy";

Result<FoundTensor> read_member(std::span<const std::byte> file, const ZipMember& member, const std::string& path) {
  const std::string subject = concat(path, ": member ", in_quotes(member.name));
  const auto prefix = start_of_member(file, member, npy_prefix, path);
  if (!prefix) return prefix.error();
  const auto header_bytes = npy_header_bytes(prefix->bytes, subject);
  if (!header_bytes) return header_bytes.error();
  const auto header = start_of_member(file, member, *header_bytes, path);
  if (!header) return header.error();
  auto tensor = npy_tensor(header->bytes, member.inflated, subject);
  if (!tensor) return tensor;
  tensor->name = member.name.substr(0, member.name.size() - ending.size());
  if (member.deflated) {
    tensor->deflated = Deflated{member.offset, member.bytes, member.inflated, member.crc32};
  } else {
    tensor->offset += member.offset;
  }
  return tensor;
}

}  // namespace

Result<FoundFile> read_npz(std::span<const std::byte> file, const ZipArchive& archive, const std::string& path) {
  FoundFile found;
  found.what = "an .npz archive of NumPy arrays";
  found.family = "NumPy";
  std::optional<Error> left_out;
  for (const ZipMember& member : archive.members()) {
    if (!is_array(member)) {
      found.notes.push_back(concat("member ", in_quotes(member.name), " is not an .npy array and was left out"));
      continue;
    }
    auto tensor = read_member(file, member, path);
    if (tensor && tensor->shape.size() == 1 && tensor->type.find_first_of("US") != std::string::npos) {
      found.notes.push_back(concat("the ", tensor->shape[0], " texts of ", in_quotes(tensor->name),
                                   " may be the words of its rows; they are not taken as keys"));
    }
    if (tensor) {
      found.tensors.push_back(*std::move(tensor));
    } else if (tensor.error().code == Code::format_unsupported) {
      found.notes.push_back(concat("an array was left out: ", tensor.error().message));
      if (!left_out) left_out = tensor.error();
    } else {
      return tensor.error();
    }
  }
  if (found.tensors.empty() && left_out) return *left_out;
  return found;
}

}  // namespace rowan::detail
