// What a measurement leaves behind: every sample of every cell, the machine, and how the goals fared. perf/compare,
// perf/request and rowan bench fill a Record; perf/report and rowan bench --report draw one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowan::perf {

/// Where and with what a record was made.
struct Machine {
  std::string cpu;  ///< with its generation: "AMD EPYC (Zen 4, family 25 model 17)"
  int cores = 0;
  std::string governor;  ///< of the clock, or "unknown"
  std::string kernel;
  std::string compiler;
  std::string isa;  ///< Rowan's tier
  std::uint64_t l1_bytes = 0;
  std::uint64_t l2_bytes = 0;
  std::uint64_t l3_bytes = 0;
  std::vector<std::string> peers;         ///< "FBGEMM 1.4.0", "libtorch 1.13.1"
  std::vector<std::string> absent_peers;  ///< asked about and not in this build
};

/// One side of a cell. Samples of a cell's sides were taken in turn, so that sample i of one stands beside sample i
/// of another.
struct Series {
  std::string who;              ///< "rowan", "fbgemm", "libtorch", "ceiling", "bare loop"
  std::vector<double> samples;  ///< in the cell's unit, in the order taken
  double median() const;
};

/// One measured piece of work.
struct Cell {
  std::string goal;       ///< "P1"; empty where no goal asks for it
  std::string operation;  ///< "embedding_bag", "embedding", "run", …
  std::string dtype;
  std::uint64_t dim = 0;
  std::uint64_t rows = 0;
  std::uint64_t row_bytes = 0;
  std::string place;         ///< "L1", "L2", "L3" or "DRAM"
  std::string distribution;  ///< "uniform", "zipf:1.05"
  std::uint64_t bag = 0;     ///< rows in a bag; 0 = not pooled
  int threads = 1;
  std::string pages;            ///< what the kernel gave: "4 KiB", "2 MiB"
  std::string unit = "ns/row";  ///< less is better
  std::vector<Series> series;   ///< "rowan" first
  int runs = 1;                 ///< how often it was measured; of several runs the series are those of the middle one

  const Series* find(std::string_view who) const;
};

/// Latencies of single calls.
struct Percentiles {
  std::string what;  ///< "whole request, 1 thread"
  std::string who;
  double p50 = 0;  ///< microseconds
  double p99 = 0;
  double p999 = 0;
  std::uint64_t calls = 0;
};

/// Bytes per second that the memory gives, on the rows and pages of the cells they stand beside.
struct Ceiling {
  int threads = 1;
  std::string pages;
  std::uint64_t row_bytes = 0;  ///< 0: sequential
  double gb_per_second = 0;
};

enum class Verdict : std::uint8_t { holds, missed, unknown };  ///< unknown: a peer was absent

/// One line of the table of goals.
struct Goal {
  std::string id;
  std::string text;  ///< what was asked for
  std::string seen;  ///< the figures: geometric mean, worst cell
  Verdict verdict = Verdict::unknown;
};

struct Record {
  std::string command;
  std::string date;  ///< ISO 8601, UTC
  std::uint64_t seed = 0;
  Machine machine;
  std::vector<Cell> cells;
  std::vector<Percentiles> percentiles;
  std::vector<Ceiling> ceilings;
  std::vector<Goal> goals;
};

/// How two sides of a cell compare: theirs / ours, so that more than 1 is faster.
struct Comparison {
  double ratio = 0;  ///< median of the ratios of neighbouring samples
  double low = 0;    ///< their quartiles
  double high = 0;
  /// Whether 1 lies within the spread: neither side can be said to be faster.
  bool undecided() const { return low <= 1 && high >= 1; }
};
Comparison compare(const Series& ours, const Series& theirs);
/// The ratio of this side to the cell's first one; empty where the cell has no such side.
std::optional<double> ratio_to(const Cell& cell, std::string_view who);
/// What the first side of a cell costs beyond its second, in the cell's unit: the median over neighbouring samples.
double extra(const Cell& cell);

/// This machine and build; peers are for the caller to add.
Machine this_machine();

/// "L1 32 KiB, L2 1 MiB, L3 32 MiB".
std::string caches_text(const Machine& machine);

/// All of it, every sample, as JSON; and back. from_json() is empty where the text is not such a record.
std::string to_json(const Record& record);
std::optional<Record> from_json(std::string_view text);

/// One self-contained HTML page: no network, no other file. (perf/page.cpp)
std::string to_html(const Record& record);

}  // namespace rowan::perf
