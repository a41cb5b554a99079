// rowan tune: measures how this machine's memory wants to be read, and writes what an Engine then takes.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "perf/memory.hpp"
#include "perf/places.hpp"
#include "perf/prefetch_trial.hpp"
#include "perf/record.hpp"
#include "rowan/tuning.hpp"
#include "tools/commands.hpp"
#include "tools/failure.hpp"
#include "tools/json.hpp"
#include "tools/output.hpp"
#include "tools/text_file.hpp"

namespace rowan::tool {
namespace {

using Clock = std::chrono::steady_clock;
using Work = Tuning::Work;
using Place = Tuning::Place;

constexpr std::size_t samples = 8;
constexpr double sample_seconds = 0.0004;
constexpr double least_gain = 1.015;  // over what is built in: less is noise
constexpr double most_seconds = 50;   // what is not measured by then stays as it is built in

constexpr const char* work_names[] = {"sums of f32", "sums of f16 and bf16", "sums, 8 bits and less",
                                      "rows, 16 bits and more", "rows, 8 bits and less"};
constexpr const char* place_names[] = {"L1", "L2", "beyond L2", "L3", "memory"};

/// What was chosen for one rule.
struct Choice {
  Work work;
  Place place;
  std::size_t width;
  Ahead ahead;
  Ahead built_in;
  double gain = 1;  ///< of it over what is built in
};

std::string describe_width(std::size_t width) {
  if (width + 1 == Tuning::widths) return fmt::format("over {} bytes", Tuning::widest_row(width - 1));
  return fmt::format("up to {} bytes", Tuning::widest_row(width));
}

/// The power of two that stands for a class of widths: of the 16-bit types and f32 the widest row, of narrower ones,
/// whose rows end in scale and bias, the shortest.
std::uint64_t dim_of(DType dtype, std::size_t width) {
  const std::uint64_t bits = element_bits(dtype);
  return (bits >= 16 ? Tuning::widest_row(width) * 8 : Tuning::widest_row(width) * 4) / bits;
}

class Tuner {
 public:
  explicit Tuner(const perf::Machine& machine)
      : caches_(perf::caches_of(machine)), tuning_(Tuning::built_in()), start_(Clock::now()) {
    memory_bytes_ = perf::bytes_out_of_cache(caches_, perf::available_memory(), std::uint64_t{512} << 20).value_or(0);
    block_.emplace(std::max(memory_bytes_, 8 * caches_.l2));
  }

  void run() {
    for (std::size_t number = 0; number < Tuning::works; ++number) {
      const auto work = static_cast<Work>(number);
      engines_.clear();
      distances_ = perf::distances(work);
      for (const Ahead& ahead : distances_) add_engine(perf::always(ahead));
      add_engine(Tuning::built_in());
      for (const Place place : {Place::l2, Place::beyond, Place::l3, Place::memory}) tune_place(work, place);
    }
    tune_streaming();
  }

  const Tuning& tuning() const { return tuning_; }
  const std::vector<Choice>& choices() const { return choices_; }
  std::size_t left_out() const { return left_out_; }
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  void add_engine(const Tuning& tuning) {
    engines_.emplace_back(EngineOptions{.tuning = tuning});
    need(engines_.back().status());
  }

  std::optional<std::uint64_t> bytes_of(Place place) const {
    switch (place) {
      case Place::l1:  // nothing is to be fetched
        return std::nullopt;
      case Place::l2:
        return caches_.l2 / 8 * 5;
      case Place::beyond:
        return caches_.l2 * 5 / 2;
      case Place::l3:
        return std::min(std::max(caches_.l3 / 8 * 3, caches_.l2 * 5), caches_.l2 * 12);
      case Place::memory:
        break;
    }
    return memory_bytes_ != 0 ? std::optional(memory_bytes_) : std::nullopt;
  }

  void tune_place(Work work, Place place) {
    const auto bytes = bytes_of(place);
    for (std::size_t width = 0; width < Tuning::widths; ++width) {
      if (!bytes || seconds() > most_seconds) {
        ++left_out_;
        continue;
      }
      tune_rule(work, place, width, *bytes);
    }
  }

  /// Every distance on tables of the types that the rule is for. The best on one half of the samples, together for all
  /// of them, is taken where it is better on the other half too.
  void tune_rule(Work work, Place place, std::size_t width, std::uint64_t bytes) {
    // Rows that come again sooner than all others gain less by a prefetch: both kinds of lookups have their say.
    struct Lookups {
      DType dtype;
      perf::Distribution distribution;
    };
    constexpr DType types[][2] = {{DType::f32, DType::f32},
                                  {DType::f16, DType::f16},
                                  {DType::i8, DType::i4},
                                  {DType::f32, DType::f16},
                                  {DType::i8, DType::i4}};
    const auto& [first, second] = types[static_cast<std::size_t>(work)];
    const Lookups lookups[] = {{first, {1.05}}, {second, {}}};
    const bool pooled = work < Work::unpooled;
    std::vector<double> chosen_by(engines_.size(), 0.0);  // logarithms of ns, added up
    std::vector<double> compared(engines_.size(), 0.0);
    std::vector<const Engine*> sides;
    for (const Engine& engine : engines_) sides.push_back(&engine);
    for (const auto& [dtype, distribution] : lookups) {
      const std::uint64_t dim = dim_of(dtype, width);
      const TableView table = perf::random_table(block_->bytes().first(bytes), dim, dtype, 1, 1);
      perf::PrefetchTrial trial{.table = table, .distribution = distribution, .bag = pooled ? 32U : 0U};
      trial.reads = std::clamp<std::size_t>((std::size_t{1} << 20) / table.row_bytes(), 1'000, 8'000);
      const auto series = perf::run_trial(
          trial, sides, caches_, {.samples = samples, .seconds = sample_seconds, .warm = sample_seconds}, seed_++);
      for (std::size_t side = 0; side < sides.size(); ++side) {
        chosen_by[side] += std::log(perf::half_median(series[side], 0));
        compared[side] += std::log(perf::half_median(series[side], 1));
      }
    }
    const std::size_t last = sides.size() - 1;  // what is built in
    const auto best = static_cast<std::size_t>(
        std::min_element(chosen_by.begin(), chosen_by.begin() + static_cast<std::ptrdiff_t>(last)) - chosen_by.begin());
    const double gain = std::exp((compared[last] - compared[best]) / static_cast<double>(std::size(lookups)));
    Ahead& rule = tuning_.ahead(work, place, width);
    const Ahead built_in = rule;
    const bool better = gain >= least_gain && !(distances_[best] == built_in);
    if (better) rule = distances_[best];
    choices_.push_back({work, place, width, rule, built_in, better ? gain : 1.0});
  }

  /// From which size on an output that goes past the caches, and is read after that, takes less time.
  void tune_streaming() {
    if (seconds() > most_seconds) return;
    Engine engine({.tuning = tuning_});
    const TableView table = perf::random_table(block_->bytes().first(caches_.l2 / 2), 128, DType::f32, 1, 1);
    std::uint64_t from = 0;
    for (std::uint64_t bytes = caches_.l2; bytes <= 2 * std::min(caches_.largest(), std::uint64_t{64} << 20);
         bytes *= 2) {
      const double cached = written_and_read(engine, table, bytes, Stores::cached);
      const double streaming = written_and_read(engine, table, bytes, Stores::streaming);
      if (streaming > cached) from = 0;
      if (streaming <= cached && from == 0) from = bytes;
    }
    if (from != 0) tuning_.set_streaming_bytes(from - 1);
  }

  static double written_and_read(const Engine& engine, const TableView& table, std::uint64_t bytes, Stores stores) {
    const auto rows = static_cast<std::size_t>(bytes / table.row_bytes());
    const std::vector<std::int64_t> indices = perf::random_indices(table.rows(), rows, {}, 1);
    std::vector<float> out(rows * table.dim());
    const auto once = [&] {
      need(engine.embedding(table, indices, out, {.stores = stores}));
      constexpr std::size_t line = 64 / sizeof(float);
      float total = 0;
      for (std::size_t i = 0; i < out.size(); i += line) total += out[i];
      volatile float sink = total;
      static_cast<void>(sink);
    };
    once();
    return perf::measure(0.02, 5, once).median;
  }

  perf::Caches caches_;
  Tuning tuning_;
  Clock::time_point start_;
  std::uint64_t memory_bytes_ = 0;
  std::optional<perf::Block> block_;
  std::vector<Ahead> distances_;
  std::vector<Engine> engines_;
  std::vector<Choice> choices_;
  std::size_t left_out_ = 0;
  std::uint64_t seed_ = 1;
};

void print_choices(const Tuner& tuner) {
  std::size_t kept = 0;
  for (const Choice& choice : tuner.choices()) {
    if (choice.ahead == choice.built_in) {
      ++kept;
      continue;
    }
    print("{:<22}  table in {:<9}  rows {:<15}  {:<24}  {:.2f}x (built in: {})\n",
          work_names[static_cast<std::size_t>(choice.work)], place_names[static_cast<std::size_t>(choice.place)],
          describe_width(choice.width), perf::to_string(choice.ahead), choice.gain, perf::to_string(choice.built_in));
  }
  print(
      "{} of {} rules stay as they are built in: nothing that was better in one half of the samples was so by {:.1f}% "
      "in the other\n",
      kept, tuner.choices().size(), (least_gain - 1) * 100);
  if (tuner.left_out() != 0) print("{} rules were not measured, for want of memory or of time\n", tuner.left_out());
  print("outputs of more than {} go past the caches (built in: {})\n", readable_bytes(tuner.tuning().streaming_bytes()),
        readable_bytes(Tuning::built_in().streaming_bytes()));
}

void print_json(const Tuner& tuner, const TuneArguments& arguments, const perf::Machine& machine) {
  JsonWriter json;
  json.begin_object()
      .field("file", arguments.target)
      .field("processor", machine.cpu)
      .field("isa", machine.isa)
      .field("seconds", tuner.seconds())
      .field("rules_not_measured", tuner.left_out())
      .field("streaming_bytes", tuner.tuning().streaming_bytes());
  json.key("rules").begin_array();
  for (const Choice& choice : tuner.choices()) {
    json.begin_object()
        .field("work", work_names[static_cast<std::size_t>(choice.work)])
        .field("place", place_names[static_cast<std::size_t>(choice.place)])
        .field("rows", describe_width(choice.width))
        .field("ahead", perf::to_string(choice.ahead))
        .field("built_in", perf::to_string(choice.built_in))
        .field("gain", choice.gain)
        .end_object();
  }
  json.end_array().end_object();
  print("{}\n", json.text());
}

}  // namespace

void tune(const TuneArguments& arguments) {
  TextFile file(arguments.target, arguments.overwrite);
  const perf::Machine machine = perf::this_machine();
  if (!arguments.json) {
    print("{}, {} tier: measuring, about a minute at most\n", machine.cpu, machine.isa);
    finish_output();
  }
  Tuner tuner(machine);
  tuner.run();
  file.publish(tuner.tuning().text(machine.isa));
  if (arguments.json) return print_json(tuner, arguments, machine);
  print_choices(tuner);
  print("wrote {} in {:.0f} s; ROWAN_TUNING={} makes every engine take it\n", arguments.target, tuner.seconds(),
        arguments.target);
}

}  // namespace rowan::tool
