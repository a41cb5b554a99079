// rowan eval: a question set, and its score.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "tools/commands.hpp"
#include "tools/failure.hpp"
#include "tools/json.hpp"
#include "tools/neighbors.hpp"
#include "tools/output.hpp"

namespace rowan::tool {

namespace {

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
