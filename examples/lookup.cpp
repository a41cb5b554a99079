// Maps a table and pools two bags of its rows: the program of README.md.
#include <rowan/rowan.hpp>

#include <cstdio>
#include <vector>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const auto table = rowan::Table::open(argv[1]);  // maps the file: no copy, no parsing of rows
  if (!table) return std::fprintf(stderr, "%s\n", table.error().message.c_str()), 1;

  const rowan::Engine engine;                                                   // picks the instruction set once
  const std::vector<std::int64_t> indices = {1, 2, 3, 5, 8}, offsets = {0, 3};  // bags {1, 2, 3} and {5, 8}
  std::vector<float> out(2 * table->dim());
  const rowan::Status status = engine.embedding_bag(*table, {indices, offsets}, out, {.pooling = rowan::Pooling::mean});
  if (!status) return std::fprintf(stderr, "%s\n", status.message(*table).c_str()), 1;
  std::printf("%g %g\n", out[0], out[table->dim()]);
}
