// A table that learns: the first steps with torch.nn.EmbeddingBag and torch.optim, here. The rows of one bag, {1, 2,
// 3}, are moved until their mean is what it should be; the other seven rows keep their bits.
#include <rowan/rowan.hpp>

#include <cstdio>
#include <cstring>
#include <vector>

namespace {

int fail(const std::string& sentence) { return std::fprintf(stderr, "%s\n", sentence.c_str()), 1; }

}  // namespace

int main() {
  // table = torch.nn.EmbeddingBag(10, 5, mode="mean", sparse=True)
  auto table = rowan::Table::create({.rows = 10, .dim = 5, .init = rowan::Init::normal(/*seed=*/0)});
  if (!table) return fail(table.error().message);
  const auto weights = table->mutable_view();
  if (!weights) return fail(weights.error().message);
  const auto* const values = reinterpret_cast<const float*>(weights->data());
  const std::vector<float> before(values, values + 50);

  // optimizer = torch.optim.Adagrad(table.parameters(), lr=0.5)
  auto optimizer = rowan::Optimizer::create(*table, rowan::Adagrad{.lr = 0.5F});
  if (!optimizer) return fail(optimizer.error().message);

  const rowan::Engine engine;
  const std::vector<std::int64_t> indices = {1, 2, 3};
  const auto bags = rowan::Bags::fixed(indices, /*bags=*/1);
  const std::vector<float> target = {1, 2, 3, 4, 5};
  std::vector<float> mean(5);
  std::vector<float> gradient(5);
  float loss = 0;
  for (int step = 0; step <= 150; ++step) {
    // loss = 0.5 * ((table(indices) - target) ** 2).sum()
    if (const auto status = engine.embedding_bag(*table, bags, mean); !status) return fail(status.message(*table));
    loss = 0;
    for (std::size_t c = 0; c < 5; ++c) {
      gradient[c] = mean[c] - target[c];
      loss += gradient[c] * gradient[c] / 2;
    }
    if (step % 25 == 0) std::printf("step %3d: loss %.6f\n", step, static_cast<double>(loss));

    // loss.backward(); optimizer.step()
    const auto status = optimizer->step(engine, *weights, {bags, gradient});
    if (!status) return fail(status.message(*table));

    if (step != 0) continue;
    for (std::size_t row = 0; row < 10; ++row) {
      const bool same = std::memcmp(values + row * 5, before.data() + row * 5, 5 * sizeof(float)) == 0;
      std::printf("row %zu %s\n", row, same ? "kept its bits" : "moved");
    }
  }
  return loss < 1e-3F ? 0 : fail("the table has not learnt");
}
