// rowan nearest: the rows nearest to that of a token.
#include "tools/commands.hpp"
#include "tools/failure.hpp"
#include "tools/json.hpp"
#include "tools/neighbors.hpp"
#include "tools/output.hpp"

namespace rowan::tool {

void nearest(const NearestArguments& arguments) {
  const Table table = open_with(arguments.table, {arguments.token});
  const WordVectors words = need(WordVectors::create(table, arguments.threads));
  const auto neighbors = need(words.nearest(arguments.token, arguments.count));
  if (!arguments.json) return print_neighbors(table, neighbors);
  JsonWriter json;
  json.begin_object().token(arguments.token);
  add_neighbors(json, table, neighbors);
  json.end_object();
  print("{}\n", json.text());
}

}  // namespace rowan::tool
