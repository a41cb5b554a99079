#include "perf/command.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <optional>
#include <string_view>

#include "perf/fields.hpp"

namespace rowan::perf {
namespace {

[[noreturn]] void wrong_usage(const char* program, bool with_only, const std::string& sentence) {
  std::fprintf(stderr, "%s: %s\nusage: %s %s[--seed S] [--fbgemm PREFIX] [--python PROGRAM] [--quick] [--json FILE]\n",
               program, sentence.c_str(), program,
               with_only ? "[--only P1,P4,...] [--shape DIM,BAG[,TYPE[,ROWS]]]... [--random-shapes N] " : "");
  std::exit(2);
}

std::optional<std::uint64_t> whole_number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// FBGEMM is linked in: another one can be named, but not had.
void require_fbgemm(const std::string& prefix) {
  const std::string configured = fbgemm_prefix();
  if (prefix == configured) return;
  fail((configured.empty() ? "this build has no FBGEMM" : "this build has the FBGEMM of " + configured) +
       "; configure with -DROWAN_PERF_FBGEMM=" + prefix + " and build again");
}

std::string now() {
  const std::time_t time = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&time, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace

Arguments parse(int argc, char** argv, const std::set<std::string>& ids) {
  constexpr std::uint64_t most_random_shapes = 10'000;
  Arguments arguments;
  std::uint64_t random_count = 0;
  const auto wrong = [&](const std::string& sentence) { wrong_usage(argv[0], !ids.empty(), sentence); };
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const auto value = [&]() -> std::string {
      if (++i == argc) wrong(option + " needs a value");
      return argv[i];
    };
    if (option == "--quick") {
      arguments.quick = true;
    } else if (option == "--only" && !ids.empty()) {
      const std::string list = value();
      for (const std::string_view id : fields_of(list)) arguments.only.emplace(id);
      for (const std::string& id : arguments.only) {
        if (!ids.contains(id)) wrong("it has no goal \"" + id + "\"");
      }
    } else if (option == "--shape" && !ids.empty()) {
      const Result<std::vector<LookupShape>> shapes = parse_shapes(value());
      if (!shapes) wrong("--shape: " + shapes.error().message);
      arguments.shapes.insert(arguments.shapes.end(), shapes->begin(), shapes->end());
    } else if (option == "--random-shapes" && !ids.empty()) {
      const std::string text = value();
      random_count = whole_number(text).value_or(0);
      if (random_count == 0 || random_count > most_random_shapes) {
        wrong(formatted("--random-shapes takes a whole number from 1 to %llu, not \"%s\"",
                        static_cast<unsigned long long>(most_random_shapes), text.c_str()));
      }
    } else if (option == "--seed") {
      const std::string text = value();
      const std::optional<std::uint64_t> seed = whole_number(text);
      if (!seed) wrong("--seed takes a whole number from 0 on, of 64 bits, not \"" + text + "\"");
      arguments.seed = *seed;
    } else if (option == "--fbgemm") {
      require_fbgemm(value());
    } else if (option == "--python") {
      arguments.python = value();
    } else if (option == "--json") {
      arguments.json = value();
    } else {
      wrong("there is no option " + option);
    }
  }
  const std::vector<LookupShape> drawn = random_shapes(random_count, arguments.seed);
  arguments.shapes.insert(arguments.shapes.end(), drawn.begin(), drawn.end());
  return arguments;
}

void begin(Session& session, int argc, char** argv) {
  Record& record = session.record;
  for (int i = 0; i < argc; ++i) record.command += (i == 0 ? "" : " ") + std::string(argv[i]);
  record.date = now();
  const Machine& machine = record.machine;
  std::printf("%s, %s, %s tier, %d processors, clock governor %s, %s, %s\n", machine.cpu.c_str(),
              caches_text(machine).c_str(), machine.isa.c_str(), machine.cores, machine.governor.c_str(),
              machine.kernel.c_str(), machine.compiler.c_str());
  for (const std::string& peer : machine.peers) std::printf("%s\n", peer.c_str());
  if (!session.fbgemm) std::printf("%s\n", fbgemm_absent);
  if (!session.torch) std::printf("%s\n", torch_absent);
  std::printf("\n");
}

void finish(const Session& session, const Arguments& arguments) {
  for (const Goal& goal : session.record.goals) {
    std::printf("%-8s %s\n", goal.id.c_str(),
                goal.verdict == Verdict::holds    ? "holds"
                : goal.verdict == Verdict::missed ? "missed"
                                                  : "unknown");
  }
  if (arguments.json.empty()) return;
  std::ofstream file(arguments.json);
  file << to_json(session.record) << '\n';
  if (!file.flush()) fail("could not write " + arguments.json);
}

}  // namespace rowan::perf
