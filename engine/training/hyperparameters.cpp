#include "engine/training/hyperparameters.hpp"

#include <cmath>
#include <limits>

#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

/// A hyper-parameter and where it has to be.
struct Range {
  std::string_view name;
  float value;
  float least = 0.0F;
  bool below_one = false;
  bool positive = false;

  bool holds() const noexcept {
    return std::isfinite(value) && value >= least && !(below_one && value >= 1.0F) && !(positive && value == 0.0F);
  }
  std::string_view accepted() const noexcept {
    if (below_one) return "in [0, 1)";
    return positive ? "finite and greater than 0" : "finite and at least 0";
  }
};

std::optional<Error> check(std::string_view algorithm, std::initializer_list<Range> ranges) {
  for (const Range& range : ranges) {
    if (range.holds()) continue;
    return make_error(Code::invalid_argument, algorithm, "'s ", range.name, " is ", range.value, "; it must be ",
                      range.accepted());
  }
  return std::nullopt;
}

}  // namespace

StateKinds state_of(const Algorithm& algorithm) noexcept {
  return std::visit(Overloaded{
                        [](const Sgd& a) {
                          return a.momentum != 0.0F ? StateKinds{{{"momentum_buffer"}}, 1} : StateKinds{};
                        },
                        [](const Adagrad& a) {
                          return StateKinds{{{"sum", false, a.initial_accumulator_value}}, 1};
                        },
                        [](const RowWiseAdagrad& a) {
                          return StateKinds{{{"sum", true, a.initial_accumulator_value}}, 1};
                        },
                        [](const Adam&) {
                          return StateKinds{{{"exp_avg"}, {"exp_avg_sq"}}, 2};
                        },
                        [](const RowWiseAdam&) {
                          return StateKinds{{{"exp_avg"}, {"exp_avg_sq", true}}, 2};
                        },
                        [](const RmsProp&) {
                          return StateKinds{{{"square_avg"}}, 1};
                        },
                        [](const Ftrl& a) {
                          return StateKinds{{{"accumulator", false, a.initial_accumulator_value}, {"linear"}}, 2};
                        },
                    },
                    algorithm);
}

std::string_view algorithm_name(const Algorithm& algorithm) noexcept {
  constexpr std::string_view names[] = {"Sgd", "Adagrad", "RowWiseAdagrad", "Adam", "RowWiseAdam", "RmsProp", "Ftrl"};
  return names[algorithm.index()];
}

std::optional<Error> check_algorithm(const Algorithm& algorithm) {
  const std::string_view name = algorithm_name(algorithm);
  return std::visit(
      [&](const auto& a) -> std::optional<Error> {
        if (auto error = check(name, {{"lr", a.lr, 0.0F, false, std::holds_alternative<Ftrl>(algorithm)},
                                      {"weight_decay", a.weight_decay.rate}})) {
          return error;
        }
        using T = std::decay_t<decltype(a)>;
        if constexpr (std::is_same_v<T, Sgd>) {
          if (a.nesterov && a.momentum == 0.0F) {
            return make_error(Code::invalid_argument, "nesterov needs a momentum greater than 0");
          }
          return check(name, {{"momentum", a.momentum}});
        } else if constexpr (std::is_same_v<T, Adagrad>) {
          return check(
              name,
              {{"lr_decay", a.lr_decay}, {"eps", a.eps}, {"initial_accumulator_value", a.initial_accumulator_value}});
        } else if constexpr (std::is_same_v<T, RowWiseAdagrad>) {
          return check(name, {{"eps", a.eps}, {"initial_accumulator_value", a.initial_accumulator_value}});
        } else if constexpr (std::is_same_v<T, RmsProp>) {
          return check(name, {{"alpha", a.alpha}, {"eps", a.eps}});
        } else if constexpr (std::is_same_v<T, Ftrl>) {
          return check(name, {{"beta", a.beta},
                              {"l1", a.l1},
                              {"l2", a.l2},
                              {"initial_accumulator_value", a.initial_accumulator_value}});
        } else {
          return check(name, {{"beta1", a.beta1, 0.0F, true}, {"beta2", a.beta2, 0.0F, true}, {"eps", a.eps}});
        }
      },
      algorithm);
}

bool good_learning_rate(const Algorithm& algorithm, float lr) noexcept {
  return Range{"lr", lr, 0.0F, false, std::holds_alternative<Ftrl>(algorithm)}.holds();
}

float learning_rate(const Algorithm& algorithm) noexcept {
  return std::visit([](const auto& a) { return a.lr; }, algorithm);
}

simd::Step step_of(const Algorithm& algorithm) noexcept {
  if (const Sgd* sgd = std::get_if<Sgd>(&algorithm)) {
    return sgd->momentum == 0.0F ? simd::Step::sgd : sgd->nesterov ? simd::Step::nesterov : simd::Step::momentum;
  }
  constexpr simd::Step steps[] = {simd::Step::sgd,  simd::Step::adagrad,       simd::Step::row_wise_adagrad,
                                  simd::Step::adam, simd::Step::row_wise_adam, simd::Step::rms_prop,
                                  simd::Step::ftrl};
  return steps[algorithm.index()];
}

simd::StepFactors factors_of(const Algorithm& algorithm, std::uint64_t step, float lr) noexcept {
  simd::StepFactors f{.scale = 1.0F,
                      .clip = std::numeric_limits<float>::infinity(),
                      .keep = 1.0F,
                      .l2 = 0.0F,
                      .lr = lr,
                      .eps = 0.0F,
                      .a = 0.0F,
                      .b = 0.0F,
                      .c = 0.0F};
  const double rate = lr;
  const WeightDecay decay = std::visit([](const auto& a) { return a.weight_decay; }, algorithm);
  if (decay.decoupled) {
    f.keep = static_cast<float>(1.0 - rate * static_cast<double>(decay.rate));
  } else {
    f.l2 = decay.rate;
  }
  const auto less = [](float x) { return static_cast<float>(1.0 - static_cast<double>(x)); };
  const auto adam = [&](float beta1, float beta2, float eps) {
    const auto t = static_cast<double>(step);
    const double correction_1 = 1.0 - std::pow(static_cast<double>(beta1), t);
    const double correction_2 = 1.0 - std::pow(static_cast<double>(beta2), t);
    f.lr = static_cast<float>(rate * std::sqrt(correction_2) / correction_1);
    f.eps = eps;
    f.a = less(beta1);
    f.b = less(beta2);
  };
  std::visit(
      Overloaded{
          [&](const Sgd& a) { f.a = a.momentum; },
          [&](const Adagrad& a) {
            f.lr = static_cast<float>(rate / (1.0 + static_cast<double>(step - 1) * static_cast<double>(a.lr_decay)));
            f.eps = a.eps;
          },
          [&](const RowWiseAdagrad& a) { f.eps = a.eps; },
          [&](const Adam& a) { adam(a.beta1, a.beta2, a.eps); },
          [&](const RowWiseAdam& a) { adam(a.beta1, a.beta2, a.eps); },
          [&](const RmsProp& a) {
            f.eps = a.eps;
            f.a = a.alpha;
            f.b = less(a.alpha);
          },
          [&](const Ftrl& a) {
            f.a = a.beta;
            f.b = a.l1;
            f.c = a.l2;
          },
      },
      algorithm);
  return f;
}

}  // namespace rowan::detail
