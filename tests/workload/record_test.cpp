// Records of measurements: nothing of them is lost on the way to JSON and back, and comparisons say what they claim.
#include "perf/record.hpp"

#include <doctest/doctest.h>

using namespace rowan::perf;

namespace {

Record full_record() {
  Record record;
  record.command = "compare --only P1 \"quoted\" \\ ü";
  record.date = "2024-02-03T04:05:06Z";
  record.seed = 0xFFFF'FFFF'FFFF'FFFFU;
  record.machine = {"a cpu", 2,      "unknown",  "Linux 6.1",  "g++ 12",    "avx2",
                    32768,   524288, 1ULL << 25, {"FBGEMM 1"}, {"libtorch"}};
  record.cells.push_back({"P1",
                          "embedding_bag",
                          "i8",
                          64,
                          1ULL << 40,
                          72,
                          "DRAM",
                          "zipf:1.05",
                          50,
                          2,
                          "2 MiB",
                          "ns/row",
                          {{"rowan", {0.1, 1e-300, 1.0 / 3.0, 12345678.9}}, {"fbgemm", {2, 3, 4, 5}}},
                          3});
  record.cells.push_back({});
  record.percentiles.push_back({"whole request", "rowan", 1.5, 2.25, 1.0 / 7.0, 1000});
  record.ceilings.push_back({2, "4 KiB", 256, 12.5});
  record.goals.push_back({"P1", "asked", "seen", Verdict::holds});
  record.goals.push_back({"P2", "asked", "seen", Verdict::missed});
  record.goals.push_back({"P3", "asked", "absent", Verdict::unknown});
  return record;
}

}  // namespace

TEST_CASE("a record comes back from JSON with every sample") {
  const Record record = full_record();
  const std::optional<Record> back = from_json(to_json(record));
  REQUIRE(back);
  CHECK(back->command == record.command);
  CHECK(back->date == record.date);
  CHECK(back->seed == record.seed);
  CHECK(back->machine.cpu == "a cpu");
  CHECK(back->machine.cores == 2);
  CHECK(back->machine.l3_bytes == 1ULL << 25);
  CHECK(back->machine.peers == record.machine.peers);
  CHECK(back->machine.absent_peers == record.machine.absent_peers);
  REQUIRE(back->cells.size() == 2);
  const Cell& cell = back->cells.front();
  CHECK(cell.rows == 1ULL << 40);
  CHECK(cell.distribution == "zipf:1.05");
  CHECK(cell.threads == 2);
  CHECK(cell.runs == 3);
  REQUIRE(cell.find("rowan") != nullptr);
  CHECK(cell.find("rowan")->samples == record.cells.front().series.front().samples);
  CHECK(cell.find("fbgemm")->samples == record.cells.front().series.back().samples);
  CHECK(cell.find("libtorch") == nullptr);
  REQUIRE(back->percentiles.size() == 1);
  CHECK(back->percentiles[0].p999 == 1.0 / 7.0);
  CHECK(back->percentiles[0].calls == 1000);
  REQUIRE(back->ceilings.size() == 1);
  CHECK(back->ceilings[0].gb_per_second == 12.5);
  REQUIRE(back->goals.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(back->goals[i].verdict == record.goals[i].verdict);
  // What the fields above leave out, all at once.
  CHECK(to_json(*back) == to_json(record));
}

TEST_CASE("a record that is older than repeated runs has one of each cell") {
  std::string text = to_json(full_record());
  for (const std::string& runs : {std::string("\"runs\": 3,"), std::string("\"runs\": 1,")}) {
    const std::size_t at = text.find(runs);
    REQUIRE(at != std::string::npos);
    text.erase(at, runs.size());
  }
  const std::optional<Record> record = from_json(text);
  REQUIRE(record);
  CHECK(record->cells.front().runs == 1);
}

TEST_CASE("what is no record gives none") {
  const std::string good = to_json(full_record());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
  };
  REQUIRE(from_json(with("\"cores\": 2", "\"cores\": 3")));
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[]"), std::string("null"), good.substr(0, good.size() - 1),
        good + "x", with("\"version\": 1", "\"version\": 2"), with("\"cores\": 2", "\"cores\": \"two\""),
        with("\"holds\"", "\"perhaps\""), with("\"samples\"", "\"sample\"")}) {
    CAPTURE(text);
    CHECK(!from_json(text));
  }
}

TEST_CASE("bytes that are no UTF-8 do not keep a record from being written") {
  Record record;
  record.machine.cpu = "broken \xFF name";
  CHECK(from_json(to_json(record)));
}

TEST_CASE("sides are compared sample by sample") {
  // The machine became twice as slow half way: the ratio of neighbours does not see it, that of medians would.
  const Series ours{"rowan", {10, 10, 20, 20, 20}};
  const Series theirs{"peer", {15, 15, 30, 30, 30}};
  CHECK(compare(ours, theirs).ratio == 1.5);
  CHECK(compare(ours, theirs).low == 1.5);
  CHECK(!compare(ours, theirs).undecided());
  CHECK(compare(theirs, ours).ratio == doctest::Approx(1 / 1.5));
  CHECK(!compare(theirs, ours).undecided());

  const Comparison spread = compare({"", {1, 1, 1, 1, 1}}, {"", {0.5, 0.9, 1.1, 1.2, 3}});
  CHECK(spread.ratio == 1.1);
  CHECK(spread.low == 0.9);
  CHECK(spread.high == 1.2);
  CHECK(spread.undecided());

  CHECK(ours.median() == 20);
  CHECK(compare({"", {2, 2, 2}}, {"", {4}}).ratio == 2);  // only neighbours count

  Cell cell;
  cell.series = {ours, theirs};
  CHECK(ratio_to(cell, "peer") == 1.5);
  CHECK(!ratio_to(cell, "another"));
  cell.series = {theirs, ours};
  CHECK(extra(cell) == 10);
}

TEST_CASE("this machine is described") {
  const Machine machine = this_machine();
  CHECK(!machine.cpu.empty());
  CHECK(machine.cores >= 1);
  CHECK(!machine.governor.empty());
  CHECK(machine.kernel.starts_with("Linux "));
  CHECK(!machine.compiler.empty());
  CHECK((machine.isa == "baseline" || machine.isa == "avx2" || machine.isa == "avx512"));
  CHECK(machine.l1_bytes <= machine.l2_bytes);
}
