// The report page: what it says first, that it needs nothing from elsewhere, and that no record can add to its markup.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "perf/chart.hpp"
#include "perf/markup.hpp"
#include "perf/record.hpp"

using namespace rowan::perf;

namespace {

Cell cell_of(std::uint64_t dim, double ours, double theirs) {
  Cell cell;
  cell.operation = "embedding_bag";
  cell.dtype = "f32";
  cell.dim = dim;
  cell.rows = 1000;
  cell.row_bytes = 4 * dim;
  cell.place = "DRAM";
  cell.distribution = "uniform";
  cell.bag = 50;
  cell.pages = "2 MiB";
  cell.series = {{"rowan", {ours, ours * 1.01, ours * 0.99}},
                 {"fbgemm", {theirs, theirs * 1.02, theirs * 0.98}},
                 {"ceiling", {ours * 0.9}}};
  return cell;
}

Record sample() {
  Record record;
  record.machine.cpu = "Some CPU";
  record.cells = {cell_of(128, 10, 20), cell_of(64, 10, 5), cell_of(32, 10, 10)};
  Cell two = cell_of(128, 6, 11);
  two.threads = 2;
  record.cells.push_back(two);
  record.percentiles = {{"one bag", "rowan", 1.5, 2.5, 9, 1000}};
  record.ceilings = {{1, "2 MiB", 0, 25}};
  record.goals = {{"P1", "faster", "1.2x", Verdict::missed}};
  return record;
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("only literals are markup") {
  Markup out;
  out << "<b>" << std::string("<i a=\"'&\x01") << 7 << 1.25 << "</b>";
  CHECK(out.str() == "<b>&lt;i a=&quot;&#39;&amp; 71.2</b>");
}

TEST_CASE("numbers for people") {
  CHECK(readable(123.4) == "123");
  CHECK(readable(12.34) == "12.3");
  CHECK(readable(1.234) == "1.23");
  CHECK(readable(NAN) == "–");
  CHECK(binary_size(std::uint64_t{1} << 20) == "1 MiB");
  CHECK(binary_size(1536) == "1.5 KiB");
  CHECK(grouped(1234567) == "1,234,567");
}

TEST_CASE("ticks cover what they are for") {
  CHECK(round_ticks(3, 30) == std::vector<double>{2, 5, 10, 20, 50});
  CHECK(round_ticks(1, 10) == std::vector<double>{1, 2, 5, 10});
  CHECK(round_ticks(4, 4).size() == 2);
}

TEST_CASE("lost cells come first, then undecided ones") {
  const std::string page = to_html(sample());
  const std::size_t lost = page.find("Lost: 1");
  const std::size_t undecided = page.find("Undecided: 1");
  const std::size_t ahead = page.find("Ahead: 2");
  REQUIRE(lost != std::string::npos);
  REQUIRE(undecided != std::string::npos);
  REQUIRE(ahead != std::string::npos);
  CHECK(page.find("0.50×") < undecided);
  CHECK(lost < undecided);
  CHECK(undecided < ahead);
  CHECK(page.find("✗ missed") < lost);
}

TEST_CASE("the page says first what it was measured on") {
  Record record = sample();
  record.machine.cpu = "AMD EPYC (Zen 4, family 25 model 17)";
  record.machine.l1_bytes = 32 << 10;
  record.machine.l2_bytes = 1 << 20;
  record.machine.l3_bytes = 260 << 20;
  record.machine.isa = "avx512";
  const std::string page = to_html(record);
  CHECK(count(page, "<title>Rowan on AMD EPYC (Zen 4, family 25 model 17)</title>") == 1);
  CHECK(count(page, "<h1>Rowan on AMD EPYC (Zen 4, family 25 model 17)</h1>") == 1);
  const std::string lead = "L1 32 KiB, L2 1 MiB, L3 260 MiB, avx512 tier";
  CHECK(page.find(lead) < page.find("<section"));
}

TEST_CASE("every section is drawn, with words for those who do not see it") {
  const std::string page = to_html(sample());
  for (const char* section : {"machine", "goals", "peers", "rooflines", "ratios", "latency", "scaling"}) {
    CAPTURE(section);
    CHECK(count(page, "<section id=\"" + std::string(section) + "\"") == 1);
  }
  CHECK(count(page, "<svg viewBox") == count(page, "role=\"img\"") - count(page, "<svg class=\"latency\""));
  CHECK(count(page, "<desc>") == count(page, "role=\"img\""));
}

TEST_CASE("cells of one dim alone are in the tables and draw nothing against dims") {
  Record record = sample();
  record.cells = {cell_of(97, 10, 20)};
  record.cells.front().bag = 3;
  const std::string page = to_html(record);
  CHECK(count(page, "<section id=\"rooflines\"") == 0);
  CHECK(count(page, "<section id=\"ratios\"") == 0);
  CHECK(page.find("Ahead: 1") != std::string::npos);
}

TEST_CASE("the page needs nothing from elsewhere") {
  const std::string page = to_html(sample());
  for (const char* part : {"http:", "https:", "src=", "href=", "url(", "@import", "<link", "<iframe"}) {
    CAPTURE(part);
    CHECK(count(page, part) == 0);
  }
}

TEST_CASE("no text of a record becomes markup") {
  const std::string evil = "</script></title><script>alert(1)</script><img src=x onerror='a'>\"&";
  Record record = sample();
  Machine& machine = record.machine;
  for (std::string* text :
       {&machine.cpu, &machine.governor, &machine.kernel, &machine.compiler, &machine.isa, &record.command,
        &record.date, &record.percentiles[0].what, &record.percentiles[0].who, &record.ceilings[0].pages,
        &record.goals[0].id, &record.goals[0].text, &record.goals[0].seen}) {
    *text = evil;
  }
  machine.peers = machine.absent_peers = {evil};
  for (Cell& cell : record.cells) {
    for (std::string* text :
         {&cell.goal, &cell.operation, &cell.dtype, &cell.distribution, &cell.pages, &cell.series[1].who}) {
      *text = evil;
    }
  }
  const std::string page = to_html(record);
  CHECK(count(page, "<script>") == 1);
  CHECK(count(page, "</script>") == 1);
  CHECK(count(page, "<img") == 0);
}

TEST_CASE("records with little or nonsense in them are drawn too") {
  CHECK(count(to_html({}), "</html>") == 1);
  Record record = sample();
  record.cells.resize(1);
  record.goals.clear();
  CHECK(count(to_html(record), "</html>") == 1);
  for (const double odd : {0.0, -1.0, double{NAN}, double{INFINITY}, 1e-300, 1e300}) {
    CAPTURE(odd);
    Record strange = sample();
    strange.cells[0].series[0].samples = {odd};
    strange.cells[1].series[1].samples = {odd, 1};
    strange.cells[2].series[2].samples = {odd};
    strange.cells[3].series.clear();
    strange.percentiles[0].p99 = odd;
    strange.ceilings[0].gb_per_second = odd;
    const std::string page = to_html(strange);
    CHECK(count(page, "</html>") == 1);
    CHECK(count(page, "\"nan\"") == 0);
  }
}
