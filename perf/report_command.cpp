// Draws measurement records as one HTML page.
//
//   report RECORD.json [RECORD.json ...] --out PAGE.html
//
// Several records make one page where they are of the same machine and build.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "perf/record.hpp"

namespace {

using namespace rowan::perf;

[[noreturn]] void fail(const std::string& sentence, int code = 1) {
  std::fprintf(stderr, "report: %s\n", sentence.c_str());
  std::exit(code);
}

Record read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) fail("cannot read " + path);
  auto record = from_json(text);
  if (!record)
    fail(path + " is not a measurement record, as compare --json and rowan bench --report FILE --json write");
  return *std::move(record);
}

template <class Value>
void append(std::vector<Value>& all, const std::vector<Value>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

void append_new(std::vector<std::string>& all, const std::vector<std::string>& more) {
  for (const std::string& one : more) {
    if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
  }
}

void merge(Record& all, const Record& more, const std::string& path) {
  const Machine& a = all.machine;
  const Machine& b = more.machine;
  if (a.cpu != b.cpu || a.cores != b.cores || a.isa != b.isa || a.compiler != b.compiler) {
    fail(path + " was made on another machine or by another build than the records before it; draw it on its own");
  }
  all.command += "; " + more.command;
  if (all.date.empty() || more.date > all.date) all.date = more.date;
  append_new(all.machine.peers, more.machine.peers);
  append_new(all.machine.absent_peers, more.machine.absent_peers);
  std::erase_if(all.machine.absent_peers, [&](const std::string& absent) {
    return std::any_of(all.machine.peers.begin(), all.machine.peers.end(),
                       [&](const std::string& peer) { return peer.starts_with(absent); });
  });
  append(all.cells, more.cells);
  append(all.percentiles, more.percentiles);
  append(all.ceilings, more.ceilings);
  append(all.goals, more.goals);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> sources;
  std::string target;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--out" && i + 1 < argc) {
      target = argv[++i];
    } else if (argument.starts_with("--")) {
      fail("usage: report RECORD.json [RECORD.json ...] --out PAGE.html", 2);
    } else {
      sources.push_back(argument);
    }
  }
  if (sources.empty() || target.empty()) fail("usage: report RECORD.json [RECORD.json ...] --out PAGE.html", 2);

  Record all = read(sources.front());
  for (std::size_t i = 1; i < sources.size(); ++i) merge(all, read(sources[i]), sources[i]);
  // Under another name first: a page that cannot be written leaves the old one as it was.
  const std::string unfinished = target + ".unfinished";
  std::ofstream file(unfinished, std::ios::binary);
  file << to_html(all);
  file.close();
  if (!file || std::rename(unfinished.c_str(), target.c_str()) != 0) {
    std::remove(unfinished.c_str());
    fail("cannot write " + target);
  }
}
