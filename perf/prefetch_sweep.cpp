// Every way to prefetch, on tables of every place, type and width: how far the values that are built in, and those of a
// tuning, are from the best. The best is chosen on one half of the samples and compared on the other; a cell that is
// below its limit is measured twice more, and the run in the middle counts.
//
//   prefetch_sweep [--quick] [--small-pages] [--tuning FILE] [--csv FILE] [--only f32,i8,unpooled]
#include <sys/prctl.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "perf/fields.hpp"
#include "perf/memory.hpp"
#include "perf/prefetch_trial.hpp"
#include "perf/record.hpp"

namespace rowan::perf {
namespace {

constexpr double least_of_a_cell = 0.93;

[[noreturn]] void fail(const std::string& sentence, int code = 1) {
  std::fprintf(stderr, "prefetch_sweep: %s\n", sentence.c_str());
  std::exit(code);
}

struct Arguments {
  bool quick = false;
  bool small_pages = false;
  std::string tuning;
  std::string csv;
  std::set<std::string> only;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const auto value = [&]() -> std::string {
      if (++i == argc) fail(option + " needs a value", 2);
      return argv[i];
    };
    if (option == "--quick") {
      arguments.quick = true;
    } else if (option == "--small-pages") {
      arguments.small_pages = true;
    } else if (option == "--tuning") {
      arguments.tuning = value();
    } else if (option == "--csv") {
      arguments.csv = value();
    } else if (option == "--only") {
      const std::string list = value();
      const std::set<std::string_view> known = {"f32", "f16", "i8", "i4", "unpooled"};
      for (const std::string_view name : fields_of(list)) {
        if (!known.contains(name))
          fail("--only takes f32, f16, i8, i4 and unpooled, not \"" + std::string(name) + "\"", 2);
        arguments.only.emplace(name);
      }
    } else {
      fail("there is no option " + option +
               "; there are --quick, --small-pages, --tuning FILE, --csv FILE and --only f32,i8,unpooled",
           2);
    }
  }
  return arguments;
}

/// One kind of table and what is asked of it.
struct Asked {
  std::string what;
  DType dtype;
  std::uint64_t dim;
  std::size_t bag;
  std::uint64_t bytes;
  Distribution distribution;
};

/// A measured cell: the ns of each side, over the samples that nobody chose by, and which choice was the best.
struct Seen {
  std::vector<double> ns;
  std::size_t choices = 0;  ///< behind them are those that are judged
  std::size_t best = 0;
  double share(std::size_t judged) const { return ns[best] / ns[choices + judged]; }
};

class Sweep {
 public:
  explicit Sweep(const Arguments& arguments)
      : arguments_(arguments), machine_(this_machine()), caches_(caches_of(machine_)) {
    // Tables on pages of 4 KiB, as those of a mapped file are.
    if (arguments.small_pages && prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0)
      fail("this kernel gives no pages of 4 KiB");
    std::printf("%s, L1 %llu KiB, L2 %llu KiB, L3 %llu KiB, %s tier\n", machine_.cpu.c_str(),
                static_cast<unsigned long long>(caches_.l1 >> 10), static_cast<unsigned long long>(caches_.l2 >> 10),
                static_cast<unsigned long long>(caches_.l3 >> 10), machine_.isa.c_str());
    add_judged("built in", Tuning::built_in());
    if (!arguments.tuning.empty()) {
      auto tuning = Tuning::load(arguments.tuning);
      if (!tuning) fail(tuning.error().message);
      add_judged("tuned", *tuning);
    }
    if (!arguments.csv.empty()) {
      csv_.open(arguments.csv);
      csv_ << "what,dtype,dim,bytes,distribution,choice,ns\n";
    }
  }

  void run() {
    for (const Asked& cell : cells()) measure(cell);
    for (std::size_t i = 0; i < judged_.size(); ++i) judge(i);
  }

 private:
  void add_judged(const char* name, const Tuning& tuning) {
    judged_.push_back(name);
    engines_.emplace_back(EngineOptions{.tuning = tuning});
    if (const Status status = engines_.back().status(); !status) fail(status.message());
  }

  bool wanted(const std::string& name) const { return arguments_.only.empty() || arguments_.only.contains(name); }

  std::vector<Asked> cells() const {
    const std::uint64_t memory = bytes_out_of_cache(caches_, available_memory(), std::uint64_t{1} << 30).value_or(0);
    std::vector<std::uint64_t> sizes = {caches_.l1 * 3 / 4, caches_.l2 / 3, caches_.l2 * 3 / 4, caches_.l2 * 2,
                                        caches_.l2 * 7 / 2};
    if (const auto l3 = bytes_within(MemoryLevel::l3, caches_, available_memory())) sizes.push_back(*l3);
    if (memory != 0) sizes.push_back(memory);
    std::vector<std::uint64_t> dims = {16, 32, 64, 128, 256, 512, 768};
    if (arguments_.quick) dims = {32, 128, 512};
    std::vector<Asked> all;
    for (const DType dtype : {DType::f32, DType::f16, DType::i8, DType::i4}) {
      for (const std::uint64_t bytes : sizes) {
        for (const std::uint64_t dim : dims) {
          for (const Distribution& distribution : {Distribution{}, Distribution{1.05}}) {
            if (arguments_.quick && !distribution.uniform()) continue;
            const std::string name(rowan::to_string(dtype));
            if (wanted(name)) all.push_back({"pooled", dtype, dim, 50, bytes, distribution});
            if (wanted("unpooled") && dtype != DType::i4)
              all.push_back({"unpooled", dtype, dim, 0, bytes, distribution});
          }
        }
      }
    }
    return all;
  }

  /// Engines of every distance, made once for each kind of work, and then those that are judged.
  std::vector<const Engine*> sides_of(Tuning::Work work) {
    std::vector<const Engine*> sides;
    auto& choices = choices_[work];
    if (choices.empty()) {
      for (const rowan::Ahead& ahead : distances(work)) choices.emplace_back(EngineOptions{.tuning = always(ahead)});
    }
    for (const Engine& engine : choices) sides.push_back(&engine);
    for (const Engine& engine : engines_) sides.push_back(&engine);
    return sides;
  }

  Seen measure_once(const PrefetchTrial& trial, const std::vector<const Engine*>& sides) {
    const Turns turns{.samples = arguments_.quick ? 8U : 12U, .seconds = 0.0015, .warm = 0.001};
    const std::vector<Series> series = run_trial(trial, sides, caches_, turns, seed_++);
    Seen seen{.ns = {}, .choices = sides.size() - judged_.size(), .best = 0};
    std::vector<double> chosen_by;
    for (const Series& side : series) {
      chosen_by.push_back(half_median(side, 0));
      seen.ns.push_back(half_median(side, 1));
    }
    const auto choices_end = chosen_by.end() - static_cast<std::ptrdiff_t>(judged_.size());
    seen.best = static_cast<std::size_t>(std::min_element(chosen_by.begin(), choices_end) - chosen_by.begin());
    return seen;
  }

  void measure(const Asked& cell) {
    const TableView table = random_table(block(cell.bytes), cell.dim, cell.dtype, 1, 1);
    const Tuning::Work work = work_of(cell.dtype, cell.bag != 0);
    const std::vector<const Engine*> sides = sides_of(work);
    const PrefetchTrial trial{.table = table, .distribution = cell.distribution, .bag = cell.bag};
    std::vector<Seen> runs = {measure_once(trial, sides)};
    const auto worst = [&](const Seen& seen) {
      double share = 1e9;
      for (std::size_t i = 0; i < judged_.size(); ++i) share = std::min(share, seen.share(i));
      return share;
    };
    if (worst(runs.front()) < least_of_a_cell) {
      for (int again = 0; again < 2; ++again) runs.push_back(measure_once(trial, sides));
      std::sort(runs.begin(), runs.end(), [&](const Seen& a, const Seen& b) { return worst(a) < worst(b); });
    }
    const Seen& seen = runs[runs.size() / 2];
    const std::vector<rowan::Ahead> all = distances(work);
    std::printf("%-8s %-4s x %-4llu %9.0f KiB %-9s best %-24s %8.2f ns", cell.what.c_str(),
                std::string(rowan::to_string(cell.dtype)).c_str(), static_cast<unsigned long long>(cell.dim),
                static_cast<double>(cell.bytes) / 1024, to_string(cell.distribution).c_str(),
                perf::to_string(all[seen.best]).c_str(), seen.ns[seen.best]);
    for (std::size_t i = 0; i < judged_.size(); ++i) {
      std::printf("  %s %.2f%s", judged_[i], seen.share(i), seen.share(i) < least_of_a_cell ? " LOW" : "");
      shares_[i].push_back(seen.share(i));
    }
    std::printf("\n");
    std::fflush(stdout);
    if (!csv_.is_open()) return;
    for (std::size_t side = 0; side < seen.ns.size(); ++side) {
      const std::string choice = side < seen.choices ? perf::to_string(all[side]) : judged_[side - seen.choices];
      csv_ << cell.what << ',' << rowan::to_string(cell.dtype) << ',' << cell.dim << ',' << cell.bytes << ','
           << to_string(cell.distribution) << ",\"" << choice << "\"," << seen.ns[side] << '\n';
    }
  }

  void judge(std::size_t i) {
    const std::vector<double>& shares = shares_[i];
    if (shares.empty()) return;
    double logs = 0;
    for (const double share : shares) logs += std::log(share);
    const auto low = std::count_if(shares.begin(), shares.end(), [](double share) { return share < least_of_a_cell; });
    std::printf("%s: %.3f of the best in geometric mean over %zu cells, worst %.2f, %lld below %.2f\n", judged_[i],
                std::exp(logs / static_cast<double>(shares.size())), shares.size(),
                *std::min_element(shares.begin(), shares.end()), static_cast<long long>(low), least_of_a_cell);
  }

  std::span<std::byte> block(std::uint64_t bytes) {
    if (!block_ || block_->bytes().size() < bytes) {
      block_.reset();
      block_.emplace(bytes);
    }
    return block_->bytes().first(bytes);
  }

  const Arguments& arguments_;
  Machine machine_;
  Caches caches_;
  std::vector<const char*> judged_;
  std::vector<Engine> engines_;
  std::map<Tuning::Work, std::vector<Engine>> choices_;
  std::map<std::size_t, std::vector<double>> shares_;
  std::optional<Block> block_;
  std::ofstream csv_;
  std::uint64_t seed_ = 1;
};

}  // namespace
}  // namespace rowan::perf

int main(int argc, char** argv) {
  const rowan::perf::Arguments arguments = rowan::perf::parse(argc, argv);
  try {
    rowan::perf::Sweep(arguments).run();
  } catch (const std::runtime_error& failure) {
    rowan::perf::fail(failure.what());
  }
}
