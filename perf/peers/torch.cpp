#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/torch.h>
#include <torch/version.h>

#include "perf/peers/peer.hpp"

namespace rowan::perf {
namespace {

constexpr std::int64_t mode_sum = 0;

at::Tensor as_tensor(std::span<const std::int64_t> values) {
  return torch::from_blob(const_cast<std::int64_t*>(values.data()), {static_cast<std::int64_t>(values.size())},
                          torch::kLong);
}

void set_threads(int threads) {
  if (at::get_num_threads() != threads) at::set_num_threads(threads);
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
    set_threads(threads_);
    result_ = pooled(indices, offsets);
  }
  void embedding(std::span<const std::int64_t> indices) override {
    const c10::InferenceMode no_gradients;
    set_threads(threads_);
    result_ = at::embedding(weight_, as_tensor(indices));
  }
  std::span<const float> answer(std::size_t count) override {
    result_ = result_.contiguous();
    return {result_.data_ptr<float>(), count};
  }
  void fill(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets, float* out,
            std::uint64_t repeat) override {
    const c10::InferenceMode no_gradients;
    set_threads(threads_);
    const auto bags = static_cast<std::int64_t>(offsets.size() - 1);
    const auto times = static_cast<std::int64_t>(repeat);
    const at::Tensor place =
        torch::from_blob(out, {bags, times, dim_}, {times * out_stride_, out_stride_, 1}, torch::kFloat);
    place.copy_(pooled(indices, offsets).unsqueeze(1).expand({bags, times, dim_}));
  }

 private:
  at::Tensor pooled(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets) const {
    return std::get<0>(
        at::embedding_bag(weight_, as_tensor(indices), as_tensor(offsets), false, mode_sum, false, {}, true));
  }

  std::int64_t dim_;
  std::int64_t out_stride_;
  int threads_;
  at::Tensor weight_;
  at::Tensor result_;
};

/// EmbeddingBag's backward with sparse=True as autograd calls it, without the forward pass before it, and the step of
/// torch::optim::Adagrad, which sums up the entries of a row (coalesce) first.
class TorchTrainer final : public Trainer {
 public:
  TorchTrainer(const MutableTableView& table, const Adagrad& algorithm, int threads)
      : rows_(static_cast<std::int64_t>(table.rows())),
        dim_(static_cast<std::int64_t>(table.dim())),
        threads_(threads),
        weight_(torch::from_blob(table.mutable_data(), {rows_, dim_}).requires_grad_()),
        optimizer_(std::vector<at::Tensor>{weight_},
                   torch::optim::AdagradOptions(static_cast<double>(algorithm.lr))
                       .initial_accumulator_value(static_cast<double>(algorithm.initial_accumulator_value))
                       .eps(static_cast<double>(algorithm.eps))) {}

  void step(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets,
            std::span<const float> gradient) override {
    set_threads(threads_);
    const auto bags = static_cast<std::int64_t>(offsets.size() - 1);
    const at::Tensor none = torch::empty({0}, torch::kLong);  // what the forward pass leaves where it sums
    weight_.mutable_grad() = at::_embedding_bag_backward(
        torch::from_blob(const_cast<float*>(gradient.data()), {bags, dim_}), as_tensor(indices), as_tensor(offsets),
        /*offset2bag=*/none, /*bag_size=*/none, /*maximum_indices=*/none, rows_, /*scale_grad_by_freq=*/false, mode_sum,
        /*sparse=*/true, /*per_sample_weights=*/{});
    optimizer_.step();
  }
  bool sums_repeated_rows() const override { return true; }

 private:
  std::int64_t rows_;
  std::int64_t dim_;
  int threads_;
  at::Tensor weight_;
  torch::optim::Adagrad optimizer_;
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
  std::unique_ptr<Trainer> train(const MutableTableView& table, std::span<float>, const Algorithm& algorithm,
                                 int threads) override {
    const auto* const adagrad = std::get_if<Adagrad>(&algorithm);
    return adagrad != nullptr ? std::make_unique<TorchTrainer>(table, *adagrad, threads) : nullptr;
  }
};

}  // namespace

std::unique_ptr<Peer> make_torch() { return std::make_unique<Torch>(); }

}  // namespace rowan::perf
