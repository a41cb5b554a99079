// rowan analogy: a is to b as c is to what.
#include <utility>

#include "tools/commands.hpp"
#include "tools/failure.hpp"
#include "tools/json.hpp"
#include "tools/neighbors.hpp"
#include "tools/output.hpp"

namespace rowan::tool {

void analogy(const AnalogyArguments& arguments) {
  const auto& [choice, a, b, c, count, as_json, threads] = arguments;
  const Table table = open_with(choice, {a, b, c});
  const WordVectors words = need(WordVectors::create(table, threads));
  const auto neighbors = need(words.analogy(a, b, c, count));
  if (!as_json) {
    print("{} - {} + {} (unit rows; {}, {} and {} excluded)\n", a, b, c, a, b, c);
    return print_neighbors(table, neighbors);
  }
  JsonWriter json;
  json.begin_object().key("query").begin_array();
  for (const auto& [sign, token] : {std::pair{"+", &a}, {"-", &b}, {"+", &c}}) {
    json.begin_object().field("sign", sign).token(*token).end_object();
  }
  json.end_array();
  add_neighbors(json, table, neighbors);
  json.end_object();
  print("{}\n", json.text());
}

}  // namespace rowan::tool
