// One request of a ranking service: candidates' features from two tables, one of them quantised, and the user's feature
// repeated for each candidate, side by side in one matrix.
#include <rowan/rowan.hpp>

#include <cstdio>
#include <vector>

int main() {
  using namespace rowan;
  const auto items = Table::create({.rows = 100'000, .dim = 32, .dtype = DType::i8});
  const auto topics = Table::create({.rows = 500, .dim = 16});
  const auto users = Table::create({.rows = 50'000, .dim = 24});
  for (const auto* table : {&items, &topics, &users}) {
    if (!*table) return std::fprintf(stderr, "%s\n", table->error().message.c_str()), 1;
  }

  constexpr std::size_t candidates = 3;
  const std::vector<std::int64_t> clicked = {7, 99'999, 42, 7, 1'000};  // item rows: 2, 0 and 3 of the candidates
  const std::vector<std::int32_t> clicks = {2, 0, 3};
  const std::vector<std::uint16_t> topic = {3, 499, 12};  // one of each candidate
  const std::vector<std::uint64_t> user = {31'415};

  constexpr std::size_t width = 32 + 16 + 24;
  std::vector<float> matrix(candidates * width);
  const std::span<float> all(matrix);
  const Engine engine;
  const Request requests[] = {
      {.table = *items, .bags = Bags::by_lengths(clicked, clicks), .out = {all, width}},
      {.table = *topics, .bags = Bags::fixed(topic, candidates), .out = {all.subspan(32), width}},
      {.table = *users, .bags = Bags::fixed(user, 1), .out = {all.subspan(48), width}, .repeat = candidates},
  };
  const Status status = engine.run(requests);
  if (!status) return std::fprintf(stderr, "request %u: %s\n", status.table, status.message().c_str()), 1;
  for (std::size_t c = 0; c < candidates; ++c) {
    std::printf("candidate %zu: %8.4f … %8.4f … %8.4f\n", c, matrix[c * width], matrix[c * width + 32],
                matrix[c * width + 48]);
  }
}
