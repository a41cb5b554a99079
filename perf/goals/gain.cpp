#include "perf/goals/gain.hpp"

#include "perf/team.hpp"

namespace rowan::perf {
namespace {

constexpr std::size_t samples = 15;
constexpr std::size_t rounds = 2'000'000;
constexpr int chains = 8;

/// Multiplications and additions in registers. Returns a value that depends on all of them.
float calculate(std::size_t count) {
  float values[chains];
  for (int i = 0; i < chains; ++i) values[i] = 1.0F + static_cast<float>(i);
  for (std::size_t round = 0; round < count; ++round) {
    for (float& value : values) value = value * 0.999F + 0.001F;
  }
  float sum = 0;
  for (const float value : values) sum += value;
  return sum;
}

Series shares(std::string who, const Series& one, const Series& two) {
  Series series{std::move(who), {}};
  for (std::size_t i = 0; i < one.samples.size(); ++i) series.samples.push_back(two.samples[i] / one.samples[i]);
  return series;
}

}  // namespace

std::vector<Series> measure_gain(const Session& session, const std::function<void(std::size_t number)>& on_one,
                                 const std::function<void(std::size_t number)>& on_two) {
  Team team(2);
  const Side sides[] = {{"rowan 1", on_one},
                        {"rowan 2", on_two},
                        {"arithmetic 1",
                         [](std::size_t) {
                           volatile float result = calculate(rounds);
                           static_cast<void>(result);
                         }},
                        {"arithmetic 2", [&](std::size_t) {
                           team.run([](int) {
                             volatile float result = calculate(rounds / 2);
                             static_cast<void>(result);
                           });
                         }}};
  Turns turns = session.turns(2);
  turns.samples = samples;
  const std::vector<Series> series = take_turns(sides, turns, 1);
  return {shares("rowan", series[0], series[1]), shares("arithmetic", series[2], series[3])};
}

}  // namespace rowan::perf
