// Deflate data, inflated; and the checksum that zip archives have of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "rowan/status.hpp"

namespace rowan::detail {

/// The most bytes that so many bytes of deflate data become: 258 from 2 bits; the greatest u64 where that is more.
constexpr std::uint64_t most_inflated(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t ratio = 1032;
  std::uint64_t most = 0;
  return __builtin_mul_overflow(bytes, ratio, &most) ? ~std::uint64_t{0} : most;
}

/// A stream of deflate data that comes and goes in pieces.
class Inflater {
 public:
  enum class Wrapper : std::uint8_t { none, gzip };

  /// Throws std::bad_alloc.
  explicit Inflater(Wrapper wrapper);
  Inflater(Inflater&&) noexcept;
  Inflater& operator=(Inflater&&) noexcept;
  ~Inflater();

  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    bool ended = false;  ///< the stream is complete; restart() begins another
  };
  /// Inflates some of `in` into `out`: until one of them is used up, or the stream ends. `subject` begins the sentence
  /// of the Error, where the data is damaged.
  Result<Step> step(std::span<const std::byte> in, std::span<std::byte> out, std::string_view subject);
  void restart() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A run of raw deflate data in memory, inflated from first to last and, behind its last byte, held against what is
/// claimed of it. An Error says what differs.
class InflatedRun {
 public:
  struct Claim {
    std::uint64_t bytes = 0;  ///< when it is inflated
    std::uint32_t crc32 = 0;
  };

  /// The data outlives it; `subject` begins the sentences of errors. Throws std::bad_alloc.
  InflatedRun(std::span<const std::byte> deflated, const Claim& claim, std::string subject)
      : inflater_(Inflater::Wrapper::none), left_(deflated), claim_(claim), subject_(std::move(subject)) {}

  /// Fills `out`, and returns how much of it: less only where all that is claimed has been read.
  Result<std::size_t> read(std::span<std::byte> out);
  /// Bytes of the deflated data that have not been asked for.
  std::size_t left() const noexcept { return left_.size(); }

 private:
  /// As much as there is, whatever is claimed.
  Result<std::size_t> inflate(std::span<std::byte> out);
  Result<void> check_end();

  Inflater inflater_;
  std::span<const std::byte> left_;
  Claim claim_;
  std::string subject_;
  bool ended_ = false;
  std::uint64_t produced_ = 0;
  std::uint32_t crc32_ = 0;
};

/// CRC-32 of bytes that follow those whose CRC-32 is `before`.
std::uint32_t crc32_of(std::span<const std::byte> bytes, std::uint32_t before = 0) noexcept;

}  // namespace rowan::detail
