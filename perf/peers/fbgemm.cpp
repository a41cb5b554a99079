// FBGEMM's lookups: its JIT kernels where it has one for the type, its scalar code where it has none (bf16 and f8 on
// x86); and its fused row-wise Adagrad. This file and FBGEMM's archives are one shared module that shows nothing but
// the two functions at its end: a libtorch may have another version of the same names inside.
#include <dlfcn.h>
#include <fbgemm/FbgemmEmbedding.h>
#include <fbgemm/Types.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "perf/peers/peer.hpp"
#include "perf/team.hpp"

namespace rowan::perf {
namespace {

constexpr int rows_ahead = 16;  // as its own benchmarks have it

/// A kernel of one element type behind one signature.
template <class Element>
using Kernel = typename fbgemm::EmbeddingSpMDMKernelSignature<Element, std::int64_t, std::int64_t, float>::Type;

template <class Element>
Kernel<Element> plain_kernel(std::int64_t dim, std::int64_t out_stride, bool bf16_in = false) {
  return fbgemm::GenerateEmbeddingSpMDMWithStrides<Element, std::int64_t, std::int64_t, float>(
      dim, /*has_weight=*/false, /*normalize_by_lengths=*/false, rows_ahead, /*is_weight_positional=*/false,
      /*use_offsets=*/true, out_stride, /*input_stride=*/-1, /*scale_bias_last=*/true, /*no_bag=*/false,
      /*is_bf16_out=*/false, bf16_in);
}

Kernel<std::uint8_t> packed_kernel(int bits, std::int64_t dim, std::int64_t out_stride) {
  return fbgemm::GenerateEmbeddingSpMDMNBitWithStrides<std::int64_t, std::int64_t, float>(
      bits, dim, /*has_weight=*/false, /*normalize_by_lengths=*/false, rows_ahead, /*is_weight_positional=*/false,
      /*use_offsets=*/true, out_stride);
}

Kernel<std::uint8_t> f8_kernel(int exponent_bits, int bias, std::int64_t dim, std::int64_t out_stride) {
  return fbgemm::GenerateEmbeddingSpMDMFP8WithStrides<std::int64_t, std::int64_t, float>(
      dim, /*normalize_by_lengths=*/false, /*is_weight_positional=*/false, /*use_offsets=*/true, out_stride,
      /*input_stride=*/-1, exponent_bits, bias);
}

[[noreturn]] void fail(const char* sentence) {
  std::fprintf(stderr, "FBGEMM: %s\n", sentence);
  std::exit(1);
}

template <class Element>
class FbgemmTable final : public PeerTable {
 public:
  FbgemmTable(const TableView& table, Kernel<Element> kernel, int threads, std::uint64_t out_stride)
      : table_(table), kernel_(std::move(kernel)), team_(threads), out_stride_(out_stride) {}

  void embedding_bag(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets,
                     std::span<float> out) override {
    out_ = out.data();
    pool(indices, offsets, out_);
  }
  void embedding(std::span<const std::int64_t>) override { fail("gathers nothing"); }
  std::span<const float> answer(std::size_t count) override { return {out_, count}; }
  void fill(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets, float* out,
            std::uint64_t repeat) override {
    pool(indices, offsets, out);
    if (offsets.size() != 2) return;  // bags are repeated where there is one
    for (std::uint64_t row = 1; row < repeat; ++row)
      std::memcpy(out + row * out_stride_, out, table_.dim() * sizeof *out);
  }

 private:
  /// Each thread has as many bags. FBGEMM's offsets need not begin at 0: positions count from the first.
  void pool(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets, float* out) {
    team_.run([&](int i) {
      const std::uint64_t begin = part_begin(offsets.size() - 1, i, team_.size());
      const std::uint64_t end = part_begin(offsets.size() - 1, i + 1, team_.size());
      const std::int64_t first = offsets[begin];
      const bool done =
          kernel_(static_cast<std::int64_t>(end - begin), offsets[end] - first,
                  static_cast<std::int64_t>(table_.rows()), reinterpret_cast<const Element*>(table_.data()),
                  indices.data() + first, offsets.data() + begin, nullptr, out + begin * out_stride_);
      if (!done) fail("refused a call");
    });
  }

  TableView table_;
  Kernel<Element> kernel_;
  Team team_;
  std::uint64_t out_stride_;
  float* out_ = nullptr;
};

/// Steps as often as a row occurs, by the gradient of each bag alone. Each thread has as many bags, and nobody sees to
/// it that two do not update one row at a time.
class FbgemmTrainer final : public Trainer {
 public:
  FbgemmTrainer(const MutableTableView& table, std::span<float> state, const RowWiseAdagrad& algorithm, int threads)
      : table_(table),
        state_(state),
        algorithm_(algorithm),
        kernel_(fbgemm::GenerateRowWiseSparseAdaGradFused<std::int64_t, std::int64_t, float>(
            static_cast<int>(table.dim()), rows_ahead, /*use_offsets=*/true, /*use_stochastic_rounding=*/false)),
        team_(threads) {
    std::fill(state.begin(), state.end(), algorithm.initial_accumulator_value);
  }

  void step(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets,
            std::span<const float> gradient) override {
    team_.run([&](int i) {
      const std::uint64_t begin = part_begin(offsets.size() - 1, i, team_.size());
      const std::uint64_t end = part_begin(offsets.size() - 1, i + 1, team_.size());
      const std::int64_t first = offsets[begin];
      const bool done = kernel_(
          static_cast<std::int64_t>(end - begin), offsets[end] - first, static_cast<std::int64_t>(table_.rows()),
          reinterpret_cast<float*>(table_.mutable_data()), gradient.data() + begin * table_.dim(), state_.data(),
          indices.data() + first, offsets.data() + begin, algorithm_.eps, -algorithm_.lr);  // it adds
      if (!done) fail("refused a step");
    });
  }
  bool sums_repeated_rows() const override { return false; }

 private:
  MutableTableView table_;
  std::span<float> state_;
  RowWiseAdagrad algorithm_;
  fbgemm::RowWiseSparseAdaGradFusedSignature<std::int64_t, std::int64_t, float>::Type kernel_;
  Team team_;
};

/// That the FBGEMM which is called lies in the same module as this file, and not in libtorch.
void require_own_symbols() {
  constexpr auto theirs = &fbgemm::GenerateEmbeddingSpMDM<float, std::int64_t, std::int64_t, float, false>;
  Dl_info there{};
  Dl_info here{};
  if (dladdr(reinterpret_cast<const void*>(theirs), &there) == 0 ||
      dladdr(reinterpret_cast<const void*>(&require_own_symbols), &here) == 0 || there.dli_fbase != here.dli_fbase) {
    fail("another library's symbols are in the place of the one that this build was configured with");
  }
}

class Fbgemm final : public Peer {
 public:
  Fbgemm() { require_own_symbols(); }
  std::string who() const override { return "fbgemm"; }
  std::string name() const override { return "FBGEMM " ROWAN_FBGEMM_VERSION; }
  bool pools(DType) const override { return true; }
  bool gathers(DType) const override { return false; }
  double settle() const override { return 0; }

  std::unique_ptr<PeerTable> over(const TableView& table, int threads, std::uint64_t out_stride) override {
    const auto dim = static_cast<std::int64_t>(table.dim());
    const auto stride = static_cast<std::int64_t>(out_stride != 0 ? out_stride : table.dim());
    switch (table.dtype()) {
      case DType::f32:
        return make<float>(table, plain_kernel<float>(dim, stride), threads, stride);
      case DType::f16:
        return make<fbgemm::float16>(table, plain_kernel<fbgemm::float16>(dim, stride), threads, stride);
      case DType::bf16:
        return make<std::uint16_t>(table, plain_kernel<std::uint16_t>(dim, stride, true), threads, stride);
      case DType::f8_e4m3:
        return make<std::uint8_t>(table, f8_kernel(4, 7, dim, stride), threads, stride);
      case DType::f8_e5m2:
        return make<std::uint8_t>(table, f8_kernel(5, 15, dim, stride), threads, stride);
      case DType::i8:
        return make<std::uint8_t>(table, plain_kernel<std::uint8_t>(dim, stride), threads, stride);
      case DType::i4:
        return make<std::uint8_t>(table, packed_kernel(4, dim, stride), threads, stride);
      case DType::i2:
        return make<std::uint8_t>(table, packed_kernel(2, dim, stride), threads, stride);
    }
    return nullptr;
  }
  std::unique_ptr<Trainer> train(const MutableTableView& table, std::span<float> row_state, const Algorithm& algorithm,
                                 int threads) override {
    const auto* const adagrad = std::get_if<RowWiseAdagrad>(&algorithm);
    if (adagrad == nullptr) return nullptr;
    return std::make_unique<FbgemmTrainer>(table, row_state, *adagrad, threads);
  }

 private:
  template <class Element>
  static std::unique_ptr<PeerTable> make(const TableView& table, Kernel<Element> kernel, int threads,
                                         std::int64_t stride) {
    return std::make_unique<FbgemmTable<Element>>(table, std::move(kernel), threads,
                                                  static_cast<std::uint64_t>(stride));
  }
};

}  // namespace

__attribute__((visibility("default"))) std::unique_ptr<Peer> make_fbgemm() { return std::make_unique<Fbgemm>(); }
__attribute__((visibility("default"))) std::string fbgemm_prefix() { return ROWAN_FBGEMM_PREFIX; }

}  // namespace rowan::perf
