// The first steps with torch.nn.Embedding, here: a table of 10 rows of 5 values from N(0, 1), and rows 1, 2, 3.
#include <rowan/rowan.hpp>

#include <cstdio>
#include <span>
#include <vector>

namespace {

void print_rows(std::span<const float> values, std::size_t dim) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool first = i % dim == 0;
    const bool last = i % dim == dim - 1;
    std::printf("%s%8.4f%s", first ? "  [" : ", ", values[i], last ? "]\n" : "");
  }
}

int fail(const std::string& sentence) { return std::fprintf(stderr, "%s\n", sentence.c_str()), 1; }

}  // namespace

int main() {
  // torch.nn.Embedding(10, 5)
  const auto table = rowan::Table::create({.rows = 10, .dim = 5, .init = rowan::Init::normal(/*seed=*/0)});
  if (!table) return fail(table.error().message);

  const rowan::Engine engine;
  const auto rows_of = [&](std::span<const std::int64_t> indices, std::vector<float>& out) {
    out.resize(indices.size() * table->dim());
    return engine.embedding(*table, indices, out);
  };

  std::vector<float> values;
  const std::int64_t all[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  if (const auto status = rows_of(all, values); !status) return fail(status.message(*table));
  std::printf("embedding.weight, 10 rows of 5:\n");
  print_rows(values, table->dim());

  const std::int64_t some[] = {1, 2, 3};
  if (const auto status = rows_of(some, values); !status) return fail(status.message(*table));
  std::printf("embedding([1, 2, 3]):\n");
  print_rows(values, table->dim());
}
