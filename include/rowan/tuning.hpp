// How lookups treat the memory of the machine that they run on: how far ahead they prefetch, into which cache, in one
// stage or in two, and when an output is written past the caches. That changes time and never bits.
//
// An Engine takes the values that are built in for the family of its processor, or those of a file that `rowan tune`
// wrote after measuring this one (EngineOptions::tuning, or the environment variable ROWAN_TUNING). Nothing is measured
// when an engine is made.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rowan/dtype.hpp"
#include "rowan/export.hpp"
#include "rowan/status.hpp"

namespace rowan {

/// How many rows ahead a row is prefetched. None at all is (0, 0).
struct Ahead {
  std::uint8_t l2 = 0;  ///< into L2
  /// Into L1; beside l2 in a second stage, where the kernel has one. That has to be nearer: else it is left out.
  std::uint8_t l1 = 0;

  friend bool operator==(const Ahead&, const Ahead&) = default;
};

/// A value, 400 bytes, that is copied into an Engine.
class ROWAN_API Tuning {
 public:
  /// What is done with rows, and of which elements.
  enum class Work : std::uint8_t {
    pooled,           ///< sums of f32, which leave no time for a prefetch of what a core's caches hold
    pooled_half,      ///< sums of f16 and bf16, which take twice as long for a byte
    pooled_narrow,    ///< sums of elements of 8 bits and less, which take longer still
    unpooled,         ///< rows of elements of 16 bits and more that are written to the output as they are
    unpooled_narrow,  ///< the same of elements of 8 bits and less
  };
  static constexpr std::size_t works = 5;

  /// Where a table lies, by its bytes against the data caches of this machine.
  enum class Place : std::uint8_t {
    l1,      ///< not more than L1
    l2,      ///< not more than L2 of a core
    beyond,  ///< up to four times that
    l3,      ///< up to the L3
    memory,  ///< more
  };
  static constexpr std::size_t places = 5;

  /// Rows by their bytes: up to 64, 128, 256, 512, 1024, and more.
  static constexpr std::size_t widths = 6;
  static constexpr std::uint64_t widest_row(std::size_t width) noexcept { return std::uint64_t{64} << width; }
  static constexpr std::size_t width_of(std::uint64_t row_bytes) noexcept {
    const auto width = static_cast<std::size_t>(row_bytes <= widest_row(0) ? 0 : std::bit_width(row_bytes - 1) - 6);
    return width < widths ? width : widths - 1;
  }

  /// The most rows ahead that there can be.
  static constexpr std::uint8_t most_ahead = 96;

  /// What is built in for this processor's family.
  static Tuning built_in() noexcept;

  /// Reads a file that `rowan tune` wrote. Refused: one of another version of the format, of another processor or one
  /// whose caches have other sizes, one that is cut or damaged, and one that was made for a better instruction set than
  /// `isa` (of Engine::isa(); where that is empty, than this processor's best).
  static Result<Tuning> load(const std::string& path, std::string_view isa = {});
  /// The text of such a file, for the instruction set that was measured.
  std::string text(std::string_view isa) const;

  Ahead& ahead(Work work, Place place, std::size_t width) noexcept {
    return ahead_[static_cast<std::size_t>(work)][static_cast<std::size_t>(place)][width];
  }
  const Ahead& ahead(Work work, Place place, std::size_t width) const noexcept {
    return ahead_[static_cast<std::size_t>(work)][static_cast<std::size_t>(place)][width];
  }

  /// The same for every kind of work, place and width.
  void set_all(const Ahead& ahead) noexcept {
    for (auto& places_of_work : ahead_) {
      for (auto& widths_of_place : places_of_work) {
        for (Ahead& rule : widths_of_place) rule = ahead;
      }
    }
  }

  /// Un-pooled outputs of more bytes than this are written past the caches, where the caller leaves that open.
  std::uint64_t streaming_bytes() const noexcept { return streaming_bytes_; }
  void set_streaming_bytes(std::uint64_t bytes) noexcept { streaming_bytes_ = bytes; }

  /// Where the values are from: the family of processors that they are built in for, or the name of the file.
  std::string_view origin() const noexcept { return origin_; }

 private:
  Ahead ahead_[works][places][widths];
  std::uint64_t streaming_bytes_ = 0;
  char origin_[96] = {};
};

/// Which Tuning an Engine takes: the one given, or that of the file named; without either, that of the file which
/// ROWAN_TUNING names, and without that what is built in. Refers to what it is made from.
struct TuningSource {
  constexpr TuningSource() noexcept = default;
  constexpr TuningSource(const char* file_name) noexcept : file(file_name) {}
  constexpr TuningSource(const Tuning& tuning) noexcept : values(&tuning) {}

  const char* file = nullptr;
  const Tuning* values = nullptr;
};

}  // namespace rowan
