// rowan convert and rowan create: writing native files.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "tools/commands.hpp"
#include "tools/failure.hpp"
#include "tools/json.hpp"
#include "tools/output.hpp"

namespace rowan::tool {
namespace {

/// A bar on standard error, where that is a terminal; nothing anywhere else.
class ProgressBar {
 public:
  explicit ProgressBar(std::string_view what) : what_(what), shown_(::isatty(STDERR_FILENO) == 1) {}
  ~ProgressBar() {
    if (drawn_) std::fputs("\r\x1b[K", stderr);
  }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  bool shown() const { return shown_; }

  void update(const Progress& progress) {
    constexpr std::size_t width = 30;
    const auto now = Clock::now();
    if (!shown_ || now - drawn_at_ < std::chrono::milliseconds(100)) return;
    drawn_at_ = now;
    drawn_ = true;

    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double rate = static_cast<double>(progress.bytes_read) / std::max(seconds, 1e-3);
    std::string line = fmt::format("\r\x1b[K{} ", what_);
    if (progress.bytes_total != 0) {
      const double part =
          std::min(1.0, static_cast<double>(progress.bytes_read) / static_cast<double>(progress.bytes_total));
      const std::string done(static_cast<std::size_t>(part * width), '#');
      line += fmt::format("[{:<{}}] {:3.0f}%  ", done, width, part * 100);
    }
    line += fmt::format("{} rows, {}/s", grouped(progress.rows), readable_bytes(static_cast<std::uint64_t>(rate)));
    std::fputs(line.c_str(), stderr);
    std::fflush(stderr);
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  bool shown_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_at_ = start_;
};

void print_json(const ConvertArguments& arguments, const ConvertReport& report) {
  JsonWriter json;
  json.begin_object()
      .field("source", std::string_view(arguments.source))
      .field("target", std::string_view(arguments.target))
      .field("from", to_string(report.from))
      .field("dtype", to_string(arguments.options.dtype))
      .field("tables", report.tables)
      .field("rows", report.rows)
      .field("dim", report.dim)
      .field("invalid_utf8", report.invalid_utf8)
      .field("duplicates", report.duplicates);
  json.key("first_duplicates").begin_array();
  for (const DuplicateKey& duplicate : report.first_duplicates) {
    json.begin_object()
        .token(duplicate.key)
        .field("kept", duplicate.kept)
        .field("dropped", duplicate.dropped)
        .end_object();
  }
  json.end_array();
  if (report.error) {
    json.key("error")
        .begin_object()
        .field("max", report.error->max)
        .field("rms", report.error->rms)
        .field("max_row_rms", report.error->max_row_rms)
        .field("min_cosine", report.error->min_cosine)
        .field("mean_cosine", report.error->mean_cosine)
        .field("lost", report.error->lost)
        .end_object();
  }
  json.end_object();
  print("{}\n", json.text());
}

void print_error(DType dtype, const StorageError& error) {
  print("  error      max {:.3g}, RMS {:.3g}, {:.3g} in the worst row\n", error.max, error.rms, error.max_row_rms);
  print("  cosine     mean {:.6f}, {:.6f} in the worst row\n", error.mean_cosine, error.min_cosine);
  if (error.lost == 0) return;
  print("  {} value{} beyond the range of {} and not finite any more{}\n", grouped(error.lost),
        error.lost == 1 ? " is" : "s are", to_string(dtype),
        dtype == DType::f16 || dtype == DType::bf16 ? "" : "; --saturate stores the greatest in their place");
}

void print_text(const ConvertArguments& arguments, const ConvertReport& report) {
  const std::string shape = report.dim == 0 ? std::string() : fmt::format(" × {}", report.dim);
  const std::string tables = report.tables == 1 ? std::string() : fmt::format(" in {} tables", report.tables);
  print("{}: {} rows{}{}, {}, from {}\n", arguments.target, grouped(report.rows), shape, tables,
        to_string(arguments.options.dtype), to_string(report.from));
  if (report.error) print_error(arguments.options.dtype, *report.error);
  if (report.invalid_utf8 != 0) {
    print("  {} token{} not UTF-8; the bytes are kept as they are\n", grouped(report.invalid_utf8),
          report.invalid_utf8 == 1 ? " is" : "s are");
  }
  if (report.duplicates == 0) return;
  print("  {} row{} left out because an earlier row has the key:\n", grouped(report.duplicates),
        report.duplicates == 1 ? "" : "s");
  for (const DuplicateKey& duplicate : report.first_duplicates) {
    print("    {} of row {}, kept from row {}\n", quoted(duplicate.key), duplicate.dropped, duplicate.kept);
  }
  if (report.duplicates > report.first_duplicates.size()) print("    …\n");
}

}  // namespace

void convert(const ConvertArguments& arguments) {
  const ConvertReport report = [&] {
    ProgressBar bar("converting");
    ConvertOptions options = arguments.options;
    if (bar.shown()) options.progress = [&](const Progress& progress) { bar.update(progress); };
    return need_written(rowan::convert(arguments.source, arguments.target, options), arguments.target);
  }();
  arguments.json ? print_json(arguments, report) : print_text(arguments, report);
}

void create(const CreateArguments& arguments) {
  NewTable table = arguments.table;
  if (arguments.init == "zeros") table.init = Init::zeros();
  if (arguments.init == "uniform") table.init = Init::uniform(arguments.low, arguments.high, arguments.seed);
  if (arguments.init == "normal") table.init = Init::normal(arguments.seed, 0.0F, arguments.deviation);
  const WriteReport report =
      need_written(create_table_file(arguments.target, table, {.overwrite = arguments.overwrite}, arguments.threads),
                   arguments.target);
  print("{}: {} rows × {}, {}\n", arguments.target, grouped(report.rows), table.dim, to_string(table.dtype));
}

}  // namespace rowan::tool
