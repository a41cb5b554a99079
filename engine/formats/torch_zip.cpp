// Storages are members of the archive; the pickle claims how long they are, which the archive has to confirm.
#include "engine/formats/torch_zip.hpp"

#include <algorithm>
#include <string_view>

#include "engine/formats/archive.hpp"
#include "engine/formats/cursor.hpp"
#include "engine/formats/pickle.hpp"
#include "engine/formats/torch_tensors.hpp"
#include "engine/support/bytes.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

constexpr std::uint64_t longest_pickle = std::uint64_t{1} << 28;
constexpr std::uint64_t longest_byteorder = 64;

/// Whether the checkpoint says that it is of a big-endian machine; those of before 2.1 do not say.
Result<bool> is_big_endian(std::span<const std::byte> file, const ZipArchive& archive, std::string_view folder,
                           const std::string& path) {
  const ZipMember* const member = archive.find(concat(folder, "byteorder"));
  if (member == nullptr) return false;
  const auto content = whole_member(file, *member, longest_byteorder, path);
  if (!content) return content.error();
  const std::string_view order = as_text(content->bytes);
  if (order == "little" || order == "big") return order == "big";
  return make_error(Code::malformed_file, path, ": member ", in_quotes(member->name), " says ", in_quotes(order),
                    "; 'little' and 'big' are orders of bytes");
}

Result<const ZipMember*> only_pickle(const ZipArchive& archive, const std::string& path) {
  const auto& members = archive.members();
  const auto one = std::find_if(members.begin(), members.end(), is_pickle);
  const auto other = std::find_if(one + 1, members.end(), is_pickle);
  if (other == members.end()) return &*one;
  return make_error(Code::malformed_file, path, " is a zip archive with two pickles of a PyTorch checkpoint, ",
                    in_quotes(one->name), " and ", in_quotes(other->name));
}

}  // namespace

Result<FoundFile> read_torch_zip(std::span<const std::byte> file, const ZipArchive& archive, const std::string& path) {
  const auto one = only_pickle(archive, path);
  if (!one) return one.error();
  const ZipMember& pickle = **one;
  const std::string_view folder = pickle.name.substr(0, pickle.name.rfind('/') + 1);
  const auto big_endian = is_big_endian(file, archive, folder, path);
  if (!big_endian) return big_endian.error();
  const auto content = whole_member(file, pickle, longest_pickle, path);
  if (!content) return content.error();
  const std::string subject = concat(path, ": the pickle ", in_quotes(pickle.name));
  const auto values = Pickle::read(content->bytes, subject);
  if (!values) return with_advice(values.error());

  const auto find_data = [&](const TorchStorage& storage) -> Result<TorchData> {
    const ZipMember* const member = archive.find(concat(folder, "data/", storage.key));
    if (member == nullptr) {
      return make_error(Code::malformed_file, path, " lacks the member ",
                        in_quotes(concat(folder, "data/", storage.key)), ", a storage that its pickle refers to");
    }
    if (storage.bytes() != member->inflated) {
      return make_error(Code::malformed_file, path, ": member ", in_quotes(member->name), " has ", member->inflated,
                        " bytes, and the pickle says ", storage.elements, " elements of ",
                        storage.element != nullptr ? storage.element->bytes : 1);
    }
    if (!member->deflated) return TorchData{member->offset, {}};
    return TorchData{0, Deflated{member->offset, member->bytes, member->inflated, member->crc32}};
  };
  FoundFile found;
  found.what = "a PyTorch checkpoint";
  found.family = "PyTorch";
  const std::uint64_t surplus = content->bytes.size() - values->bytes();
  if (surplus != 0) found.notes.push_back(surplus_note(surplus, "its pickle"));
  if (auto read = find_tensors(*values, find_data, *big_endian, subject, found); !read) return read.error();
  return found;
}

}  // namespace rowan::detail
