#include "engine/files/opened_file.hpp"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "engine/files/file_lock.hpp"
#include "engine/files/sealed_copy.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

int access_for(OpenedFile::Purpose purpose) noexcept {
  constexpr int common = O_CLOEXEC | O_NOCTTY;
  if (purpose == OpenedFile::Purpose::reading) return common | O_RDONLY;
  return common | O_NONBLOCK | (purpose == OpenedFile::Purpose::writing_in_place ? O_RDWR : O_RDONLY);
}

Error not_regular(const std::string& path) {
  return make_error(Code::invalid_argument, path,
                    " is not a regular file, and only those can be mapped: write it to one");
}

}  // namespace

Result<std::shared_ptr<const OpenedFile>> OpenedFile::open(const std::string& path, Purpose purpose) {
  const std::shared_ptr<OpenedFile> file(new OpenedFile());
  const bool in_place = purpose == Purpose::writing_in_place;
  file->path_ = path;
  file->descriptor_ = Descriptor(::open(path.c_str(), access_for(purpose)));
  if (!file->descriptor_) return os_error(errno, concat("cannot open ", path, in_place ? " for writing" : ""));
  if (::fstat(file->descriptor_.get(), &file->status_) != 0) return os_error(errno, concat("cannot examine ", path));
  if (S_ISDIR(file->status_.st_mode)) {
    return make_error(
        Code::invalid_argument, path,
        purpose == Purpose::reading ? " is a folder; a file with a table is needed" : " is a folder, not a file");
  }
  if (purpose != Purpose::reading && !file->is_regular()) return not_regular(path);
  if (in_place) {
    if (const auto good = lock_for_writing(file->descriptor_, path); !good) return good.error();
  }
  return std::shared_ptr<const OpenedFile>(file);
}

Result<bool> OpenedFile::is_at(const std::string& path) const {
  struct stat status = {};
  if (::stat(path.c_str(), &status) == 0) return status.st_dev == status_.st_dev && status.st_ino == status_.st_ino;
  if (errno == ENOENT) return false;
  return os_error(errno, concat("cannot examine ", path));
}

Result<MappedFile> MappedFile::open(const std::string& path, const OpenOptions& options) {
  const bool in_place = options.mode == OpenMode::read_write;
  if (in_place && options.sealed_copy) {
    return make_error(Code::invalid_argument, path, " cannot be written in place through a sealed copy of it: open it ",
                      "without sealed_copy, or with OpenMode::copy_on_write");
  }
  using Purpose = OpenedFile::Purpose;
  auto file = OpenedFile::open(path, in_place ? Purpose::writing_in_place : Purpose::mapping);
  if (!file) return file.error();
  return of(*std::move(file), options);
}

Result<MappedFile> MappedFile::of(std::shared_ptr<const OpenedFile> file, const OpenOptions& options) {
  if (!file->is_regular()) return not_regular(file->path());
  const bool copy_on_write = options.mode == OpenMode::copy_on_write;
  Result<Mapping> mapping = options.sealed_copy ? detail::sealed_copy(file->descriptor(), file->path(), copy_on_write)
                                                : Mapping::of_file(file->descriptor(), file->path(), copy_on_write);
  if (!mapping) return mapping.error();
  return MappedFile{std::move(file), *std::move(mapping), options.mode, options.sealed_copy};
}

}  // namespace rowan::detail
