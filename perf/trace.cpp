#include "perf/trace.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "perf/trace_files.hpp"

namespace rowan::perf {
namespace {

Error bad(const std::string& path, const std::string& what) { return {Code::malformed_file, path + ": " + what}; }

std::string at(const char* name, std::size_t i, std::int64_t value) {
  return std::string(name) + "[" + std::to_string(i) + "] is " + std::to_string(value);
}

/// What was recorded, before it is looked at.
struct Recorded {
  IntegerArray indices;
  std::optional<IntegerArray> offsets;
  std::optional<IntegerArray> lengths;
};

Result<Recorded> read_recorded(const std::string& path, const std::string& offsets_path) {
  Recorded recorded;
  if (!path.ends_with(".safetensors")) {
    auto indices = read_npy(path);
    if (!indices) return indices.error();
    recorded.indices = *std::move(indices);
    if (offsets_path.empty()) return recorded;
    auto offsets = read_npy(offsets_path);
    if (!offsets) return offsets.error();
    recorded.offsets = *std::move(offsets);
    return recorded;
  }
  if (!offsets_path.empty()) {
    return Error{Code::invalid_argument,
                 "a .safetensors trace brings its own offsets; a file of them is for .npy traces"};
  }
  auto tensors = read_safetensors(path);
  if (!tensors) return tensors.error();
  bool has_indices = false;
  for (auto& [name, array] : *tensors) {
    if (name == "indices") {
      recorded.indices = std::move(array);
      has_indices = true;
    } else if (name == "offsets") {
      recorded.offsets = std::move(array);
    } else if (name == "lengths") {
      recorded.lengths = std::move(array);
    } else {
      return bad(path, "tensor '" + name + "' is none of a trace's: indices, offsets, lengths");
    }
  }
  if (!has_indices) return bad(path, "there is no tensor 'indices'");
  if (recorded.offsets && recorded.lengths) return bad(path, "there are both offsets and lengths; one says it all");
  return recorded;
}

/// Offsets as recorded, and the end of the last bag.
Result<std::vector<std::int64_t>> with_end(std::vector<std::int64_t> offsets, std::int64_t count,
                                           const std::string& path) {
  if (offsets.empty()) return bad(path, "there are no offsets");
  if (offsets.front() != 0) return bad(path, at("offsets", 0, offsets.front()) + " and not 0");
  for (std::size_t i = 1; i < offsets.size(); ++i) {
    if (offsets[i] < offsets[i - 1]) return bad(path, at("offsets", i, offsets[i]) + ", less than the one before it");
  }
  if (offsets.back() > count) {
    return bad(path, at("offsets", offsets.size() - 1, offsets.back()) + ", and there are " + std::to_string(count) +
                         " indices");
  }
  if (offsets.back() != count) offsets.push_back(count);
  return offsets;
}

Result<std::vector<std::int64_t>> summed(const std::vector<std::int64_t>& lengths, std::int64_t count,
                                         const std::string& path) {
  std::vector<std::int64_t> offsets = {0};
  offsets.reserve(lengths.size() + 1);
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] < 0) return bad(path, at("lengths", i, lengths[i]));
    // No sum passes the number of indices, so none overflows.
    if (lengths[i] > count - offsets.back()) return bad(path, "the lengths add up to more than the indices");
    offsets.push_back(offsets.back() + lengths[i]);
  }
  if (offsets.back() != count) return bad(path, "the lengths add up to less than the indices");
  return offsets;
}

std::vector<std::int64_t> cut(std::int64_t count, std::uint64_t bag) {
  const auto step = static_cast<std::int64_t>(std::min<std::uint64_t>(bag, static_cast<std::uint64_t>(count)));
  std::vector<std::int64_t> offsets;
  for (std::int64_t start = 0; start < count; start += step) offsets.push_back(start);
  offsets.push_back(count);
  return offsets;
}

}  // namespace

Result<Trace> read_trace(const std::string& path, const std::string& offsets_path, std::uint64_t bag) {
  auto recorded = read_recorded(path, offsets_path);
  if (!recorded) return recorded.error();
  IntegerArray& indices = recorded->indices;
  const auto count = static_cast<std::int64_t>(indices.values.size());
  if (count == 0) return bad(path, "there are no indices");
  const bool has_bags = recorded->offsets || recorded->lengths;
  if (!has_bags && indices.shape.size() == 2) bag = indices.shape[1];
  const std::string& bags_path = offsets_path.empty() ? path : offsets_path;
  auto offsets = recorded->offsets   ? with_end(std::move(recorded->offsets->values), count, bags_path)
                 : recorded->lengths ? summed(recorded->lengths->values, count, bags_path)
                                     : Result(cut(count, std::max<std::uint64_t>(bag, 1)));
  if (!offsets) return offsets.error();
  return Trace{std::move(indices.values), *std::move(offsets), indices.narrow};
}

Result<void> check_rows(const Trace& trace, std::uint64_t rows) {
  for (std::size_t i = 0; i < trace.indices.size(); ++i) {
    const std::int64_t index = trace.indices[i];
    if (index < 0 || static_cast<std::uint64_t>(index) >= rows) {
      return Error{Code::index_out_of_range, "the trace does not fit the table: " + at("indices", i, index) +
                                                 ", and the table has " + std::to_string(rows) +
                                                 (rows == 1 ? " row" : " rows")};
    }
  }
  return {};
}

}  // namespace rowan::perf
