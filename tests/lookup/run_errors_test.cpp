// Refusals of Engine::run(): which request, why, and no output touched, whichever request it is.
#include <doctest/doctest.h>

#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "rowan/engine.hpp"
#include "rowan/reference.hpp"
#include "tests/support/effort.hpp"
#include "tests/support/random_requests.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr std::uint64_t seed = 20261126;

/// A way to spoil a request over a table of rows 0 to 49 and six indices in three bags.
struct Fault {
  Code code;
  std::function<void(Request&)> make;
};

const std::vector<std::int64_t> six_good = {0, 1, 2, 3, 4, 5};
const std::vector<std::int64_t> six_with_negative = {0, 1, 2, 3, -1, 5};
const std::vector<std::int32_t> six_with_last_bad = {0, 1, 2, 3, 4, 50};
const std::vector<std::uint64_t> six_with_huge = {~std::uint64_t{0}, 1, 2, 3, 4, 5};
const std::vector<std::int64_t> offsets_late = {1, 2, 4};
const std::vector<std::int64_t> offsets_falling = {0, 4, 2};
const std::vector<std::uint32_t> offsets_beyond = {0, 4, 7};
const std::vector<std::int32_t> lengths_below = {3, -1, 4};
const std::vector<std::uint64_t> lengths_short = {1, 2, 2};
const std::vector<float> six_weights(6, 1.0F);
const std::vector<float> five_weights(5, 1.0F);
float few_floats[3];
std::uint16_t some_halves[300];

const std::vector<Fault>& all_faults() {
  static const std::vector<Fault> faults = {
      {Code::index_out_of_range, [](Request& r) { r.bags = Bags::fixed(six_with_negative, 3); }},
      {Code::index_out_of_range, [](Request& r) { r.bags = Bags::fixed(six_with_last_bad, 3); }},
      {Code::index_too_large, [](Request& r) { r.bags = Bags::fixed(six_with_huge, 3); }},
      {Code::offsets_start, [](Request& r) { r.bags = Bags(six_good, offsets_late); }},
      {Code::offsets_decrease, [](Request& r) { r.bags = Bags(six_good, offsets_falling); }},
      {Code::offset_out_of_range, [](Request& r) { r.bags = Bags(six_good, offsets_beyond); }},
      {Code::offsets_missing,
       [](Request& r) {
         r.bags = Bags(six_good, {});
         r.options.include_last_offset = true;
       }},
      {Code::bags_uneven, [](Request& r) { r.bags = Bags::fixed(six_good, 4); }},
      {Code::lengths_negative, [](Request& r) { r.bags = Bags::by_lengths(six_good, lengths_below); }},
      {Code::lengths_sum, [](Request& r) { r.bags = Bags::by_lengths(six_good, lengths_short); }},
      {Code::weights_size,
       [](Request& r) {
         r.bags = Bags::fixed(six_good, 3, five_weights);
         r.options.pooling = Pooling::sum;
       }},
      {Code::weights_pooling,
       [](Request& r) {
         r.bags = Bags::fixed(six_good, 3, six_weights);
         r.options.pooling = Pooling::min;
       }},
      {Code::weights_missing, [](Request& r) { r.options.pooling = Pooling::mean_by_count; }},
      {Code::pooling_unknown, [](Request& r) { r.options.pooling = static_cast<Pooling>(7); }},
      {Code::padding_out_of_range, [](Request& r) { r.options.padding_index = 50; }},
      {Code::bad_index_unknown, [](Request& r) { r.options.bad_index = static_cast<BadIndex>(3); }},
      {Code::default_out_of_range,
       [](Request& r) {
         r.options.bad_index = BadIndex::default_row;
         r.options.default_row = 50;
       }},
      {Code::output_size, [](Request& r) { r.out = few_floats; }},
      {Code::output_stride, [](Request& r) { r.out = OutputView(std::span<float>(few_floats), 3); }},
      {Code::output_dtype, [](Request& r) { r.out = OutputView(some_halves, DType::i8); }},
      {Code::repeat_zero, [](Request& r) { r.repeat = 0; }},
  };
  return faults;
}

}  // namespace

TEST_CASE("one bad request, wherever it stands: named, explained as for a call of its own, nothing written") {
  Random random(seed);
  const RandomTable table(random, 50, 20, DType::f16);
  for (const Threads threads : {Threads::caller(), Threads::own(2)}) {
    const Engine engine({.threads = threads});
    for (const std::size_t count : {1, 2, 5, 40}) {
      for (const std::size_t bad : {std::size_t{0}, count / 2, count - 1}) {
        for (const Fault& fault : all_faults()) {
          std::vector<float> matrix(3 * 20 * count, 12345.0F);
          std::vector<Request> requests;
          for (std::size_t i = 0; i < count; ++i) {
            requests.push_back({.table = table.view(),
                                .bags = Bags::fixed(six_good, 3),
                                .out = OutputView(std::span(matrix).subspan(20 * i), 20 * count)});
          }
          fault.make(requests[bad]);
          const Request& spoilt = requests[bad];
          const Status status = engine.run(requests);
          CHECK(status.code == fault.code);
          CHECK(status.table == bad);
          CHECK(std::all_of(matrix.begin(), matrix.end(), [](float x) { return x == 12345.0F; }));
          if (fault.code == Code::repeat_zero) continue;  // of run() alone
          const Status alone = reference::embedding_bag(spoilt.table, spoilt.bags, spoilt.out, spoilt.options);
          CHECK(status.code == alone.code);
          CHECK(status.bag == alone.bag);
          CHECK(status.position == alone.position);
          CHECK(status.value == alone.value);
        }
      }
    }
  }
}

TEST_CASE("of several bad requests the first one is named") {
  Random random(seed);
  const RandomTable table(random, 50, 4, DType::i8);
  const Engine engine;
  std::vector<float> matrix(3 * 12, 12345.0F);
  std::vector<Request> requests;
  for (std::size_t i = 0; i < 3; ++i) {
    requests.push_back({.table = table.view(),
                        .bags = Bags::fixed(six_good, 3),
                        .out = OutputView(std::span(matrix).subspan(4 * i), 12)});
  }
  requests[1].bags = Bags::fixed(six_with_negative, 3);
  requests[2].repeat = 0;
  const Status status = engine.run(requests);
  CHECK(status.table == 1);
  CHECK(status.code == Code::index_out_of_range);
  CHECK(status.message(table.view()) == "index -1 at position 4 (bag 2) is not in [0, 50)");
}

TEST_CASE("a bad request among many large ones, on every kind of threads") {
  Random random(seed + 1);
  RandomRequests call(
      random,
      {.layout = Layout::shuffled, .requests = 9, .most_rows = 1'000, .call = {.most_bags = 300, .longest_bag = 60}});
  std::vector<Request> requests = call.requests();
  for (const Threads threads : {Threads::caller(), Threads::own(2), Threads::own(3), Threads::host()}) {
    const Engine engine({.threads = threads});
    for (const std::size_t bad : {0, 4, 8}) {
      const Request good = requests[bad];
      requests[bad].repeat = 0;
      Status status = engine.run(requests);
      CHECK(status.code == Code::repeat_zero);
      CHECK(status.table == bad);
      CHECK(status.message() == "repeat is 0; each bag is written at least once");

      requests[bad] = good;
      requests[bad].bags = Bags::fixed(six_with_negative, 3);
      requests[bad].options = {};
      std::vector<float> out(3 * good.table.dim(), 12345.0F);
      requests[bad].out = out;
      requests[bad].repeat = 1;
      status = engine.run(requests);
      CHECK(status.code == Code::index_out_of_range);
      CHECK(status.table == bad);
      CHECK(call.untouched());
      CHECK(std::all_of(out.begin(), out.end(), [](float x) { return x == 12345.0F; }));
      requests[bad] = good;
    }
    CHECK(call.difference(engine.run(requests)) == "");
    call.clear();
  }
}

TEST_CASE("a repeat that no memory could hold is refused") {
  const std::vector<float> values(8, 1.0F);
  const TableView table = *TableView::over(values, 4);
  const std::vector<std::int32_t> indices = {0, 1};
  std::vector<float> out(8, 12345.0F);
  const Engine engine;
  for (const std::uint64_t repeat :
       {std::uint64_t{2}, std::uint64_t{1} << 32, std::uint64_t{1} << 62, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    for (const std::uint64_t stride : {0, 4, 5}) {
      const Request request{
          .table = table, .bags = Bags::fixed(indices, 2), .out = OutputView(std::span(out), stride), .repeat = repeat};
      const Status status = engine.run(std::span(&request, 1));
      CHECK(status.code == Code::output_size);
      CHECK(status.value == 8);
      CHECK(std::all_of(out.begin(), out.end(), [](float x) { return x == 12345.0F; }));
    }
  }
}

namespace {

/// Outputs at random places of a few hundred bytes, some over others.
class Overlaps {
 public:
  explicit Overlaps(std::size_t least_gap) : least_gap_(least_gap) {
    for (std::uint64_t dim = 1; dim <= 4; ++dim) {
      tables_.push_back(*TableView::over(std::span(values_).first(2 * dim), dim));
    }
  }

  /// Whether the engine's verdict is that of marking every byte.
  std::string check(Random& random, const Engine& engine) {
    std::vector<Request> requests;
    std::vector<bool> marked(sizeof memory_, false);
    Status expected;
    const std::uint64_t common = below(random, 2) == 0 ? 4 + below(random, 14) : 0;  // stride of one matrix
    for (std::uint32_t i = 0; i < 2 + below(random, 4); ++i) {
      const std::uint64_t dim = 1 + below(random, 4);
      const bool half = below(random, 3) == 0;
      const std::size_t element = half ? 2 : 4;
      const std::uint64_t bags = below(random, 4);
      const std::uint64_t repeat = 1 + below(random, 3);
      const std::uint64_t rows = bags * repeat;
      const std::uint64_t stride = below(random, 4) == 0 ? dim
                                   : common != 0         ? common * (4 / element)
                                                         : dim + least_gap_ + below(random, 8);
      const std::uint64_t reach = rows == 0 ? 0 : ((rows - 1) * stride + dim) * element;
      if (reach > sizeof memory_) continue;
      const std::size_t begin = below(random, (sizeof memory_ - reach) / element + 1) * element;
      const std::size_t elements = (sizeof memory_ - begin) / element;
      std::byte* const at = reinterpret_cast<std::byte*>(memory_) + begin;
      const std::uint32_t number = static_cast<std::uint32_t>(requests.size());
      requests.push_back(
          {.table = tables_[dim - 1],
           .bags = Bags::fixed(std::span(indices_).first(bags), bags),
           .out = half ? OutputView(std::span(reinterpret_cast<std::uint16_t*>(at), elements), DType::bf16, stride)
                       : OutputView(std::span(reinterpret_cast<float*>(at), elements), stride),
           .repeat = repeat});
      for (std::uint64_t r = 0; r < rows; ++r) {
        for (std::uint64_t byte = 0; byte < dim * element; ++byte) {
          const std::size_t where = begin + r * stride * element + byte;
          if (marked[where] && expected.ok()) expected = {.code = Code::output_overlap, .table = number};
          marked[where] = true;
        }
      }
    }
    std::memset(memory_, 0xA5, sizeof memory_);
    const Status status = engine.run(requests);
    (expected.ok() ? accepted : refused) += 1;
    if (status.code != expected.code || status.table != expected.table) {
      return "request " + std::to_string(status.table) + ": " + status.message() + " / expected request " +
             std::to_string(expected.table) + ": " + expected.message();
    }
    for (std::size_t b = 0; b < sizeof memory_; ++b) {
      const bool written = reinterpret_cast<const unsigned char*>(memory_)[b] != 0xA5;
      if (written != (expected.ok() && marked[b])) return "byte " + std::to_string(b) + (written ? "" : " not written");
    }
    return "";
  }

  int accepted = 0;
  int refused = 0;

 private:
  std::size_t least_gap_;
  std::vector<float> values_ = std::vector<float>(8, 1.0F);  // no byte of 1 is 0xA5, in any type
  std::vector<TableView> tables_;
  std::vector<std::uint8_t> indices_ = {0, 1, 0};
  float memory_[80];
};

}  // namespace

TEST_CASE("outputs that overlap are refused and others are not, as marking every byte tells") {
  Random random(seed + 2);
  const Engine engine;
  const int rounds = cases(40'000);
  int accepted = 0;
  int refused = 0;
  for (const std::size_t least_gap : {0, 4}) {
    Overlaps layouts(least_gap);
    for (int i = 0; i < rounds; ++i) {
      const std::string difference = layouts.check(random, engine);
      REQUIRE_MESSAGE(difference.empty(), "seed ", seed + 2, " round ", i, ": ", difference);
    }
    accepted += layouts.accepted;
    refused += layouts.refused;
  }
  MESSAGE(accepted, " layouts accepted, ", refused, " refused");
  CHECK(accepted > rounds / 10);
  CHECK(refused > rounds / 10);
}

namespace {

/// Two outputs of dim 4 in one array: where each begins, its rows and its stride, in floats.
struct Pair {
  const char* what;
  std::size_t begin[2];
  std::uint64_t rows[2];
  std::uint64_t stride[2];
  bool disjoint;
};

}  // namespace

TEST_CASE("outputs side by side, one behind the other, and one element into each other") {
  const std::vector<float> values(8, 1.0F);
  const TableView table = *TableView::over(values, 4);
  const std::vector<std::int32_t> indices = {0, 1, 0, 1, 0, 1};
  const Engine engine;
  const Pair pairs[] = {
      {"the same region", {0, 0}, {3, 3}, {4, 4}, false},
      {"partly", {0, 8}, {3, 3}, {4, 4}, false},
      {"one behind the other", {0, 12}, {3, 3}, {4, 4}, true},
      {"the last element is the other's first", {0, 11}, {3, 3}, {4, 4}, false},
      {"columns that touch", {0, 4}, {3, 3}, {8, 8}, true},
      {"columns with one element in common", {0, 3}, {3, 3}, {8, 8}, false},
      {"columns that touch around the end of a row", {0, 5}, {3, 3}, {9, 9}, true},
      {"columns that overlap around the end of a row", {0, 6}, {3, 3}, {9, 9}, false},
      {"different strides that meet in the last row", {0, 4}, {3, 3}, {8, 6}, false},
      {"different strides that never meet", {0, 4}, {2, 2}, {8, 20}, true},
      {"the last row touches the other's first", {0, 20}, {3, 2}, {8, 8}, true},
      {"the last row reaches into the other's first", {0, 19}, {3, 2}, {8, 8}, false},
      {"one row of a matrix in another's gap", {0, 12}, {3, 1}, {8, 40}, true},
      {"one row over a matrix's row", {0, 7}, {3, 1}, {8, 40}, false},
      {"none, over another", {0, 0}, {3, 0}, {4, 4}, true},
  };
  for (const Pair& pair : pairs) {
    for (const bool swapped : {false, true}) {
      std::vector<float> memory(64, 12345.0F);
      std::vector<Request> requests;
      for (std::size_t k = 0; k < 2; ++k) {
        const std::size_t i = swapped ? 1 - k : k;
        requests.push_back({.table = table,
                            .bags = Bags::fixed(std::span(indices).first(pair.rows[i]), pair.rows[i]),
                            .out = OutputView(std::span(memory).subspan(pair.begin[i]), pair.stride[i])});
      }
      const Status status = engine.run(requests);
      CHECK_MESSAGE(status.ok() == pair.disjoint, pair.what, swapped ? ", swapped" : "");
      if (pair.disjoint) continue;
      CHECK(status.code == Code::output_overlap);
      CHECK(status.table == 1);
      CHECK(std::all_of(memory.begin(), memory.end(), [](float x) { return x == 12345.0F; }));
    }
  }
}

TEST_CASE("a stride that is never used may be anything, in overlapping outputs too") {
  const std::vector<float> values(8, 1.0F);
  const TableView table = *TableView::over(values, 4);
  const std::vector<std::int32_t> indices = {0};
  const Engine engine;
  for (const std::uint64_t stride : {std::uint64_t{1} << 32, std::uint64_t{1} << 61, std::uint64_t{1} << 62,
                                     std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    for (const std::size_t second : {0, 3, 4, 60}) {
      std::vector<float> memory(64, 12345.0F);
      std::vector<Request> requests;
      for (const std::size_t begin : {second, std::size_t{0}}) {
        requests.push_back({.table = table,
                            .bags = Bags::fixed(indices, 1),
                            .out = OutputView(std::span(memory).subspan(begin), stride)});
      }
      CHECK(engine.run(requests).code == (second < 4 ? Code::output_overlap : Code::ok));
      CHECK(engine.embedding(table, indices, requests[0].out).ok());
      CHECK(memory[second] == 1.0F);
    }
  }
}

TEST_CASE("no output lies over what another request reads") {
  std::vector<float> values(8, 1.0F);
  const TableView table = *TableView::over(values, 4);
  const std::vector<std::int32_t> good = {0, 1};
  std::vector<std::int32_t> overwritten = {0, 1, 0, 1, 0, 1, 0, 1};
  std::vector<float> weights(8, 1.0F);
  std::vector<float> out(64);
  const Engine engine;
  const auto request = [&](std::span<float> to) {
    return Request{.table = table, .bags = Bags::fixed(good, 1), .out = to, .options = {.pooling = Pooling::sum}};
  };
  const std::span<float> to = std::span(out).first(4);
  Request reads = request(std::span(out).last(4));
  reads.bags = Bags::fixed(overwritten, 1, weights);
  Request bounded = reads;
  bounded.bags = Bags::by_lengths(std::span(overwritten).first(4), std::span(overwritten).last(1));
  overwritten.back() = 4;
  const std::span<float> over_indices(reinterpret_cast<float*>(overwritten.data()) + 2, 4);
  const std::span<float> over_lengths(reinterpret_cast<float*>(overwritten.data()) + 4, 4);
  CHECK(engine.run(std::vector{request(to), bounded}).ok());
  CHECK(engine.run(std::vector{request(over_lengths), bounded}).code == Code::output_overlap);
  CHECK(engine.run(std::vector{bounded, request(over_lengths)}).code == Code::output_overlap);
  overwritten.back() = 1;
  CHECK(engine.run(std::vector{request(to), reads}).ok());
  for (const std::span<float> over : {over_indices, std::span(weights).first(4)}) {
    CHECK(engine.run(std::vector{request(over), reads}).code == Code::output_overlap);
    CHECK(engine.run(std::vector{reads, request(over)}).code == Code::output_overlap);
  }
  const std::vector<float> others(8, 1.0F);
  reads.table = *TableView::over(others, 4);
  Request over_table = reads;
  over_table.out = std::span(values).first(4);
  CHECK(engine.run(std::vector{request(to), over_table}).code == Code::output_overlap);
  CHECK(engine.run(std::vector{over_table, request(to)}).code == Code::output_overlap);
  CHECK(std::all_of(values.begin(), values.end(), [](float x) { return x == 1.0F; }));
}
