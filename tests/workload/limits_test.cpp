// Limits of cells: what keeps them, and that a cell below its limit is measured twice more and its middle run kept.
#include "perf/limits.hpp"

#include <doctest/doctest.h>

using namespace rowan::perf;

namespace {

Cell cell_of(double fbgemm, double ceiling, std::uint64_t row_bytes = 256) {
  Cell cell;
  cell.row_bytes = row_bytes;
  cell.series = {{"rowan", {1, 1, 1}}};
  if (fbgemm != 0) cell.series.push_back({"fbgemm", {fbgemm, fbgemm, fbgemm}});
  if (ceiling != 0) cell.series.push_back({"ceiling", {ceiling, ceiling, ceiling}});
  return cell;
}

}  // namespace

TEST_CASE("out of cache a cell is at its ceiling or ahead of FBGEMM, and never behind it") {
  const auto stands = [](double fbgemm, double ceiling) {
    return standing_out_of_cache(cell_of(fbgemm, ceiling)) >= 1;
  };
  CHECK(stands(1.06, 0.5));
  CHECK(stands(0.98, 0.96));
  CHECK(!stands(1.04, 0.94));
  CHECK(!stands(0.96, 0.99));
  CHECK(stands(0, 0.96));
  CHECK(!stands(0, 0.94));
}

TEST_CASE("other limits") {
  CHECK(standing_at_ceiling(cell_of(2, 0.96)) >= 1);
  CHECK(standing_at_ceiling(cell_of(2, 0.94)) < 1);
  CHECK(standing_at_ceiling(cell_of(2, 0.5, 64)) >= 1);  // rows that fill no lines are not judged
  CHECK(standing_in_cache(cell_of(0.98, 0)) >= 1);
  CHECK(standing_in_cache(cell_of(0.96, 0)) < 1);
  CHECK(standing_in_cache(cell_of(0, 0)) >= 1);
  Cell gain = cell_of(0, 0);
  gain.series.push_back({"arithmetic", {0.94, 0.94, 0.94}});
  CHECK(standing_of_gain(gain) < 1);
  const Cell good = cell_of(1.2, 1);
  const Cell bad = cell_of(0.9, 1);
  CHECK(all_stand({&good, &good}, standing_in_cache));
  CHECK(!all_stand({&good, &bad}, standing_in_cache));
}

TEST_CASE("a cell below its limit is measured twice more, and the run in the middle counts") {
  const auto run = [](std::vector<double> ratios, const Standing& standing) {
    std::size_t taken = 0;
    Cell cell = cell_of(0, 0);
    measure_runs(
        cell, [&] { return cell_of(ratios.at(taken++), 0).series; }, standing);
    CHECK(static_cast<std::size_t>(cell.runs) == taken);
    return std::pair(cell.runs, ratio_to(cell, "fbgemm").value());
  };
  CHECK(run({1.2, 0, 0}, standing_in_cache) == std::pair(1, 1.2));
  CHECK(run({0.9, 1.3, 1.1}, standing_in_cache) == std::pair(3, 1.1));
  CHECK(run({0.9, 0.8, 1.1}, standing_in_cache) == std::pair(3, 0.9));
  CHECK(run({0.9, 0.8, 0.85}, standing_in_cache) == std::pair(3, 0.85));
  CHECK(run({0.5, 0, 0}, {}) == std::pair(1, 0.5));
}
