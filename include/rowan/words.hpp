// Word vectors: nearest neighbours, analogies and the word2vec question sets, by exact cosine over all rows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/export.hpp"
#include "rowan/neighbor.hpp"
#include "rowan/status.hpp"
#include "rowan/table.hpp"
#include "rowan/threads.hpp"

namespace rowan {

/// One section of a question set, or all of it.
struct SectionScore {
  std::string name;
  std::uint64_t correct = 0;
  std::uint64_t answered = 0;  ///< questions whose four words are all in the vocabulary
  std::uint64_t skipped = 0;   ///< questions with an unknown word
};

struct EvaluateOptions {
  bool lower_case = true;  ///< fold A to Z in the questions; tokens are compared as they are
};

struct EvaluateReport {
  std::vector<SectionScore> sections;
  SectionScore total;
};

/// Cosine queries over a table with byte-string keys.
///
/// Queries use unit rows: each row is divided by its length. Rows of length zero and rows with a NaN or an
/// infinity have no direction: they are never an answer, and asking about one is an error. Of equal cosines
/// the lower row comes first. Copies share everything; any number of threads may ask.
class ROWAN_API WordVectors {
 public:
  /// Reads the table once, for the lengths of its rows.
  static Result<WordVectors> create(Table table, Threads threads = Threads::caller());

  WordVectors(const WordVectors&) = default;  // a move is a copy: none is ever without its table
  WordVectors& operator=(const WordVectors&) = default;
  ~WordVectors() = default;

  const Table& table() const noexcept;

  /// The k rows nearest to a token's, itself excluded; fewer where the table has fewer. Best first.
  Result<std::vector<Neighbor>> nearest(std::string_view token, std::size_t k) const;

  /// The k rows nearest to a - b + c (3CosAdd over unit rows), the three excluded. "king", "man", "woman" asks
  /// what is to woman as king is to man.
  Result<std::vector<Neighbor>> analogy(std::string_view a, std::string_view b, std::string_view c,
                                        std::size_t k) const;

  /// Answers a word2vec question set: lines ": section", and questions "a b c d", right when d is the
  /// nearest row to b - a + c. An Error names the line that has another form.
  Result<EvaluateReport> evaluate(std::string_view questions, const EvaluateOptions& options = {}) const;

 private:
  struct State;
  explicit WordVectors(std::shared_ptr<const State> state) noexcept;
  std::shared_ptr<const State> state_;
};

}  // namespace rowan
