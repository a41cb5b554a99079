// Optimizer steps on whatever gradient: refused with nothing changed, or equal to the reference, to the bit.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "rowan/engine.hpp"
#include "rowan/optimizer.hpp"
#include "rowan/training_reference.hpp"

using namespace rowan;

namespace {

Algorithm algorithm(FuzzedDataProvider& input) {
  const auto some = [&] { return input.ConsumeFloatingPoint<float>(); };
  switch (input.ConsumeIntegralInRange<int>(0, 6)) {
    case 0:
      return Sgd{.lr = some(), .momentum = input.ConsumeBool() ? 0.9F : 0.0F};
    case 1:
      return Adagrad{.lr = some()};
    case 2:
      return RowWiseAdagrad{.lr = some()};
    case 3:
      return Adam{.lr = some()};
    case 4:
      return RowWiseAdam{.lr = some()};
    case 5:
      return RmsProp{.lr = some()};
    default:
      return Ftrl{.lr = some()};
  }
}

bool same(std::span<const float> a, std::span<const float> b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool both_nan = a[i] != a[i] && b[i] != b[i];
    if (!both_nan && std::memcmp(&a[i], &b[i], sizeof(float)) != 0) return false;
  }
  return a.size() == b.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  const std::uint64_t dim = input.ConsumeIntegralInRange<std::uint64_t>(1, 20);
  const std::uint64_t rows = input.ConsumeIntegralInRange<std::uint64_t>(1, 12);
  std::vector<float> weights(rows * dim);
  for (float& weight : weights) weight = input.ConsumeFloatingPoint<float>();
  std::vector<float> expected = weights;
  const MutableTableView table = *MutableTableView::over(weights, dim);
  auto optimizer = Optimizer::create(table, algorithm(input));
  if (!optimizer) return 0;
  std::vector<std::int64_t> indices(input.ConsumeIntegralInRange<std::size_t>(0, 30));
  for (auto& index : indices) index = input.ConsumeIntegralInRange<std::int64_t>(-1, static_cast<std::int64_t>(rows));
  const std::uint64_t bags = input.ConsumeIntegralInRange<std::uint64_t>(0, 8);
  std::vector<float> gradient(bags * dim);
  for (float& g : gradient) g = input.ConsumeFloatingPoint<float>();
  StepOptions step{.scale = input.ConsumeFloatingPoint<float>(), .scale_grad_by_freq = input.ConsumeBool()};
  if (input.ConsumeBool()) step.clip_norm = input.ConsumeFloatingPoint<float>();
  if (input.ConsumeBool()) step.clip_value = input.ConsumeFloatingPoint<float>();
  if (input.ConsumeBool()) step.non_finite = NonFinite::reject;
  LookupGradient lookup{Bags::fixed(indices, bags),
                        gradient,
                        {.pooling = static_cast<Pooling>(input.ConsumeIntegralInRange<int>(0, 6)),
                         .bad_index = static_cast<BadIndex>(input.ConsumeIntegralInRange<int>(0, 2))}};
  std::vector<std::vector<float>> state;
  std::vector<std::span<float>> spans;
  for (const StateTensor& tensor : optimizer->state()) state.emplace_back(tensor.values.begin(), tensor.values.end());
  for (auto& values : state) spans.emplace_back(values);

  reference::Gradient sparse;
  const Engine engine;
  const Status gone_back = reference::embedding_bag_backward(table, std::span(&lookup, 1), sparse,
                                                             {.scale_grad_by_freq = step.scale_grad_by_freq});
  const MutableTableView copy = *MutableTableView::over(expected, dim);
  const Status predicted = gone_back.ok() ? reference::step(*optimizer, copy, spans, sparse, step) : gone_back;
  const std::vector<float> before = weights;
  const Status status = optimizer->step(engine, table, std::span(&lookup, 1), step);
  if (!status) {
    if (!same(before, weights)) std::abort();
    return 0;
  }
  if (!predicted.ok() || !same(expected, weights)) std::abort();
  for (std::size_t k = 0; k < state.size(); ++k) {
    if (!same(state[k], optimizer->state()[k].values)) std::abort();
  }
  return 0;
}
