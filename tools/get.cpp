// rowan get: rows as text.
#include <iterator>

#include "tools/commands.hpp"
#include "tools/engine.hpp"
#include "tools/failure.hpp"
#include "tools/json.hpp"
#include "tools/output.hpp"
#include "tools/tokens.hpp"

namespace rowan::tool {
namespace {

void print_json_row(const Table& table, std::uint64_t row, std::span<const float> values) {
  JsonWriter json;
  json.begin_object().field("row", row);
  if (const auto key = table.vocabulary().key(row)) json.token(*key);
  if (const auto id = table.vocabulary().id(row)) json.field("id", *id);
  json.field("values", values).end_object();
  write(json.text());
}

void print_text_row(std::string_view label, std::span<const float> values) {
  std::string line(label);
  // Shortest digits that give the same f32 back.
  for (const float value : values) fmt::format_to(std::back_inserter(line), " {}", value);
  line += '\n';
  write(line);
}

void check_row(const Table& table, std::uint64_t row) {
  if (row < table.rows()) return;
  throw Failure(fmt::format("there is no row {} in table {}, which has {} rows, numbered from 0", row,
                            in_quotes(table.name()), table.rows()));
}

}  // namespace

void get(const GetArguments& arguments) {
  const Engine engine;
  need(engine);
  const Table table = open(arguments.table);

  // All are looked up before anything is printed: an unknown token leaves no half answer.
  std::vector<std::uint64_t> rows;
  std::vector<std::string> labels = arguments.tokens;
  for (const std::string& token : arguments.tokens) rows.push_back(row_of(table, token));
  for (const std::uint64_t row : arguments.rows) {
    check_row(table, row);
    rows.push_back(row);
    labels.push_back(fmt::format("{}", row));
  }

  std::vector<float> values(table.dim());
  if (arguments.json) write("[");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto index = static_cast<std::int64_t>(rows[i]);
    need(engine.embedding(table, std::span(&index, 1), values));
    if (!arguments.json) {
      print_text_row(labels[i], values);
      continue;
    }
    if (i != 0) write(",");
    print_json_row(table, rows[i], values);
  }
  if (arguments.json) write("]\n");
}

}  // namespace rowan::tool
