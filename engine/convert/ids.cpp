// The header is read as that of any NumPy array; the ids behind it are read as rows need them.
#include "engine/convert/ids.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/formats/npy.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {

Result<IdFile> IdFile::open(const std::string& path) {
  auto file = OpenedFile::open(path, OpenedFile::Purpose::reading);
  if (!file) return file.error();
  auto source = ByteSource::of(*std::move(file));
  if (!source) return source.error();
  std::vector<std::byte> header;
  const auto read_up_to = [&](std::uint64_t size) -> Result<void> {
    const std::size_t before = header.size();
    header.resize(std::max<std::size_t>(before, size));
    const auto got = source->read({reinterpret_cast<char*>(header.data()) + before, header.size() - before});
    if (!got) return got.error();
    header.resize(before + *got);
    return {};
  };
  if (const auto good = read_up_to(npy_prefix); !good) return good.error();
  const auto header_bytes = npy_header_bytes(header, path);
  if (!header_bytes) return header_bytes.error();
  if (const auto good = read_up_to(*header_bytes); !good) return good.error();
  const auto tensor = npy_tensor(header, source->bytes_total(), path);
  if (!tensor) return tensor.error();
  if (tensor->type != "<u8" || tensor->shape.size() != 1) {
    return make_error(Code::format_unsupported, path, " holds values of type ", in_quotes(tensor->type), " in ",
                      tensor->shape.size(), tensor->shape.size() == 1 ? " dimension" : " dimensions",
                      "; ids are a .npy array of one dimension of little-endian u64 ('<u8')");
  }
  return IdFile(std::move(*source), tensor->shape.front());
}

Result<void> IdFile::read(std::span<std::uint64_t> ids) {
  auto got = source_.read({reinterpret_cast<char*>(ids.data()), ids.size_bytes()});
  if (!got) return got.error();
  if (*got == ids.size_bytes()) return {};
  return make_error(Code::malformed_file, path(), " is cut short: it has lost ids since it was opened");
}

}  // namespace rowan::detail
