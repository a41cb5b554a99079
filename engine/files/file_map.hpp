// Descriptors, mappings and whole reads and writes: the operating system's files with errors as sentences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "rowan/status.hpp"

namespace rowan::detail {

/// Owns an open descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  /// Closes it now; errno, or 0.
  int close() noexcept;

 private:
  int fd_ = -1;
};

/// Owns a mapping.
class Mapping {
 public:
  Mapping() = default;
  Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping();

  /// A whole file, for access in no order: shared and read-only, or private and writable. `path` is for messages.
  static Result<Mapping> of_file(const Descriptor& file, const std::string& path, bool copy_on_write);
  /// The first `size` bytes of a file, for access in no order: private, and writable or not.
  static Result<Mapping> private_of(const Descriptor& file, std::uint64_t size, const std::string& path, bool writable);
  /// The first `size` bytes of a file that is open for reading and writing; `what` is the subject of errors.
  static Result<Mapping> shared(const Descriptor& file, std::uint64_t size, std::string_view what);
  /// Private zeros, in huge pages where the system has them.
  static Result<Mapping> anonymous(std::uint64_t size);

  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  std::span<std::byte> writable() noexcept { return bytes_; }

 private:
  explicit Mapping(std::span<std::byte> bytes) noexcept : bytes_(bytes) {}
  std::span<std::byte> bytes_;
};

/// Writes all bytes at `offset`, or says why not; `path` is for the message.
Result<void> write_all(const Descriptor& file, std::span<const std::byte> bytes, std::uint64_t offset,
                       std::string_view path);
/// Fills all of `bytes` from `offset`; a file that ends earlier is an error.
Result<void> read_all(const Descriptor& file, std::span<std::byte> bytes, std::uint64_t offset, std::string_view path);
/// Sees to it that what was written is on the disk; 0, or -1 and errno.
int sync(const Descriptor& file) noexcept;
/// Takes off what the file has behind its first `size` bytes, or adds zeros up to there.
Result<void> cut_to(const Descriptor& file, std::uint64_t size, std::string_view path);

}  // namespace rowan::detail
