// A host that uses oneTBB itself, behind plain functions: see host_tasks.cpp.
#pragma once

#include <functional>
#include <memory>

namespace rowan::test {

/// Calls body() `count` times in tasks of the arena that the calling thread is in.
void in_tasks(int count, const std::function<void()>& body);

/// Calls body() in a task whose group has been cancelled.
void in_cancelled_task(const std::function<void()>& body);

/// Threads that oneTBB may use in this process.
int thread_limit();

/// A limit that a host sets.
class HostLimit {
 public:
  explicit HostLimit(int threads);
  ~HostLimit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// An arena of a host.
class HostArena {
 public:
  explicit HostArena(int slots);
  ~HostArena();
  /// Calls body() inside, on whichever thread has a slot.
  void execute(const std::function<void()>& body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rowan::test
