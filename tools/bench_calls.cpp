#include "tools/bench_calls.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "tools/failure.hpp"

namespace rowan::tool {

Numbers::Numbers(std::vector<std::int64_t> wide, bool narrow) : wide_(std::move(wide)) {
  if (!narrow) return;
  narrow_.reserve(wide_.size());
  for (const std::int64_t number : wide_) {
    if (number > std::numeric_limits<std::int32_t>::max()) {
      throw Failure("the row numbers do not fit the 32 bits that --index i32 asks for");
    }
    narrow_.push_back(static_cast<std::int32_t>(number));
  }
}

IndexSpan Numbers::part(std::size_t first, std::size_t count) const {
  if (!narrow_.empty()) return std::span(narrow_).subspan(first, count);
  return std::span(wide_).subspan(first, count);
}

namespace {

std::vector<std::int64_t> all_of(const perf::IndexSets& sets) {
  std::vector<std::int64_t> all;
  all.reserve(sets.size() * sets[0].size());
  for (std::size_t i = 0; i < sets.size(); ++i) all.insert(all.end(), sets[i].begin(), sets[i].end());
  return all;
}

}  // namespace

Calls::Calls(const perf::IndexSets& sets, std::size_t bags, std::size_t bag, bool narrow)
    : indices_(all_of(sets), narrow), offsets_(perf::even_offsets(bags + 1, bag), narrow), narrow_(narrow) {
  for (std::size_t i = 0; i < sets.size(); ++i) places_.push_back({i * bags * bag, bags * bag, 0, bags});
}

Calls::Calls(perf::Trace trace, std::size_t bags, bool narrow) : narrow_(narrow) {
  std::vector<std::int64_t> offsets;
  for (std::size_t bag = 0; bag < trace.bags(); bag += bags) {
    const std::size_t end = std::min(bag + bags, trace.bags());
    const std::int64_t base = trace.offsets[bag];
    places_.push_back({static_cast<std::size_t>(base), static_cast<std::size_t>(trace.offsets[end] - base),
                       offsets.size(), end - bag});
    for (std::size_t i = bag; i <= end; ++i) offsets.push_back(trace.offsets[i] - base);
  }
  indices_ = Numbers(std::move(trace.indices), narrow);
  offsets_ = Numbers(std::move(offsets), narrow);
}

Call Calls::operator[](std::size_t i) const {
  const Place& place = places_[i];
  return {indices_.part(place.first_index, place.rows), offsets_.part(place.first_offset, place.bags + 1),
          place.first_index};
}

std::size_t Calls::most_rows() const {
  return std::max_element(places_.begin(), places_.end(),
                          [](const Place& a, const Place& b) { return a.rows < b.rows; })
      ->rows;
}

std::size_t Calls::most_bags() const {
  return std::max_element(places_.begin(), places_.end(),
                          [](const Place& a, const Place& b) { return a.bags < b.bags; })
      ->bags;
}

}  // namespace rowan::tool
