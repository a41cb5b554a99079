// rowan recover: taking a native file whose writer ended half-way as it is.
#include "tools/commands.hpp"
#include "tools/failure.hpp"
#include "tools/json.hpp"
#include "tools/output.hpp"

namespace rowan::tool {

void recover(const RecoverArguments& arguments) {
  const RecoverReport report = need(rowan::recover(arguments.file));
  if (arguments.json) {
    JsonWriter json;
    json.begin_object()
        .field("file", std::string_view(arguments.file))
        .field("unfinished", report.unfinished)
        .field("blocks", report.blocks)
        .field("changed", report.changed)
        .end_object();
    return print("{}\n", json.text());
  }
  if (!report.unfinished)
    return print("{}: nothing to recover, its last writer committed\n", printable(arguments.file));
  print("{}: recovered, {} of {} checksum{} of rows changed\n", printable(arguments.file), grouped(report.changed),
        grouped(report.blocks), plural(report.blocks));
  print("Rows that were being written when the writer ended may be new, old, or a mix of both.\n");
}

}  // namespace rowan::tool
