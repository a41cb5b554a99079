#include "engine/search/unit_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/lookup/kernel_rows.hpp"
#include "engine/support/memory_advice.hpp"
#include "simd/scalar.hpp"

namespace rowan::detail {
namespace {

constexpr std::uint64_t block_bytes = 256 << 10;  // of rows: a quarter of a usual L2, the queries beside it
constexpr std::size_t most_block_rows = 1024;     // their scores lie on the stack
constexpr std::size_t most_tiles = 256;           // each keeps k rows per query

// Within these bounds a row's sum of squares, and its products with a unit vector, lose nothing to underflow.
constexpr float least_squares = 1e-24F;
constexpr float most_squares = 1e30F;

constexpr float no_direction = std::numeric_limits<float>::quiet_NaN();

bool better(const Neighbor& a, const Neighbor& b) noexcept {
  return a.cosine != b.cosine ? a.cosine > b.cosine : a.row < b.row;
}

/// The best rows of one tile for one query: a heap with the worst on top, in memory that others own. Rows are
/// offered in ascending order, so that one which equals the worst comes too late.
class Best {
 public:
  explicit Best(std::span<Neighbor> places) noexcept : places_(places) {}

  /// Scores must exceed this to matter.
  float floor() const noexcept {
    return count_ < places_.size() ? -std::numeric_limits<float>::infinity() : places_.front().cosine;
  }
  void take(const Neighbor& row) noexcept {
    if (count_ == places_.size()) {
      std::pop_heap(places_.begin(), places_.end(), better);
      --count_;
    }
    places_[count_++] = row;
    std::push_heap(places_.begin(), places_.begin() + static_cast<std::ptrdiff_t>(count_), better);
  }
  std::span<const Neighbor> rows() const noexcept { return places_.first(count_); }

 private:
  std::span<Neighbor> places_;
  std::size_t count_ = 0;
};

void offer(Best& best, const UnitQuery& query, std::uint64_t begin, std::span<const float> scores) noexcept {
  if (best.floor() == std::numeric_limits<float>::infinity()) return;
  for (std::size_t r = 0; r < scores.size(); ++r) {
    if (!(scores[r] > best.floor())) continue;  // NaN too
    if (std::find(query.excluded.begin(), query.excluded.end(), begin + r) != query.excluded.end()) continue;
    best.take({begin + r, scores[r]});
  }
}

}  // namespace

/// Blocks of rows that fit L2, and tiles of neighbouring blocks, one task each.
struct UnitRows::Tiling {
  std::uint64_t rows;
  std::uint64_t tile_rows;  // whole blocks
  std::size_t tiles;

  Tiling(std::uint64_t row_count, std::uint64_t block_rows) noexcept : rows(row_count) {
    const std::uint64_t blocks = (rows + block_rows - 1) / block_rows;
    tile_rows = block_rows * ((blocks + most_tiles - 1) / most_tiles);
    tiles = rows == 0 ? 0 : static_cast<std::size_t>((rows + tile_rows - 1) / tile_rows);
  }
  std::uint64_t begin(std::size_t tile) const noexcept { return tile * tile_rows; }
  std::uint64_t end(std::size_t tile) const noexcept { return std::min(rows, begin(tile) + tile_rows); }
};

UnitRows::UnitRows(const TableView& table, const simd::KernelTable& kernels, Threads threads) noexcept
    : table_(table),
      element_(element_of(table.dtype())),
      kernels_(kernels),
      parallel_(threads),
      block_rows_(std::clamp<std::uint64_t>(block_bytes / table.row_stride(), 1, most_block_rows)) {}

double UnitRows::length(std::uint64_t row) const noexcept {
  double squares = 0;
  for (std::size_t c = 0; c < table_.dim(); ++c) {
    const double x = simd::decode(element_, row_at(row), table_.dim(), c);
    squares += x * x;
  }
  return std::sqrt(squares);
}

void UnitRows::measure_block(std::uint64_t begin, std::size_t count) noexcept {
  advise_needed({row_at(begin), count * table_.row_stride()});
  float* const squares = inverse_lengths_.data() + begin;
  kernels_.dot[static_cast<int>(element_)]({rows_from(begin), count, nullptr, squares});
  for (std::size_t r = 0; r < count; ++r) {
    const bool usual = squares[r] >= least_squares && squares[r] <= most_squares;
    // Zero marks an extreme row until measure() has looked at it.
    squares[r] = usual ? static_cast<float>(1.0 / std::sqrt(static_cast<double>(squares[r]))) : 0.0F;
  }
}

Result<void> UnitRows::measure() {
  if (!parallel_.status()) return Error{parallel_.status().code, parallel_.status().message()};
  inverse_lengths_.resize(table_.rows());
  const Tiling tiling(table_.rows(), block_rows_);
  const Status status = parallel_.for_each(tiling.tiles, [&](std::size_t tile) noexcept {
    for (std::uint64_t begin = tiling.begin(tile); begin < tiling.end(tile); begin += block_rows_) {
      measure_block(begin, std::min(block_rows_, tiling.end(tile) - begin));
    }
  });
  if (!status) return Error{status.code, status.message()};

  for (std::uint64_t row = 0; row < table_.rows(); ++row) {
    if (inverse_lengths_[row] != 0.0F) continue;
    const double exact = length(row);
    inverse_lengths_[row] = no_direction;
    if (exact > 0 && std::isfinite(exact)) extreme_.push_back(row);
  }
  return {};
}

std::optional<std::vector<double>> UnitRows::unit_row(std::uint64_t row) const {
  const double exact = length(row);
  if (!(exact > 0) || !std::isfinite(exact)) return std::nullopt;
  std::vector<double> unit(table_.dim());
  for (std::size_t c = 0; c < unit.size(); ++c) unit[c] = simd::decode(element_, row_at(row), table_.dim(), c) / exact;
  return unit;
}

void UnitRows::score_block(std::uint64_t begin, std::size_t count, const float* query, float* scores) const noexcept {
  kernels_.dot[static_cast<int>(element_)]({rows_from(begin), count, query, scores});
  for (std::size_t r = 0; r < count; ++r) scores[r] *= inverse_lengths_[begin + r];
  if (extreme_.empty()) return;

  auto extreme = std::lower_bound(extreme_.begin(), extreme_.end(), begin);
  for (; extreme != extreme_.end() && *extreme < begin + count; ++extreme) {
    double dot = 0;
    for (std::size_t c = 0; c < table_.dim(); ++c) {
      dot += static_cast<double>(simd::decode(element_, row_at(*extreme), table_.dim(), c)) *
             static_cast<double>(query[c]);
    }
    scores[*extreme - begin] = static_cast<float>(dot / length(*extreme));
  }
}

Result<std::vector<std::vector<Neighbor>>> UnitRows::search(std::span<const UnitQuery> queries, std::size_t k) const {
  const Tiling tiling(table_.rows(), block_rows_);
  const std::size_t places = std::min<std::uint64_t>(k, tiling.tile_rows);
  std::vector<Neighbor> memory(tiling.tiles * queries.size() * places);
  std::vector<Best> best;
  best.reserve(tiling.tiles * queries.size());
  for (std::size_t i = 0; i < tiling.tiles * queries.size(); ++i) {
    best.emplace_back(std::span(memory).subspan(i * places, places));
  }

  std::vector<std::vector<Neighbor>> answers(queries.size());
  if (places == 0) return answers;
  const Status status = parallel_.for_each(tiling.tiles, [&](std::size_t tile) noexcept {
    float scores[most_block_rows];
    for (std::uint64_t begin = tiling.begin(tile); begin < tiling.end(tile); begin += block_rows_) {
      const std::size_t count = std::min(block_rows_, tiling.end(tile) - begin);
      for (std::size_t q = 0; q < queries.size(); ++q) {
        score_block(begin, count, queries[q].unit.data(), scores);
        offer(best[tile * queries.size() + q], queries[q], begin, {scores, count});
      }
    }
  });
  if (!status) return Error{status.code, status.message()};

  for (std::size_t q = 0; q < queries.size(); ++q) {
    for (std::size_t tile = 0; tile < tiling.tiles; ++tile) {
      const auto rows = best[tile * queries.size() + q].rows();
      answers[q].insert(answers[q].end(), rows.begin(), rows.end());
    }
    std::sort(answers[q].begin(), answers[q].end(), better);
    if (answers[q].size() > k) answers[q].resize(k);
  }
  return answers;
}

std::optional<std::vector<float>> normalized(std::span<const double> vector) {
  double squares = 0;
  for (const double x : vector) squares += x * x;
  const double length = std::sqrt(squares);
  // Unit rows that cancel leave rounding errors of 1e-16 each, which point nowhere.
  if (!(length > 1e-12) || !std::isfinite(length)) return std::nullopt;
  std::vector<float> unit(vector.size());
  for (std::size_t c = 0; c < unit.size(); ++c) unit[c] = static_cast<float>(vector[c] / length);
  return unit;
}

}  // namespace rowan::detail
