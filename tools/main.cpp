// The rowan command: runs what the command line asks for and turns failures into sentences and exit codes.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>

#include "tools/cli.hpp"
#include "tools/failure.hpp"
#include "tools/output.hpp"

namespace {

constexpr int failed = 1;
constexpr int wrong_usage = 2;

/// Gives every standard stream that the caller closed a descriptor that refuses, so that no file opened later
/// gets its number and our text.
void occupy_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    const int opened = ::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    static_cast<void>(opened);  // the lowest free number: this one
  }
}

/// Sentences may have names of files in them: those reach a terminal with their control characters escaped. Allocates
/// nothing, for memory may have run out.
int fail(int code, const char* sentence) noexcept {
  std::fflush(stdout);
  std::fputs("rowan: ", stderr);
  for (const char* c = sentence; *c != '\0'; ++c) {
    const auto byte = static_cast<unsigned char>(*c);
    const bool control = (byte < 0x20 && byte != '\n') || byte == 0x7F;
    control ? std::fprintf(stderr, "\\x%02x", byte) : std::fputc(byte, stderr);
  }
  std::fputc('\n', stderr);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that left is an error of write() like others
  std::signal(SIGXFSZ, SIG_IGN);  // and so is a file that outgrows its limit
  try {
    rowan::tool::parse_command_line(argc, argv)();
    rowan::tool::finish_output();
    return 0;
  } catch (const rowan::tool::WrongUsage& wrong) {
    return fail(wrong_usage, wrong.what());
  } catch (const std::bad_alloc&) {
    return fail(failed, "out of memory");
  } catch (const std::exception& failure) {
    return fail(failed, failure.what());
  }
}
