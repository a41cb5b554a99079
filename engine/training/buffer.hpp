// Memory that grows and is kept.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>

namespace rowan::detail {

/// Uninitialised elements, aligned to cache lines. Growing loses what was in it.
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  /// At least `count` elements. Throws std::bad_alloc.
  T* get(std::size_t count) {
    if (count > size_) {
      data_.reset();
      size_ = 0;
      if (count > most / sizeof(T)) throw std::bad_alloc();
      data_.reset(static_cast<T*>(::operator new(count * sizeof(T), alignment)));
      size_ = count;
    }
    return data_.get();
  }
  std::size_t bytes() const noexcept { return size_ * sizeof(T); }

 private:
  static constexpr std::align_val_t alignment{64};
  static constexpr std::size_t most = ~std::size_t{0} / 2;
  struct Free {
    void operator()(T* p) const noexcept { ::operator delete(p, alignment); }
  };
  std::unique_ptr<T, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace rowan::detail
