// One list of all hyper-parameters serves for writing and reading.
#include "engine/training/optimizer_text.hpp"

#include <array>
#include <charconv>
#include <system_error>
#include <variant>
#include <vector>

#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

/// The algorithms with their names, in the order of the variant.
struct Named {
  std::string_view name;
  Algorithm algorithm;
};
constexpr std::array algorithms = {
    Named{"sgd", Sgd{}},   Named{"adagrad", Adagrad{}},           Named{"row_wise_adagrad", RowWiseAdagrad{}},
    Named{"adam", Adam{}}, Named{"row_wise_adam", RowWiseAdam{}}, Named{"rms_prop", RmsProp{}},
    Named{"ftrl", Ftrl{}},
};
static_assert(algorithms.size() == std::variant_size_v<Algorithm>);
// Who adds a hyper-parameter adds it to fields_of() as well.
static_assert(sizeof(Sgd) == 20 && sizeof(Adagrad) == 24 && sizeof(RowWiseAdagrad) == 20 && sizeof(Adam) == 24 &&
              sizeof(RowWiseAdam) == 24 && sizeof(RmsProp) == 20 && sizeof(Ftrl) == 28 &&
              sizeof(OptimizerOptions) == 16);

constexpr std::array<std::string_view, 2> truths = {"false", "true"};
constexpr std::array<std::string_view, 2> roundings = {"nearest", "stochastic"};

struct Field {
  std::string_view name;
  std::variant<float*, bool*, Rounding*, std::uint64_t*> value;
};

std::vector<Field> fields_of(HyperParameters& all) {
  std::vector<Field> fields;
  const auto add = [&](auto& algorithm) {
    fields.push_back({"lr", &algorithm.lr});
    if constexpr (requires { algorithm.lr_decay; }) fields.push_back({"lr_decay", &algorithm.lr_decay});
    if constexpr (requires { algorithm.momentum; }) fields.push_back({"momentum", &algorithm.momentum});
    if constexpr (requires { algorithm.nesterov; }) fields.push_back({"nesterov", &algorithm.nesterov});
    if constexpr (requires { algorithm.alpha; }) fields.push_back({"alpha", &algorithm.alpha});
    if constexpr (requires { algorithm.beta; }) fields.push_back({"beta", &algorithm.beta});
    if constexpr (requires { algorithm.beta1; }) fields.push_back({"beta1", &algorithm.beta1});
    if constexpr (requires { algorithm.beta2; }) fields.push_back({"beta2", &algorithm.beta2});
    if constexpr (requires { algorithm.eps; }) fields.push_back({"eps", &algorithm.eps});
    if constexpr (requires { algorithm.l1; }) fields.push_back({"l1", &algorithm.l1});
    if constexpr (requires { algorithm.l2; }) fields.push_back({"l2", &algorithm.l2});
    if constexpr (requires { algorithm.initial_accumulator_value; }) {
      fields.push_back({"initial_accumulator_value", &algorithm.initial_accumulator_value});
    }
    fields.push_back({"weight_decay", &algorithm.weight_decay.rate});
    fields.push_back({"decoupled", &algorithm.weight_decay.decoupled});
  };
  std::visit(add, all.algorithm);
  fields.push_back({"rounding", &all.options.rounding});
  fields.push_back({"seed", &all.options.seed});
  return fields;
}

struct Print {
  std::string operator()(const float* value) const { return concat(*value); }
  std::string operator()(const std::uint64_t* value) const { return concat(*value); }
  std::string operator()(const bool* value) const { return std::string(truths[*value ? 1 : 0]); }
  std::string operator()(const Rounding* value) const {
    return std::string(roundings[*value == Rounding::stochastic ? 1 : 0]);
  }
};

/// Whether the text is a value, which is then stored.
struct Parse {
  std::string_view text;

  template <class Number>
  bool operator()(Number* value) const {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, *value);
    return error == std::errc() && stop == end;
  }
  bool operator()(bool* value) const {
    *value = text == truths[1];
    return *value || text == truths[0];
  }
  bool operator()(Rounding* value) const {
    *value = text == roundings[1] ? Rounding::stochastic : Rounding::nearest;
    return text == roundings[0] || text == roundings[1];
  }
};

/// Takes off what is before the next space, and the space.
std::string_view next_word(std::string_view& text) noexcept {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size() < text.size() ? word.size() + 1 : word.size());
  return word;
}

}  // namespace

std::string to_text(HyperParameters parameters) {
  std::string text(algorithms[parameters.algorithm.index()].name);
  for (const Field& field : fields_of(parameters)) {
    text += concat(" ", field.name, "=", std::visit(Print(), field.value));
  }
  return text;
}

Result<HyperParameters> parse_hyper_parameters(std::string_view text) {
  const std::string_view name = next_word(text);
  HyperParameters parameters;
  bool known = false;
  for (const Named& candidate : algorithms) {
    if (candidate.name != name) continue;
    parameters.algorithm = candidate.algorithm;
    known = true;
  }
  if (!known) return make_error(Code::format_unsupported, "there is no optimizer '", name, "' in this Rowan");
  for (const Field& field : fields_of(parameters)) {
    const std::string_view word = next_word(text);
    const std::size_t equals = word.find('=');
    if (word.substr(0, equals) != field.name) {
      return make_error(Code::malformed_file, "of ", name, " there is '", word, "' where ", field.name,
                        " is expected: each hyper-parameter stands once, in its order");
    }
    if (equals == std::string_view::npos || !std::visit(Parse{word.substr(equals + 1)}, field.value)) {
      return make_error(Code::malformed_file, "'", word, "' is no value of ", field.name);
    }
  }
  if (!text.empty()) return make_error(Code::malformed_file, "of ", name, " there is '", text, "' too much");
  return parameters;
}

}  // namespace rowan::detail
