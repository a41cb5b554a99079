// Random calls of Engine::run(): requests over many tables whose outputs lie in shared memory, and what the reference
// makes of each request alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "rowan/engine.hpp"
#include "rowan/reference.hpp"
#include "tests/support/random_calls.hpp"

namespace rowan::test {

/// How the outputs of one call lie to each other.
enum class Layout : std::uint8_t {
  left_to_right,  ///< columns of one matrix, in the order of the requests
  shuffled,       ///< columns of one matrix, in any order
  separate,       ///< one behind the other
};
inline constexpr Layout all_layouts[] = {Layout::left_to_right, Layout::shuffled, Layout::separate};

/// What random requests are made of.
struct MixShape {
  Layout layout = Layout::left_to_right;
  std::size_t requests = 5;
  std::uint64_t most_rows = 50;
  CallShape call = {.most_bags = 6, .longest_bag = 8};
};

/// Random requests and the memory that they are answered in: one array of floats and one of 16-bit elements. All
/// elements are preset, so that a write between the outputs shows.
class RandomRequests {
 public:
  RandomRequests(Random& random, const MixShape& mix) {
    for (std::size_t i = 0; i < mix.requests; ++i) {
      CallShape shape = mix.call;
      shape.output = output_dtypes[below(random, 3)];
      shape.pooling = all_poolings[below(random, 7)];
      shape.indices = all_index_kinds[below(random, 6)];
      RandomTable table(random, 1 + below(random, mix.most_rows), 1 + below(random, 130), all_dtypes[below(random, 8)],
                        below(random, 4), below(random, 3) * below(random, 9));
      RandomBags bags(random, table.view(), shape);
      // Most requests write each bag once.
      const std::uint64_t repeat = below(random, 2) == 0 ? 1 : 1 + below(random, 5);
      const Place place{.dtype = shape.output, .rows = bags.size() * repeat, .dim = table.view().dim()};
      places_.push_back(place);
      parts_.push_back({std::move(table), std::move(bags), repeat});
    }
    place(random, mix.layout, false);
    place(random, mix.layout, true);
    clear();
  }

  std::vector<Request> requests() {
    std::vector<Request> made;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const Part& part = parts_[i];
      made.push_back({.table = part.table.view(),
                      .bags = part.bags.bags(),
                      .out = view(places_[i]),
                      .options = part.bags.options(),
                      .repeat = part.repeat});
    }
    return made;
  }

  void clear() {
    std::fill(floats_.begin(), floats_.end(), preset_float);
    std::fill(halves_.begin(), halves_.end(), preset_half);
  }

  bool untouched() const {
    return std::all_of(floats_.begin(), floats_.end(), [](float x) { return x == preset_float; }) &&
           std::all_of(halves_.begin(), halves_.end(), [](std::uint16_t x) { return x == preset_half; });
  }

  /// What is wrong with the answers and their status, if anything is.
  std::string difference(const Status& status) const {
    if (!status.ok()) return "refused: request " + std::to_string(status.table) + ": " + status.message();
    std::vector<bool> float_seen(floats_.size());
    std::vector<bool> half_seen(halves_.size());
    std::int64_t bad = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const Part& part = parts_[i];
      const Place& at = places_[i];
      Output once(at.dtype, part.bags.size(), at.dim, 0);
      const Status expected =
          reference::embedding_bag(part.table.view(), part.bags.bags(), once.view(), part.bags.options());
      if (!expected.ok()) return "the reference refuses request " + std::to_string(i) + ": " + expected.message();
      bad += expected.value;
      Output repeated(at.dtype, at.rows, at.dim, 0);
      Output actual(at.dtype, at.rows, at.dim, 0);
      for (std::size_t r = 0; r < at.rows; ++r) {
        for (std::size_t c = 0; c < at.dim; ++c) {
          const std::size_t from = (r / part.repeat) * at.dim + c;
          const std::size_t to = at.begin + r * at.stride + c;
          repeated.copy(r * at.dim + c, once, from);
          if (at.dtype == DType::f32) {
            actual.set(r * at.dim + c, floats_[to]);
            float_seen[to] = true;
          } else {
            actual.set(r * at.dim + c, halves_[to]);
            half_seen[to] = true;
          }
        }
      }
      if (const std::size_t d = repeated.first_difference(actual); d != repeated.size()) {
        return "request " + std::to_string(i) + " row " + std::to_string(d / at.dim) + " column " +
               std::to_string(d % at.dim) + " of dim " + std::to_string(at.dim);
      }
    }
    for (std::size_t e = 0; e < floats_.size(); ++e) {
      if (!float_seen[e] && floats_[e] != preset_float) return "a float between the outputs was written";
    }
    for (std::size_t e = 0; e < halves_.size(); ++e) {
      if (!half_seen[e] && halves_[e] != preset_half) return "a 16-bit element between the outputs was written";
    }
    return bad == status.value ? "" : "bad indices: " + std::to_string(status.value) + " / " + std::to_string(bad);
  }

 private:
  static constexpr float preset_float = 12345.0F;
  static constexpr std::uint16_t preset_half = 0x7ABC;

  struct Part {
    RandomTable table;
    RandomBags bags;
    std::uint64_t repeat;
  };
  struct Place {
    DType dtype;
    std::size_t rows;
    std::uint64_t dim;
    std::size_t begin = 0;  // elements
    std::uint64_t stride = 0;
    bool exact = false;  // contiguous, and said to be so
  };

  /// Finds a place for all outputs of floats, or for all others.
  void place(Random& random, Layout layout, bool halves) {
    std::vector<std::size_t> order(places_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (layout == Layout::shuffled) std::shuffle(order.begin(), order.end(), random);
    std::size_t width = below(random, 3);
    std::size_t rows = 0;
    std::size_t end = 0;
    for (const std::size_t i : order) {
      Place& at = places_[i];
      if ((at.dtype != DType::f32) != halves) continue;
      if (layout == Layout::separate) {
        at.exact = below(random, 2) == 0;
        at.stride = at.dim + (at.exact ? 0 : below(random, 3));
        at.begin = end + below(random, 3);
        end = at.begin + (at.rows - 1) * at.stride + at.dim;
      } else {
        at.begin = width;
        width += at.dim + below(random, 3) * below(random, 4);
        rows = std::max(rows, at.rows);
      }
    }
    for (Place& at : places_) {
      if (layout != Layout::separate && (at.dtype != DType::f32) == halves) at.stride = width;
    }
    const std::size_t size = layout == Layout::separate ? end + 3 : rows * width;
    if (halves) {
      halves_.resize(size);
    } else {
      floats_.resize(size);
    }
  }

  OutputView view(const Place& at) {
    const std::size_t size = (at.rows - 1) * at.stride + at.dim;
    const std::uint64_t stride = at.exact ? 0 : at.stride;
    if (at.dtype == DType::f32) return {std::span(floats_).subspan(at.begin, size), stride};
    return {std::span(halves_).subspan(at.begin, size), at.dtype, stride};
  }

  std::vector<Part> parts_;
  std::vector<Place> places_;
  std::vector<float> floats_;
  std::vector<std::uint16_t> halves_;
};

}  // namespace rowan::test
