// rowan export: a table in another library's format.
#include "rowan/export_table.hpp"

#include "tools/commands.hpp"
#include "tools/failure.hpp"
#include "tools/output.hpp"
#include "tools/progress.hpp"
#include "tools/tokens.hpp"

namespace rowan::tool {
namespace {

/// The format that the ending of the name asks for.
TargetFormat format_of(const std::string& target) {
  std::vector<std::string_view> endings;
  for (int i = 0; i < target_format_count; ++i) {
    const auto format = static_cast<TargetFormat>(i);
    for (const std::string_view ending : file_endings(format)) {
      if (target.ends_with(ending)) return format;
      endings.push_back(ending);
    }
  }
  const std::string_view last = endings.back();
  endings.pop_back();
  throw Failure(fmt::format("the name {} does not say which format is wanted: say --to, or let it end in {} or {}",
                            printable(target), fmt::join(endings, ", "), last));
}

}  // namespace

void export_to(const ExportArguments& arguments) {
  const std::string& target = arguments.target == "-" ? standard_output : arguments.target;
  const TargetFormat format = arguments.to ? *arguments.to : format_of(arguments.target);
  const Table table = open(arguments.table);
  {
    ProgressBar bar("exporting");
    ExportOptions options{.overwrite = arguments.overwrite};
    if (bar.shown()) options.progress = [&](const Progress& progress) { bar.update(progress); };
    need_written(export_table(table, target, format, options), target);
  }
  if (is_standard_output(target)) return;
  print("{}: {} rows × {}, {}\n", printable(target), grouped(table.rows()), table.dim(), to_string(format));
}

}  // namespace rowan::tool
