#include <utility>

#include "engine/support/error.hpp"
#include "engine/words/state.hpp"
#include "simd/dispatch.hpp"

namespace rowan {
namespace {

Code code_of(simd::Choice choice) noexcept {
  if (choice == simd::Choice::ok) return Code::ok;
  return choice == simd::Choice::unknown_name ? Code::isa_unknown : Code::isa_unsupported;
}

Error no_direction(std::string_view token) {
  return detail::make_error(Code::invalid_argument, "the row of \"", token,
                            "\" has no direction: a query needs a row of finite values that are not all zero");
}

}  // namespace

Result<std::uint64_t> WordVectors::State::row_of(std::string_view token) const {
  const std::int64_t row = table.vocabulary().find(token);
  if (row >= 0) return static_cast<std::uint64_t>(row);
  return detail::make_error(Code::not_found, "the table \"", table.name(), "\" has no token \"", token, "\"");
}

std::optional<detail::UnitQuery> WordVectors::State::analogy(std::uint64_t a, std::uint64_t b, std::uint64_t c) const {
  auto sum = rows.unit_row(a);
  const auto minus = rows.unit_row(b);
  const auto plus = rows.unit_row(c);
  if (!sum || !minus || !plus) return std::nullopt;
  for (std::size_t i = 0; i < sum->size(); ++i) (*sum)[i] = (*sum)[i] - (*minus)[i] + (*plus)[i];
  auto unit = detail::normalized(*sum);
  if (!unit) return std::nullopt;
  return detail::UnitQuery{std::move(*unit), {a, b, c}};
}

WordVectors::WordVectors(std::shared_ptr<const State> state) noexcept : state_(std::move(state)) {}

Result<WordVectors> WordVectors::create(Table table, Threads threads) {
  return detail::guarded([&]() -> Result<WordVectors> {
    const simd::Selection selection = simd::select_kernels_from_environment();
    const Status isa{.code = code_of(selection.choice)};
    if (!isa) return Error{isa.code, isa.message()};
    if (table.vocabulary().kind() != KeyKind::bytes) {
      return detail::make_error(Code::keys_kind, "the table \"", table.name(), "\" has ",
                                table.vocabulary().kind() == KeyKind::none ? "no keys" : "u64 ids as keys",
                                "; word queries need one whose rows have tokens");
    }
    if (table.vocabulary().size() != table.rows()) {  // rows of n-grams, of padding
      return detail::make_error(Code::keys_size, "the table \"", table.name(), "\" has ", table.vocabulary().size(),
                                " tokens and ", table.rows(), " rows; word queries need one whose rows all have a ",
                                "token: convert it");
    }
    auto state = std::make_shared<State>(std::move(table), *selection.kernels, threads);
    if (auto measured = state->rows.measure(); !measured) return measured.error();
    return WordVectors(std::move(state));
  });
}

const Table& WordVectors::table() const noexcept { return state_->table; }

Result<std::vector<Neighbor>> WordVectors::nearest(std::string_view token, std::size_t k) const {
  return detail::guarded([&]() -> Result<std::vector<Neighbor>> {
    const auto row = state_->row_of(token);
    if (!row) return row.error();
    const auto exact = state_->rows.unit_row(*row);
    if (!exact) return no_direction(token);
    const detail::UnitQuery query{{exact->begin(), exact->end()}, {*row}};
    auto answers = state_->rows.search({&query, 1}, k);
    if (!answers) return answers.error();
    return std::move(answers->front());
  });
}

Result<std::vector<Neighbor>> WordVectors::analogy(std::string_view a, std::string_view b, std::string_view c,
                                                   std::size_t k) const {
  return detail::guarded([&]() -> Result<std::vector<Neighbor>> {
    std::uint64_t rows[3];
    const std::string_view tokens[3] = {a, b, c};
    for (int i = 0; i < 3; ++i) {
      const auto row = state_->row_of(tokens[i]);
      if (!row) return row.error();
      if (!state_->rows.unit_row(*row)) return no_direction(tokens[i]);
      rows[i] = *row;
    }
    const auto query = state_->analogy(rows[0], rows[1], rows[2]);
    if (!query) {
      return detail::make_error(Code::invalid_argument, "the unit rows of \"", a, "\" - \"", b, "\" + \"", c,
                                "\" cancel out, so nothing is near to their sum");
    }
    auto answers = state_->rows.search({&*query, 1}, k);
    if (!answers) return answers.error();
    return std::move(answers->front());
  });
}

}  // namespace rowan
