// Rowan against its peers and its goals, in one process, over the same rows and pages, all sides in turn. Answers
// are compared before anything is timed.
//
//   compare [--only P1,P4] [--fbgemm PREFIX] [--quick] [--json FILE]

#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <set>

#include "perf/goals/goals.hpp"

namespace {

using namespace rowan::perf;

struct Topic {
  std::set<std::string> ids;
  void (*measure)(Session&);
};

const Topic topics[] = {
    {{"P1", "P3"}, pooled_from_memory},
    {{"P2"}, pooled_in_cache},
};

struct Arguments {
  std::set<std::string> only;
  std::string fbgemm;
  std::string json;
  bool quick = false;
};

[[noreturn]] void wrong_usage(const std::string& sentence) {
  std::fprintf(stderr, "compare: %s\nusage: compare [--only P1,P4,...] [--fbgemm PREFIX] [--quick] [--json FILE]\n",
               sentence.c_str());
  std::exit(2);
}

bool known(const std::string& id) {
  for (const Topic& topic : topics) {
    if (topic.ids.contains(id)) return true;
  }
  return false;
}

std::set<std::string> ids_in(const std::string& list) {
  std::set<std::string> ids;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    ids.insert(list.substr(begin, end - begin));
    begin = end + 1;
  }
  for (const std::string& id : ids) {
    if (!known(id)) wrong_usage("there is no goal \"" + id + "\" here");
  }
  return ids;
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const auto value = [&]() -> std::string {
      if (++i == argc) wrong_usage(option + " needs a value");
      return argv[i];
    };
    if (option == "--quick") {
      arguments.quick = true;
    } else if (option == "--only") {
      arguments.only = ids_in(value());
    } else if (option == "--fbgemm") {
      arguments.fbgemm = value();
    } else if (option == "--json") {
      arguments.json = value();
    } else {
      wrong_usage("there is no option " + option);
    }
  }
  return arguments;
}

/// FBGEMM is linked in, so another one can be named but not had.
void require_fbgemm(const std::string& prefix) {
  if (prefix.empty() || prefix == fbgemm_prefix()) return;
  const std::string configured = fbgemm_prefix();
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

void write(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << '\n';
  if (!file.flush()) fail("could not write " + path);
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  require_fbgemm(arguments.fbgemm);
  Session session(arguments.quick);
  Record& record = session.record;
  for (int i = 0; i < argc; ++i) record.command += (i == 0 ? "" : " ") + std::string(argv[i]);
  record.date = now();

  const Machine& machine = record.machine;
  std::printf("%s, %d processors, clock governor %s, %s, %s, %s tier\n", machine.cpu.c_str(), machine.cores,
              machine.governor.c_str(), machine.kernel.c_str(), machine.compiler.c_str(), machine.isa.c_str());
  for (const std::string& peer : machine.peers) std::printf("%s\n", peer.c_str());
  if (!session.fbgemm) std::printf("%s\n", fbgemm_absent);
  if (!session.torch) std::printf("%s\n", torch_absent);
  std::printf("\n");

  for (const Topic& topic : topics) {
    bool wanted = arguments.only.empty();
    for (const std::string& id : topic.ids) wanted = wanted || arguments.only.contains(id);
    if (wanted) topic.measure(session);
  }
  std::printf("pages of the tables: %s\n", session.pages().c_str());
  for (const Goal& goal : record.goals) {
    std::printf("%-8s %s\n", goal.id.c_str(),
                goal.verdict == Verdict::holds    ? "holds"
                : goal.verdict == Verdict::missed ? "missed"
                                                  : "unknown: a peer is absent");
  }
  if (!arguments.json.empty()) write(arguments.json, to_json(record));
}
