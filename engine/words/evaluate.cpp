// The word2vec question format and its score.
#include <algorithm>
#include <array>
#include <utility>

#include "engine/support/error.hpp"
#include "engine/words/state.hpp"

namespace rowan {
namespace {

// Questions answered in one pass over the table. Their unit vectors (300 KiB at dim 300) stay in cache, and the
// table is read once for all of them.
constexpr std::size_t batch_size = 256;

constexpr std::string_view spaces = " \t\v\f\r";

struct Question {
  std::uint64_t rows[4];
  std::size_t section;
};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

/// Words of a line: up to four of them, and how many there are.
std::size_t split(std::string_view line, std::array<std::string_view, 4>& words) {
  std::size_t count = 0;
  while (!(line = trimmed(line)).empty()) {
    const std::string_view word = line.substr(0, line.find_first_of(spaces));
    if (count < words.size()) words[count] = word;
    ++count;
    line.remove_prefix(word.size());
  }
  return count;
}

std::string folded(std::string_view word, bool lower_case) {
  std::string text(word);
  if (!lower_case) return text;
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// The sections of a question set and those of its questions whose words are all known.
struct QuestionSet {
  std::vector<SectionScore> sections;
  std::vector<Question> questions;

  Result<void> add_line(std::string_view line, std::uint64_t number, const Vocabulary& vocabulary, bool lower_case);
};

Result<void> QuestionSet::add_line(std::string_view line, std::uint64_t number, const Vocabulary& vocabulary,
                                   bool lower_case) {
  line = trimmed(line);
  if (line.empty()) return {};
  if (line.front() == ':') {
    sections.push_back({.name = std::string(trimmed(line.substr(1)))});
    return {};
  }
  std::array<std::string_view, 4> words;
  const std::size_t count = split(line, words);
  if (count != words.size()) {
    return detail::make_error(Code::malformed_file, "line ", number, " of the questions has ", count,
                              count == 1 ? " word" : " words",
                              " where a question has four, \"a b c d\", and a section starts with \": name\"");
  }
  if (sections.empty()) sections.emplace_back();  // questions before the first section line

  Question question{.rows = {}, .section = sections.size() - 1};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::int64_t row = vocabulary.find(folded(words[i], lower_case));
    if (row < 0) {
      ++sections.back().skipped;
      return {};
    }
    question.rows[i] = static_cast<std::uint64_t>(row);
  }
  ++sections.back().answered;
  questions.push_back(question);
  return {};
}

Result<QuestionSet> parse(std::string_view text, const Vocabulary& vocabulary, bool lower_case) {
  QuestionSet set;
  for (std::uint64_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (auto added = set.add_line(line, number, vocabulary, lower_case); !added) return added.error();
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return set;
}

}  // namespace

Result<EvaluateReport> WordVectors::evaluate(std::string_view questions, const EvaluateOptions& options) const {
  return detail::guarded([&]() -> Result<EvaluateReport> {
    auto set = parse(questions, state_->table.vocabulary(), options.lower_case);
    if (!set) return set.error();

    std::vector<detail::UnitQuery> queries;
    std::vector<const Question*> asked;
    const std::span<const Question> all = set->questions;
    for (std::size_t first = 0; first < all.size(); first += batch_size) {
      queries.clear();
      asked.clear();
      for (const Question& question : all.subspan(first, std::min(batch_size, all.size() - first))) {
        const auto [a, b, c, d] = question.rows;
        auto query = state_->analogy(b, a, c);
        if (!query) continue;  // a word without direction: answered by nothing, so wrongly
        queries.push_back(std::move(*query));
        asked.push_back(&question);
      }
      const auto answers = state_->rows.search(queries, 1);
      if (!answers) return answers.error();
      for (std::size_t q = 0; q < asked.size(); ++q) {
        const std::vector<Neighbor>& best = (*answers)[q];
        if (!best.empty() && best.front().row == asked[q]->rows[3]) ++set->sections[asked[q]->section].correct;
      }
    }

    EvaluateReport report{.sections = std::move(set->sections), .total = {.name = "total"}};
    for (const SectionScore& section : report.sections) {
      report.total.correct += section.correct;
      report.total.answered += section.answered;
      report.total.skipped += section.skipped;
    }
    return report;
  });
}

}  // namespace rowan
