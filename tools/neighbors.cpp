#include "tools/neighbors.hpp"

#include "rowan/engine.hpp"
#include "tools/failure.hpp"
#include "tools/output.hpp"
#include "tools/tokens.hpp"

namespace rowan::tool {

Table open_with(const TableChoice& choice, std::initializer_list<std::string_view> tokens) {
  need(Engine().status());
  Table table = open(choice);
  if (table.vocabulary().kind() != KeyKind::bytes) return table;  // the library refuses it by its own sentence
  for (const std::string_view token : tokens) row_of(table, token);
  return table;
}

void print_neighbors(const Table& table, std::span<const Neighbor> neighbors) {
  for (const Neighbor& neighbor : neighbors) {
    print("{:7.4f}  {}\n", neighbor.cosine, printable(label_of(table, neighbor.row)));
  }
}

void add_neighbors(JsonWriter& json, const Table& table, std::span<const Neighbor> neighbors) {
  json.key("neighbors").begin_array();
  for (const Neighbor& neighbor : neighbors) {
    json.begin_object()
        .token(label_of(table, neighbor.row))
        .field("row", neighbor.row)
        .field("cosine", neighbor.cosine)
        .end_object();
  }
  json.end_array();
}

}  // namespace rowan::tool
