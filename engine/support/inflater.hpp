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

/// The best that deflate does: 258 bytes from 2 bits.
inline constexpr std::uint64_t deflate_ratio = 1032;

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

/// A whole run of raw deflate data in memory, inflated from first to last.
class InflatedRun {
 public:
  /// The data outlives it. Throws std::bad_alloc.
  InflatedRun(std::span<const std::byte> deflated, std::string subject)
      : inflater_(Inflater::Wrapper::none), left_(deflated), subject_(std::move(subject)) {}

  /// Fills `out`, and returns how much of it: less only where the data is at its end. Data that is cut short is an
  /// error.
  Result<std::size_t> read(std::span<std::byte> out);
  /// Bytes of the data that have not been asked for.
  std::size_t left() const noexcept { return left_.size(); }

 private:
  Inflater inflater_;
  std::span<const std::byte> left_;
  std::string subject_;
  bool ended_ = false;
};

/// CRC-32 of bytes that follow those whose CRC-32 is `before`.
std::uint32_t crc32_of(std::span<const std::byte> bytes, std::uint32_t before = 0) noexcept;

}  // namespace rowan::detail
