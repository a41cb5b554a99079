#include "engine/convert/chosen_tables.hpp"

#include <string_view>

#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

Error refused_for(const std::string& source, std::string_view why) {
  return make_error(Code::invalid_argument, source, " is a Rowan file: ", why);
}

/// What is asked for that only other formats have.
Result<void> check_options(const std::string& source, const ConvertOptions& options, const std::vector<Table>& tables) {
  if (tables.empty()) return make_error(Code::not_found, source, " holds no table");
  if (!options.ids_from.empty()) return refused_for(source, "its rows keep their keys and take no ids from a file");
  if (options.name != default_table_name && tables.size() > 1) {
    return refused_for(source, concat("it holds ", tables.size(), " tables, and one name is given for all of them"));
  }
  for (const Table& table : tables) {
    if (options.keys == KeyKind::u64 && table.vocabulary().kind() == KeyKind::bytes) {
      return refused_for(source, concat("the keys of its table '", table.name(), "' stay the tokens that they are"));
    }
    if (options.dim != 0 && options.dim != table.dim()) {
      return make_error(Code::invalid_argument, source, ": table '", table.name(), "' has rows of ",
                        counted(table.dim(), "number"), ", and ", options.dim, " are asked for");
    }
  }
  return {};
}

}  // namespace

Result<std::vector<Table>> choose_tables(const NativeFile& file, const ConvertOptions& options) {
  std::vector<Table> tables = file.tables();
  if (!options.table.empty()) {
    const auto table = file.table(options.table);
    if (!table) return table.error();
    tables = {*table};
  }
  if (const auto good = check_options(file.path(), options, tables); !good) return good.error();
  return tables;
}

TableLayout converted_layout(const Table& table, bool only, const ConvertOptions& options) {
  return {.name = only && options.name != default_table_name ? options.name : table.name(),
          .dim = table.dim(),
          .dtype = options.dtype,
          .keys = options.keys == KeyKind::none ? KeyKind::none : table.vocabulary().kind(),
          .pad_rows = options.pad_rows,
          .keep_duplicates = true};
}

}  // namespace rowan::detail
