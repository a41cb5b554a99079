#include "tools/bench_lookup.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <random>
#include <utility>

#include "rowan/reference.hpp"
#include "tools/failure.hpp"
#include "tools/output.hpp"

namespace rowan::tool {
namespace {

constexpr std::pair<std::string_view, Pooling> poolings[] = {
    {"sum", Pooling::sum},
    {"mean", Pooling::mean},
    {"max", Pooling::max},
    {"min", Pooling::min},
    {"sqrt_n", Pooling::sqrt_n},
    {"mean_by_weight", Pooling::mean_by_weight},
    {"mean_by_count", Pooling::mean_by_count},
};

/// Away from 0, so that no sum of them comes near it.
std::vector<float> random_weights(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> weights(count);
  for (float& weight : weights) weight = 0.5F + static_cast<float>(random() >> 40) * 0x1p-24F;
  return weights;
}

bool same(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) || (std::isnan(a) && std::isnan(b));
}

/// Of two numbers in 16 bits. A NaN has more than an infinity's bits behind its sign.
bool same(std::uint16_t a, std::uint16_t b, DType dtype) {
  const unsigned infinity = dtype == DType::f16 ? 0x7C00 : 0x7F80;
  return a == b || ((a & 0x7FFFU) > infinity && (b & 0x7FFFU) > infinity);
}

}  // namespace

std::string_view to_string(Pooling pooling) {
  const auto named =
      std::find_if(std::begin(poolings), std::end(poolings), [&](const auto& p) { return p.second == pooling; });
  return named->first;
}

std::optional<Pooling> parse_pooling(std::string_view text) {
  const auto named =
      std::find_if(std::begin(poolings), std::end(poolings), [&](const auto& p) { return p.first == text; });
  return named != std::end(poolings) ? std::optional(named->second) : std::nullopt;
}

Lookup::Lookup(const LookupOptions& options, const TableView& table, const Calls& calls)
    : options_(options), table_(table), calls_(calls) {
  bag_options_.pooling = options.pooling;
  bag_options_.include_last_offset = true;
  if (options.has_weights()) weights_ = random_weights(calls.indices().size(), options.seed);
  const std::size_t outputs = (options.embedding ? calls.most_rows() : calls.most_bags()) * table.dim();
  if (options.output == DType::f32) {
    wide_.resize(outputs);
  } else {
    narrow_.resize(outputs);
  }
}

OutputView Lookup::output(std::size_t rows) {
  const std::size_t values = rows * table_.dim();
  if (options_.output == DType::f32) return std::span(wide_).first(values);
  return {std::span(narrow_).first(values), options_.output};
}

Bags Lookup::bags_of(const Call& call) const {
  if (weights_.empty()) return {call.indices, call.offsets};
  return {call.indices, call.offsets, std::span(weights_).subspan(call.first, call.rows())};
}

void Lookup::run(const Engine& engine, std::size_t number) {
  const Call call = calls_[number % calls_.size()];
  const OutputView out = output(outputs_of(call));
  const Status status = options_.embedding ? engine.embedding(table_, call.indices, out)
                                           : engine.embedding_bag(table_, bags_of(call), out, bag_options_);
  if (!status) throw Failure(status.message(table_));
}

std::size_t Lookup::check(const Engine& engine) {
  const Call call = calls_[0];
  run(engine, 0);
  const std::vector<float> wide = wide_;
  const std::vector<std::uint16_t> narrow = narrow_;
  const OutputView out = output(outputs_of(call));
  need(options_.embedding ? reference::embedding(table_, call.indices, out)
                          : reference::embedding_bag(table_, bags_of(call), out, bag_options_));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const bool equal =
        options_.output == DType::f32 ? same(wide[i], wide_[i]) : same(narrow[i], narrow_[i], options_.output);
    if (equal) continue;
    throw Failure(
        fmt::format("output {}, column {}, differs from the scalar reference: this build computes wrong "
                    "answers on this machine, so nothing was measured",
                    i / table_.dim(), i % table_.dim()));
  }
  return outputs_of(call);
}

}  // namespace rowan::tool
