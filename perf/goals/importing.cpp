// P7: word2vec text and binary files made into native ones, against gensim, which reads them into memory. Both read
// from the page cache; what Rowan writes goes to a file system in memory, where there is one, so that no disk has a
// part.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "perf/goals/goals.hpp"
#include "perf/peers/gensim.hpp"
#include "rowan/import.hpp"
#include "rowan/table.hpp"

namespace rowan::perf {
namespace {

namespace fs = std::filesystem;

/// A folder for this run, removed at its end.
class Folder {
 public:
  Folder() {
    const char* const asked = std::getenv("TMPDIR");
    const fs::path memory = "/dev/shm";
    const fs::path parent = asked != nullptr     ? fs::path(asked)
                            : fs::exists(memory) ? memory
                                                 : fs::temp_directory_path();
    std::string pattern = (parent / "rowan-perf-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) fail("no folder can be made in " + parent.string());
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const char* name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

struct File {
  bool binary = false;
  std::uint64_t rows = 0;
  std::uint64_t dim = 0;
};

/// Random weights under the tokens w0, w1, …; in text with six decimals, as word2vec writes them.
void write_source(const std::string& path, const File& file, std::uint64_t seed) {
  std::ofstream out(path, std::ios::binary);
  out << file.rows << ' ' << file.dim << '\n';
  std::mt19937_64 random(seed);
  std::normal_distribution<float> weight(0, 0.3F);
  std::vector<float> row(file.dim);
  std::string line;
  for (std::uint64_t r = 0; r < file.rows; ++r) {
    for (float& value : row) value = weight(random);
    line = "w" + std::to_string(r);
    if (file.binary) {
      line += ' ';
      line.append(reinterpret_cast<const char*>(row.data()), sizeof(float) * row.size());
    } else {
      char number[32];
      for (const float value : row) {
        line.append(number, static_cast<std::size_t>(
                                std::snprintf(number, sizeof number, " %.6f", static_cast<double>(value))));
      }
    }
    out << line << '\n';
  }
  if (!out.flush()) fail("could not write " + path);
}

double seconds_of(const std::string& source, const std::string& target, int threads) {
  const ConvertOptions options{.overwrite = true, .threads = threads > 1 ? Threads::own(threads) : Threads::caller()};
  const auto began = std::chrono::steady_clock::now();
  const auto report = convert(source, target, options);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  if (!report) fail(report.error().message);
  return took.count();
}

/// The same bits in the rows that both were asked for.
void require_same(const std::string& target, std::span<const std::size_t> rows, const std::vector<float>& theirs) {
  const Table table = Table::open(target).value();
  std::vector<float> ours;
  for (const std::size_t row : rows) {
    const auto* const first = reinterpret_cast<const float*>(table.view().data() + row * table.row_stride());
    ours.insert(ours.end(), first, first + table.dim());
  }
  if (ours.size() != theirs.size() || std::memcmp(ours.data(), theirs.data(), ours.size() * sizeof(float)) != 0) {
    fail("gensim reads other values than Rowan");
  }
}

/// Megabytes of source a second, by the median time.
double rate(const Series& series) { return 1e3 / series.median(); }

Cell measure(Session& session, const Folder& folder, const File& file, const std::optional<Gensim>& gensim) {
  Cell cell;
  cell.goal = "P7";
  cell.operation = file.binary ? "word2vec binary" : "word2vec text";
  cell.dtype = "f32";
  cell.dim = file.dim;
  cell.rows = file.rows;
  cell.place = "page cache";
  cell.distribution = "once through";
  cell.threads = session.thread_counts().back();
  cell.unit = "ns/byte";

  const std::string source = folder / "source";
  const std::string target = folder / "target";
  write_source(source, file, session.seed());
  const auto bytes = static_cast<double>(fs::file_size(source));
  const std::size_t rows[] = {0, file.rows / 2, file.rows - 1};
  static_cast<void>(seconds_of(source, target, cell.threads));
  if (gensim) require_same(target, rows, gensim->load(source, file.binary, rows).values);

  Series ours{"rowan", {}};
  Series theirs{"gensim", {}};
  for (int turn = 0; turn < (session.quick() ? 3 : 7); ++turn) {
    fs::remove(target);  // to give back its memory is not part of the work
    ours.samples.push_back(seconds_of(source, target, cell.threads) * 1e9 / bytes);
    if (gensim) theirs.samples.push_back(gensim->load(source, file.binary, {}).seconds * 1e9 / bytes);
  }
  cell.series.push_back(ours);
  if (gensim) cell.series.push_back(theirs);
  session.record.cells.push_back(cell);
  return cell;
}

}  // namespace

void importing(Session& session) {
  const std::optional<Gensim> gensim = Gensim::find(session.python);
  if (gensim) {
    session.record.machine.peers.push_back(gensim->name());
    std::printf("%s\n", gensim->name().c_str());
  } else {
    session.record.machine.absent_peers.emplace_back("gensim");
    std::printf("%s\n", gensim_absent);
  }
  const std::uint64_t size = session.quick() ? 1 : 4;
  const Folder folder;
  const Cell text = measure(session, folder, {.binary = false, .rows = 50'000 * size, .dim = 100}, gensim);
  const Cell narrow = measure(session, folder, {.binary = true, .rows = 200'000 * size, .dim = 100}, gensim);
  const Cell wide = measure(session, folder, {.binary = true, .rows = 100'000 * size, .dim = 300}, gensim);

  std::printf("P7: files in the page cache, made into native ones\n");
  print_cells(cells_of(session.record, "P7"), "gensim");
  std::string seen = formatted("text %.0f MB/s; binary %.0f and, of 300 columns, %.0f MB/s", rate(text.series.front()),
                               rate(narrow.series.front()), rate(wide.series.front()));
  bool holds =
      rate(text.series.front()) >= 400 && rate(narrow.series.front()) >= 2000 && rate(wide.series.front()) >= 2000;
  if (gensim) {
    const auto times = [](const Cell& cell) { return compare(cell.series[0], cell.series[1]).ratio; };
    seen += formatted("; %.0fx, %.0fx and %.0fx gensim", times(text), times(narrow), times(wide));
    holds = holds && times(text) >= 15 && times(narrow) >= 20 && times(wide) >= 20;
  }
  conclude(session.record, {"P7", "importing on 2 threads: text >= 400 MB/s and 15x gensim, binary >= 2 GB/s and 20x",
                            seen, verdict(holds, gensim.has_value())});
}

}  // namespace rowan::perf
