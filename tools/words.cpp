// rowan nearest, rowan analogy and rowan eval: questions to word vectors.
#include "rowan/words.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "tools/commands.hpp"
#include "tools/failure.hpp"
#include "tools/json.hpp"
#include "tools/output.hpp"
#include "tools/tokens.hpp"

namespace rowan::tool {
namespace {

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

/// Opens the table and makes sure that it has the tokens, before any row is read.
Table open_with(const TableChoice& choice, std::initializer_list<std::string_view> tokens) {
  need(Engine().status());
  Table table = open(choice);
  if (table.vocabulary().kind() != KeyKind::bytes) return table;  // the library refuses it by its own sentence
  for (const std::string_view token : tokens) row_of(table, token);
  return table;
}

std::string read_text(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  constexpr std::size_t most = 1'000'000'000;
  std::string text;
  char buffer[1 << 16];
  std::size_t count = 0;
  while (file && (count = std::fread(buffer, 1, sizeof buffer, file.get())) != 0) {
    text.append(buffer, count);
    if (text.size() > most) throw Failure(fmt::format("{} has more than 1 GB and is no set of questions", path));
  }
  if (!file || std::ferror(file.get()) != 0) {
    throw Failure(fmt::format("cannot read the questions in {}: {}", path, std::strerror(errno)));
  }
  return text;
}

void add_score(JsonWriter& json, const SectionScore& score) {
  json.begin_object()
      .field("name", std::string_view(score.name))
      .field("correct", score.correct)
      .field("answered", score.answered)
      .field("skipped", score.skipped)
      .end_object();
}

void print_score(std::string_view name, const SectionScore& score) {
  const std::string percent =
      score.answered == 0
          ? std::string("-")
          : fmt::format("{:.1f}%", 100.0 * static_cast<double>(score.correct) / static_cast<double>(score.answered));
  print("{:<30} {:>6} of {:>6} {:>7}   {:>6} skipped\n", name, score.correct, score.answered, percent, score.skipped);
}

}  // namespace

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

void eval(const EvalArguments& arguments) {
  const Table table = open_with(arguments.table, {});
  const std::string questions = read_text(arguments.questions);
  const WordVectors words = need(WordVectors::create(table, arguments.threads));
  const EvaluateReport report = need(words.evaluate(questions, {.lower_case = !arguments.keep_case}));
  if (arguments.json) {
    JsonWriter json;
    json.begin_object().key("sections").begin_array();
    for (const SectionScore& section : report.sections) add_score(json, section);
    json.end_array().key("total");
    add_score(json, report.total);
    json.end_object();
    print("{}\n", json.text());
    return;
  }
  for (const SectionScore& section : report.sections) {
    print_score(section.name.empty() ? std::string("(no section)") : printable(section.name), section);
  }
  print("total: {} of {} correct; {} of {} questions skipped for a word that is not in the table\n",
        report.total.correct, report.total.answered, report.total.skipped,
        report.total.answered + report.total.skipped);
}

}  // namespace rowan::tool
