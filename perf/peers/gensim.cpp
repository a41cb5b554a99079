#include "perf/peers/gensim.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <sstream>

#include "perf/session.hpp"

namespace rowan::perf {
namespace {

constexpr const char* say_version = "import gensim; print(gensim.__version__)";
constexpr const char* load_and_say = R"(
import sys, time
from gensim.models import KeyedVectors
path, kind, *rows = sys.argv[1:]
began = time.perf_counter()
vectors = KeyedVectors.load_word2vec_format(path, binary=kind == "binary").vectors
print(time.perf_counter() - began)
for row in rows:
    for word in vectors[int(row)].view("<u4"):
        print(word)
)";

/// What the program prints; empty where it could not be run or failed.
std::optional<std::string> output_of(std::vector<std::string> command) {
  int ends[2] = {};
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t process = 0;
  const int failed = ::posix_spawnp(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string printed;
  char buffer[65536];
  for (ssize_t got = 0; failed == 0 && (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    printed.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  if (failed != 0 || ::waitpid(process, &status, 0) < 0 || status != 0) return std::nullopt;
  return printed;
}

}  // namespace

std::optional<Gensim> Gensim::find(const std::string& python) {
  std::optional<std::string> version = output_of({python, "-c", say_version});
  if (!version) return std::nullopt;
  while (version->ends_with('\n')) version->pop_back();
  Gensim found;
  found.python_ = python;
  found.name_ = "gensim " + *version;
  return found;
}

Gensim::Loaded Gensim::load(const std::string& path, bool binary, std::span<const std::size_t> rows) const {
  std::vector<std::string> command = {python_, "-c", load_and_say, path, binary ? "binary" : "text"};
  for (const std::size_t row : rows) command.push_back(std::to_string(row));
  const std::optional<std::string> printed = output_of(std::move(command));
  if (!printed) fail("gensim could not load " + path);
  std::istringstream lines(*printed);
  Loaded loaded;
  lines >> loaded.seconds;
  for (std::uint32_t word = 0; lines >> word;) {
    float value = 0;
    std::memcpy(&value, &word, sizeof value);
    loaded.values.push_back(value);
  }
  return loaded;
}

}  // namespace rowan::perf
