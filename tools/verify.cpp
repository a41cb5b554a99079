// rowan verify: whether a native file is whole.
#include "tools/commands.hpp"
#include "tools/failure.hpp"
#include "tools/json.hpp"
#include "tools/output.hpp"

namespace rowan::tool {

void verify(const VerifyArguments& arguments) {
  const VerifyReport report = need(rowan::verify(arguments.file, arguments.threads));
  if (!arguments.json) {
    print("{}: intact, {} in {} checksum{}\n", printable(arguments.file), readable_bytes(report.bytes),
          grouped(report.blocks), plural(report.blocks));
    return;
  }
  JsonWriter json;
  json.begin_object()
      .field("file", std::string_view(arguments.file))
      .field("intact", true)
      .field("bytes", report.bytes)
      .field("blocks", report.blocks)
      .end_object();
  print("{}\n", json.text());
}

}  // namespace rowan::tool
