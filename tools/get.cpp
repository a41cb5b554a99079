// rowan get: rows as text.
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/commands.hpp"
#include "tools/engine.hpp"
#include "tools/failure.hpp"
#include "tools/json.hpp"
#include "tools/output.hpp"
#include "tools/tokens.hpp"

namespace rowan::tool {
namespace {

/// A row, or the vector of a word that has none.
struct Answer {
  std::string label;
  std::optional<std::uint64_t> row = {};
  std::optional<std::string> token = {};
  std::optional<std::uint64_t> id = {};
  std::vector<float> values = {};
};

void print_json_row(const Answer& answer) {
  JsonWriter json;
  json.begin_object();
  if (answer.row) json.field("row", *answer.row);
  if (answer.token) json.token(*answer.token);
  if (answer.id) json.field("id", *answer.id);
  json.field("values", std::span<const float>(answer.values)).end_object();
  write(json.text());
}

void print_text_row(std::string_view label, std::span<const float> values) {
  std::string line(label);
  // Shortest digits that give the same f32 back.
  for (const float value : values) fmt::format_to(std::back_inserter(line), " {}", value);
  line += '\n';
  write(line);
}

[[noreturn]] void no_such_row(std::uint64_t row, std::string_view where, std::uint64_t rows) {
  throw Failure(fmt::format("there is no row {} in {}, which has {} rows, numbered from 0", row, where, rows));
}

/// The vectors of words, known or not, and of words by their numbers.
std::vector<Answer> answers_of(const Subwords& model, const GetArguments& arguments) {
  const Engine engine;
  need(engine);
  std::vector<Answer> answers;
  const auto add = [&](const std::string& word, std::string label) {
    Answer answer{.label = std::move(label), .token = word, .values = std::vector<float>(model.dim())};
    const std::int64_t row = model.find(word);
    if (row >= 0) answer.row = static_cast<std::uint64_t>(row);
    std::vector<std::int64_t> rows;
    need(model.rows_of(word, rows));
    if (rows.empty())
      throw Failure(fmt::format("the model has neither the token {} nor n-grams of it", in_quotes(word)));
    const std::string_view words[] = {word};
    need(model.vectors(engine, words, answer.values));
    answers.push_back(std::move(answer));
  };
  for (const std::string& token : arguments.tokens) add(token, token);
  for (const std::uint64_t row : arguments.rows) {
    const auto word = model.word(row);
    if (!word) no_such_row(row, "the model's vocabulary", model.words());
    add(std::string(*word), fmt::format("{}", row));
    answers.back().row = row;
  }
  return answers;
}

std::vector<Answer> answers_of(const Table& table, const GetArguments& arguments) {
  const Engine engine;
  need(engine);
  std::vector<Answer> answers;
  const auto add = [&](std::uint64_t row, std::string label) {
    Answer answer{.label = std::move(label), .row = row, .values = std::vector<float>(table.dim())};
    if (const auto key = table.vocabulary().key(row)) answer.token = *key;
    answer.id = table.vocabulary().id(row);
    const auto index = static_cast<std::int64_t>(row);
    need(engine.embedding(table, std::span(&index, 1), answer.values));
    answers.push_back(std::move(answer));
  };
  for (const std::string& token : arguments.tokens) add(row_of(table, token), token);
  for (const std::uint64_t row : arguments.rows) {
    if (row >= table.rows()) no_such_row(row, fmt::format("table {}", in_quotes(table.name())), table.rows());
    add(row, fmt::format("{}", row));
  }
  return answers;
}

}  // namespace

void get(const GetArguments& arguments) {
  const auto model = open_subwords(arguments.table);
  // All are looked up before anything is printed: an unknown token leaves no half answer.
  const std::vector<Answer> answers =
      model ? answers_of(*model, arguments) : answers_of(open_rows(arguments.table), arguments);
  if (arguments.json) write("[");
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!arguments.json) {
      print_text_row(answers[i].label, answers[i].values);
      continue;
    }
    if (i != 0) write(",");
    print_json_row(answers[i]);
  }
  if (arguments.json) write("]\n");
}

}  // namespace rowan::tool
