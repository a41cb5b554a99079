// The file is taken as events: duplicate keys show, and a hostile one is refused at the first that does not belong.
// What tokens do not need is passed without being kept.
#include "engine/formats/tokenizer.hpp"

#include <array>
#include <optional>
#include <utility>

#include "engine/support/bytes.hpp"
#include "engine/support/error.hpp"
#include "engine/support/json.hpp"

namespace rowan::detail {
namespace {

constexpr int max_tokenizer_nesting = 64;  ///< of objects and arrays; real files have less than ten

struct Token {
  std::string text;
  std::uint64_t id = 0;
};

/// Events of the JSON parser: model.type, model.vocab and added_tokens are taken, all else is passed.
class TokenizerEvents final : public JsonEvents {
 public:
  std::optional<std::string> model_type;
  std::vector<Token> vocabulary;
  std::vector<Token> added;
  bool vocabulary_is_list = false;
  bool seen_vocabulary = false;
  std::optional<std::string> problem;

  bool null() override { return scalar("null"); }
  bool boolean(bool) override { return scalar("a boolean"); }
  bool number(double, const std::string& digits) override { return other_number(next(), digits); }
  bool number(std::int64_t value) override { return other_number(next(), std::to_string(value)); }
  bool number(std::uint64_t id) override {
    const Value value = next();
    if (value != Value::id) return other_number(value, {});
    (place_ == Place::vocabulary_map ? vocabulary : added).back().id = id;
    return true;
  }
  bool string(std::string& text) override {
    switch (next()) {
      case Value::ignored:
        return true;
      case Value::type:
        model_type = std::move(text);
        return true;
      case Value::text:
        (place_ == Place::pair ? vocabulary : added).back().text = std::move(text);
        return true;
      default:
        return misplaced("a string");
    }
  }

  bool start_object() override {
    const Value value = next();
    if (value == Value::ignored) return pass();
    if (value == Value::root) return enter(Place::root);
    if (value == Value::model) return enter(Place::model);
    if (value == Value::vocabulary) return enter(Place::vocabulary_map);
    if (value != Value::added_token) return misplaced("an object");
    added.emplace_back();
    seen_id_ = seen_text_ = false;
    return enter(Place::added_token);
  }
  bool start_array() override {
    const Value value = next();
    if (value == Value::ignored) return pass();
    if (value == Value::added) return enter(Place::added);
    if (value == Value::vocabulary) {
      vocabulary_is_list = true;
      return enter(Place::vocabulary_list);
    }
    if (value != Value::pair) return misplaced("an array");
    const std::uint64_t id = vocabulary.size();
    vocabulary.push_back({{}, id});
    pair_values_ = 0;
    return enter(Place::pair);
  }
  bool key(std::string& name) override {
    if (passing_ > 0) return true;
    if (place_ == Place::vocabulary_map) {
      vocabulary.push_back({std::move(name), 0});
      return expect(Value::id);
    }
    if (place_ == Place::root && name == "model") return once(seen_model_, name, Value::model);
    if (place_ == Place::root && name == "added_tokens") return once(seen_added_, name, Value::added);
    if (place_ == Place::model && name == "type") return once(seen_type_, name, Value::type);
    if (place_ == Place::model && name == "vocab") return once(seen_vocabulary, name, Value::vocabulary);
    if (place_ == Place::added_token && name == "id") return once(seen_id_, name, Value::id);
    if (place_ == Place::added_token && name == "content") return once(seen_text_, name, Value::text);
    return expect(Value::ignored);
  }
  bool end_object() override {
    if (place_ == Place::added_token && passing_ == 0 && !(seen_id_ && seen_text_)) {
      return refuse("one of its added_tokens lacks id or content");
    }
    return leave();
  }
  bool end_array() override {
    if (place_ == Place::pair && passing_ == 0 && pair_values_ != 2) {
      return refuse(concat("entry ", vocabulary.size() - 1, " of its vocab is not a token and its score"));
    }
    return leave();
  }
  void not_json(std::size_t byte) override { refuse(concat("it is not JSON at byte ", byte)); }

 private:
  /// The innermost object or array that is not passed.
  enum class Place { outside, root, model, vocabulary_map, vocabulary_list, pair, added, added_token };
  /// What the next value is.
  enum class Value { ignored, nothing, root, model, type, vocabulary, id, pair, text, score, added, added_token };

  static Place around(Place place) {
    switch (place) {
      case Place::model:
      case Place::added:
        return Place::root;
      case Place::vocabulary_map:
      case Place::vocabulary_list:
        return Place::model;
      case Place::pair:
        return Place::vocabulary_list;
      case Place::added_token:
        return Place::added;
      default:
        return Place::outside;
    }
  }

  Value next() {
    if (passing_ > 0) return Value::ignored;
    switch (place_) {
      case Place::outside:
        return Value::root;
      case Place::vocabulary_list:
        return Value::pair;
      case Place::added:
        return Value::added_token;
      case Place::pair: {
        constexpr std::array values = {Value::text, Value::score};
        const std::size_t at = pair_values_++;
        return at < values.size() ? values[at] : Value::nothing;
      }
      default:
        return expected_;
    }
  }
  bool expect(Value value) {
    expected_ = value;
    return true;
  }
  bool once(bool& seen, std::string_view name, Value value) {
    if (std::exchange(seen, true)) return refuse(concat("it has ", name, " twice in the same object"));
    return expect(value);
  }
  bool deeper() {
    if (++nesting_ > max_tokenizer_nesting)
      return refuse(concat("it is more than ", max_tokenizer_nesting, " objects and arrays deep"));
    return true;
  }
  bool pass() {
    ++passing_;
    return deeper();
  }
  bool enter(Place place) {
    place_ = place;
    return deeper();
  }
  bool leave() {
    --nesting_;
    if (passing_ > 0) {
      --passing_;
    } else {
      place_ = around(place_);
    }
    return true;
  }
  bool scalar(std::string_view what) { return next() == Value::ignored || misplaced(what); }
  bool other_number(Value value, std::string_view not_an_id) {
    if (value == Value::ignored || value == Value::score) return true;
    if (value == Value::id) return refuse(concat("the id ", not_an_id, " is not an unsigned 64-bit integer"));
    return misplaced("a number");
  }
  bool misplaced(std::string_view what) {
    constexpr std::array<std::string_view, 8> names = {
        "it", "it", "its model", "its vocab", "its vocab", "its vocab", "its added_tokens", "its added_tokens"};
    return refuse(concat(what, " stands in ", names[static_cast<std::size_t>(place_)], " where a tokenizer has none"));
  }
  bool refuse(std::string what) {
    problem = std::move(what);
    return false;
  }

  Place place_ = Place::outside;
  Value expected_ = Value::ignored;
  int nesting_ = 0;
  int passing_ = 0;  ///< objects and arrays open that are passed
  std::size_t pair_values_ = 0;
  bool seen_model_ = false;
  bool seen_added_ = false;
  bool seen_type_ = false;
  bool seen_id_ = false;
  bool seen_text_ = false;
};

/// Puts tokens in their places by id; each of a place of its own, but that an added one may repeat what is there.
class Places {
 public:
  /// No id may reach `most`, the number of tokens that there are at most.
  explicit Places(std::uint64_t most) : tokens_(most), taken_(most) {}

  /// The problem, where there is one.
  std::optional<std::string> put(Token& token, bool may_repeat) {
    if (token.id >= tokens_.size()) {
      return concat("token ", in_quotes(token.text), " has the id ", token.id, ", and there are only ", tokens_.size(),
                    " tokens");
    }
    std::string& place = tokens_[token.id];
    if (taken_[token.id]) {
      if (may_repeat && place == token.text) return std::nullopt;
      return concat("tokens ", in_quotes(place), " and ", in_quotes(token.text), " have the same id, ", token.id);
    }
    place = std::move(token.text);
    taken_[token.id] = true;
    ++count_;
    return std::nullopt;
  }

  /// The first id below the greatest that no token has.
  std::optional<std::uint64_t> gap() const {
    for (std::uint64_t id = 0; id < count_; ++id) {
      if (!taken_[id]) return id;
    }
    return std::nullopt;
  }

  std::vector<std::string> tokens() && {
    tokens_.resize(count_);
    return std::move(tokens_);
  }

 private:
  std::vector<std::string> tokens_;
  std::vector<bool> taken_;
  std::uint64_t count_ = 0;
};

/// Whether models of the type have their vocabulary as a list, or else by tokens; empty for an unknown type.
std::optional<bool> has_list(std::string_view model_type) {
  if (model_type == "Unigram") return true;
  if (model_type == "WordPiece" || model_type == "BPE" || model_type == "WordLevel") return false;
  return std::nullopt;
}

}  // namespace

Result<std::vector<std::string>> read_tokens(std::span<const std::byte> json, const std::string& path) {
  const auto refused = [&](std::string_view why, Code code = Code::malformed_file) {
    return make_error(code, path, ": its tokenizer.json is refused: ", why);
  };
  const std::string_view text = as_text(json);
  TokenizerEvents events;
  if (!parse_json(text, events)) return refused(*events.problem);
  if (events.model_type) {
    const auto list = has_list(*events.model_type);
    if (!list) {
      return refused(concat("its model is of the type ", in_quotes(*events.model_type),
                            "; WordPiece, BPE, WordLevel and Unigram are read"),
                     Code::format_unsupported);
    }
    if (events.seen_vocabulary && *list != events.vocabulary_is_list) {
      return refused(concat("its vocab is not what its model has, ", *events.model_type));
    }
  }
  if (!events.seen_vocabulary) return refused("it has no model.vocab");
  Places places(events.vocabulary.size() + events.added.size());
  for (Token& token : events.vocabulary) {
    if (const auto problem = places.put(token, false)) return refused(*problem);
  }
  for (Token& token : events.added) {
    if (const auto problem = places.put(token, true)) return refused(*problem);
  }
  if (const auto gap = places.gap())
    return refused(concat("no token has the id ", *gap, ", and some have greater ones"));
  return std::move(places).tokens();
}

}  // namespace rowan::detail
