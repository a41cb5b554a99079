#include "tools/tokens.hpp"

#include <charconv>
#include <vector>

#include "tools/failure.hpp"
#include "tools/output.hpp"

namespace rowan::tool {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

/// The token in other common spellings: lower case, capitalised, upper case, spaces as underscores.
std::vector<std::string> spellings(std::string_view token) {
  std::string lowered(token);
  for (char& c : lowered) c = lower(c);
  std::string capital = lowered;
  if (!capital.empty()) capital.front() = upper(capital.front());
  std::string uppered(token);
  for (char& c : uppered) c = upper(c);
  std::string joined(token);
  for (char& c : joined) c = c == ' ' ? '_' : c;
  return {lowered, capital, uppered, joined};
}

[[noreturn]] void unknown_token(const Table& table, std::string_view token) {
  for (const std::string& spelling : spellings(token)) {
    if (table.vocabulary().find(spelling) < 0) continue;
    throw Failure(fmt::format("the table {} has no token {}; it has {}", in_quotes(table.name()), in_quotes(token),
                              in_quotes(spelling)));
  }
  const auto first = table.vocabulary().key(0);
  throw Failure(fmt::format(
      "the table {} has no token {}{}", in_quotes(table.name()), in_quotes(token),
      first ? fmt::format("; it has {} others, such as {}", grouped(table.vocabulary().size()), in_quotes(*first))
            : std::string()));
}

std::int64_t row_of_id(const Table& table, std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw Failure(fmt::format("{} is no id: the keys of table {} are u64 ids, written in decimal", in_quotes(text),
                              in_quotes(table.name())));
  }
  return table.vocabulary().find(id);
}

}  // namespace

std::optional<Subwords> open_subwords(const TableChoice& choice) {
  if (!choice.name.empty()) return std::nullopt;
  auto model = Subwords::open(choice.file);
  if (!model) return std::nullopt;  // whoever opens it otherwise says why
  return *std::move(model);
}

Table open(const TableChoice& choice) {
  if (const auto model = open_subwords(choice)) return need(model->table(Threads::own()));
  return open_rows(choice);
}

Table open_rows(const TableChoice& choice) {
  return need(Table::open(choice.file, choice.name, {.sidecar = choice.sidecar, .threads = Threads::own()}));
}

std::uint64_t row_of(const Table& table, std::string_view token) {
  std::int64_t row = -1;
  switch (table.vocabulary().kind()) {
    case KeyKind::none:
      throw Failure(fmt::format("the rows of table {} have no keys; ask for them by number, with --row",
                                in_quotes(table.name())));
    case KeyKind::u64:
      row = row_of_id(table, token);
      if (row < 0) throw Failure(fmt::format("the table {} has no id {}", in_quotes(table.name()), token));
      break;
    case KeyKind::bytes:
      row = table.vocabulary().find(token);
      if (row < 0) unknown_token(table, token);
      break;
  }
  return static_cast<std::uint64_t>(row);
}

std::string label_of(const Table& table, std::uint64_t row) {
  if (const auto key = table.vocabulary().key(row)) return std::string(*key);
  if (const auto id = table.vocabulary().id(row)) return fmt::format("{}", *id);
  return fmt::format("{}", row);
}

}  // namespace rowan::tool
