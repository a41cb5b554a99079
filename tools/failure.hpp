// How a command ends early: main() prints the sentence and exits with the code.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "rowan/status.hpp"

namespace rowan::tool {

/// The operation failed: exit code 1.
class Failure : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The command line asks for something that makes no sense: exit code 2.
class WrongUsage : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The value, or a Failure with the library's sentence.
template <class T>
T need(Result<T> result) {
  if (!result) throw Failure(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// The same for a call that writes a file: says how an existing one is replaced.
template <class T>
T need_written(Result<T> result, const std::string& target) {
  if (!result && result.error().code == Code::already_exists) {
    throw Failure(target + " exists already; --force replaces it");
  }
  return need(std::move(result));
}

inline void need(const Status& status) {
  if (!status) throw Failure(status.message());
}

}  // namespace rowan::tool
