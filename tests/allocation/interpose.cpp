// Stands in front of the C library's functions for the whole process, oneTBB included: counts, then forwards.
#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <typeinfo>

#include "tests/allocation/counters.hpp"

namespace {

std::atomic<std::uint64_t> memory = 0;
std::atomic<std::uint64_t> mappings = 0;
std::atomic<std::uint64_t> threads = 0;
std::atomic<std::uint64_t> exceptions = 0;

/// The function that would have been called.
template <class Function>
Function next(const char* name) noexcept {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

namespace rowan::test {
Counts counts() noexcept { return {memory, mappings, threads, exceptions}; }
}  // namespace rowan::test

extern "C" {

// glibc's own names for its allocator: dlsym would allocate before it could answer.
void* __libc_malloc(std::size_t size) noexcept;
void* __libc_calloc(std::size_t count, std::size_t size) noexcept;
void* __libc_realloc(void* old, std::size_t size) noexcept;
void* __libc_memalign(std::size_t alignment, std::size_t size) noexcept;
void __libc_free(void* p) noexcept;

void* malloc(std::size_t size) noexcept {
  ++memory;
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  ++memory;
  return __libc_calloc(count, size);
}

void* realloc(void* old, std::size_t size) noexcept {
  ++memory;
  return __libc_realloc(old, size);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  ++memory;
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  ++memory;
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** result, std::size_t alignment, std::size_t size) noexcept {
  ++memory;
  *result = __libc_memalign(alignment, size);
  return *result != nullptr ? 0 : ENOMEM;
}

void free(void* p) noexcept {
  ++memory;
  __libc_free(p);
}

void* mmap(void* address, std::size_t size, int protection, int flags, int file, off_t offset) noexcept {
  ++mappings;
  return reinterpret_cast<void*>(::syscall(SYS_mmap, address, size, protection, flags, file, offset));
}

void* mmap64(void* address, std::size_t size, int protection, int flags, int file, off64_t offset) noexcept {
  return mmap(address, size, protection, flags, file, offset);
}

void* mremap(void* old, std::size_t old_size, std::size_t size, int flags, ...) noexcept {
  ++mappings;
  std::va_list rest;
  va_start(rest, flags);
  void* const target = (flags & MREMAP_FIXED) != 0 ? va_arg(rest, void*) : nullptr;
  va_end(rest);
  return reinterpret_cast<void*>(::syscall(SYS_mremap, old, old_size, size, flags, target));
}

int munmap(void* address, std::size_t size) noexcept {
  ++mappings;
  return static_cast<int>(::syscall(SYS_munmap, address, size));
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) noexcept {
  ++threads;
  static const auto forward = next<decltype(&pthread_create)>("pthread_create");
  return forward(thread, attributes, start, argument);
}

int clone(int (*start)(void*), void* stack, int flags, void* argument, ...) noexcept {
  ++threads;
  static const auto forward = next<decltype(&clone)>("clone");
  std::va_list rest;
  va_start(rest, argument);
  void* const parent = va_arg(rest, void*);
  void* const local_storage = va_arg(rest, void*);
  void* const child = va_arg(rest, void*);
  va_end(rest);
  return forward(start, stack, flags, argument, parent, local_storage, child);
}

[[noreturn]] void __cxa_throw(void* object, std::type_info* type, void (*destroy)(void*)) {
  ++exceptions;
  using Throw = void (*)(void*, std::type_info*, void (*)(void*));
  static const auto forward = next<Throw>("__cxa_throw");
  forward(object, type, destroy);
  __builtin_unreachable();
}

}  // extern "C"
