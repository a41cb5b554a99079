// rowan create: new tables.
#include "tools/commands.hpp"
#include "tools/failure.hpp"
#include "tools/output.hpp"

namespace rowan::tool {

void create(const CreateArguments& arguments) {
  NewTable table = arguments.table;
  if (arguments.init == "zeros") table.init = Init::zeros();
  if (arguments.init == "uniform") table.init = Init::uniform(arguments.low, arguments.high, arguments.seed);
  if (arguments.init == "normal") table.init = Init::normal(arguments.seed, 0.0F, arguments.deviation);
  const WriteReport report =
      need_written(create_table_file(arguments.target, table, {.overwrite = arguments.overwrite}, arguments.threads),
                   arguments.target);
  print("{}: {} rows × {}, {}\n", printable(arguments.target), grouped(report.rows), table.dim, to_string(table.dtype));
}

}  // namespace rowan::tool
