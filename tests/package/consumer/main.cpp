// What a host program does with Rowan: it makes a table, pools a bag and checks the answer. Compiled without
// exceptions and without RTTI.
#include <rowan/rowan.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "the consumer must be built with -fno-exceptions -fno-rtti"
#endif

int main() {
  const rowan::Result<rowan::Table> table =
      rowan::Table::create({.rows = 100, .dim = 5, .init = rowan::Init::normal(7)});
  if (!table) {
    std::fprintf(stderr, "%s\n", table.error().message.c_str());
    return 1;
  }

  const rowan::Engine engine(rowan::EngineOptions{.threads = rowan::Threads::own(2)});
  const std::array<std::int64_t, 3> indices = {1, 99, 42};
  const std::array<std::int64_t, 2> offsets = {0, 2};
  std::array<float, 3 * 5> rows{};
  std::array<float, 2 * 5> pooled{};
  if (!engine.embedding(*table, indices, rows)) return 2;
  if (!engine.embedding_bag(*table, rowan::Bags{indices, offsets}, pooled, {.pooling = rowan::Pooling::sum})) return 3;
  for (std::size_t c = 0; c < 5; ++c) {
    if (pooled[c] != rows[c] + rows[5 + c] || pooled[5 + c] != rows[10 + c] || rows[c] == 0.0F) return 4;
  }

  const std::array<std::int64_t, 1> beyond = {100};
  std::array<float, 5> refused{};
  if (engine.embedding(*table, beyond, refused).code != rowan::Code::index_out_of_range) return 5;
  if (rowan::Table::open("no such file")) return 6;
  std::printf("Rowan %s on %s: as expected\n", rowan::version(), std::string(engine.isa()).c_str());
}
