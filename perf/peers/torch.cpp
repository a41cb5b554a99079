#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/torch.h>
#include <torch/version.h>

#include "perf/peers/peer.hpp"

namespace rowan::perf {
namespace {

at::Tensor as_tensor(std::span<const std::int64_t> values) {
  return torch::from_blob(const_cast<std::int64_t*>(values.data()), {static_cast<std::int64_t>(values.size())},
                          torch::kLong);
}

class TorchTable final : public PeerTable {
 public:
  TorchTable(const TableView& table, int threads, std::uint64_t out_stride)
      : dim_(static_cast<std::int64_t>(table.dim())),
        out_stride_(static_cast<std::int64_t>(out_stride)),
        threads_(threads),
        weight_(
            torch::from_blob(const_cast<std::byte*>(table.data()), {static_cast<std::int64_t>(table.rows()), dim_})) {}

  void embedding_bag(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets,
                     std::span<float>) override {
    const c10::InferenceMode no_gradients;
    set_threads();
    result_ = pooled(indices, offsets);
  }
  void embedding(std::span<const std::int64_t> indices) override {
    const c10::InferenceMode no_gradients;
    set_threads();
    result_ = at::embedding(weight_, as_tensor(indices));
  }
  std::span<const float> answer(std::size_t count) override {
    result_ = result_.contiguous();
    return {result_.data_ptr<float>(), count};
  }
  void fill(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets, float* out,
            std::uint64_t repeat) override {
    const c10::InferenceMode no_gradients;
    set_threads();
    const auto bags = static_cast<std::int64_t>(offsets.size() - 1);
    const auto times = static_cast<std::int64_t>(repeat);
    const at::Tensor place =
        torch::from_blob(out, {bags, times, dim_}, {times * out_stride_, out_stride_, 1}, torch::kFloat);
    place.copy_(pooled(indices, offsets).unsqueeze(1).expand({bags, times, dim_}));
  }

 private:
  at::Tensor pooled(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets) const {
    constexpr std::int64_t sum = 0;
    return std::get<0>(at::embedding_bag(weight_, as_tensor(indices), as_tensor(offsets), false, sum, false, {}, true));
  }
  void set_threads() const {
    if (at::get_num_threads() != threads_) at::set_num_threads(threads_);
  }

  std::int64_t dim_;
  std::int64_t out_stride_;
  int threads_;
  at::Tensor weight_;
  at::Tensor result_;
};

class Torch final : public Peer {
 public:
  std::string who() const override { return "libtorch"; }
  std::string name() const override { return "libtorch " TORCH_VERSION; }
  bool pools(DType dtype) const override { return dtype == DType::f32; }
  bool gathers(DType dtype) const override { return dtype == DType::f32; }
  double settle() const override { return 0.020; }  // OpenMP's
  std::unique_ptr<PeerTable> over(const TableView& table, int threads, std::uint64_t out_stride) override {
    return std::make_unique<TorchTable>(table, threads, out_stride != 0 ? out_stride : table.dim());
  }
};

}  // namespace

std::unique_ptr<Peer> make_torch() { return std::make_unique<Torch>(); }

}  // namespace rowan::perf
