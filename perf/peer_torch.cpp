#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/torch.h>
#include <torch/version.h>

#include <algorithm>

#include "perf/peers.hpp"

namespace rowan::perf {
namespace {

at::Tensor as_tensor(std::span<const std::int64_t> values) {
  return torch::from_blob(const_cast<std::int64_t*>(values.data()), {static_cast<std::int64_t>(values.size())},
                          torch::kLong);
}

void copy_out(const at::Tensor& tensor, std::span<float> out) {
  std::copy_n(tensor.contiguous().data_ptr<float>(), out.size(), out.data());
}

class Torch final : public Peer {
 public:
  Torch(std::span<const float> weights, std::uint64_t dim)
      : weight_(torch::from_blob(const_cast<float*>(weights.data()),
                                 {static_cast<std::int64_t>(weights.size() / dim), static_cast<std::int64_t>(dim)})) {}

  std::string name() const override { return "libtorch " TORCH_VERSION; }
  void set_threads(int threads) override { at::set_num_threads(threads); }

  void embedding_bag(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets,
                     std::span<float> out) override {
    const c10::InferenceMode no_gradients;
    constexpr std::int64_t sum = 0;
    const at::Tensor result =
        std::get<0>(at::embedding_bag(weight_, as_tensor(indices), as_tensor(offsets), false, sum));
    if (!out.empty()) copy_out(result, out);
  }
  void embedding(std::span<const std::int64_t> indices, std::span<float> out) override {
    const c10::InferenceMode no_gradients;
    const at::Tensor result = at::embedding(weight_, as_tensor(indices));
    if (!out.empty()) copy_out(result, out);
  }

 private:
  at::Tensor weight_;
};

}  // namespace

std::unique_ptr<Peer> make_torch(std::span<const float> weights, std::uint64_t dim) {
  return std::make_unique<Torch>(weights, dim);
}

}  // namespace rowan::perf
