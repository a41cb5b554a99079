#include "perf/memory.hpp"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "perf/team.hpp"

namespace rowan::perf {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

/// xorshift64*: as fast as the memory that it fills.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_((seed + 1) * 0x9E37'79B9'7F4A'7C15U | 1) {}
  std::uint64_t operator()() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545'F491'4F6C'DD1DU;
  }

 private:
  std::uint64_t state_;
};

/// Random bits become elements by `bits & keep | set`: the sign and the mantissa stay, the exponent is 2^-1 or 2^0.
struct Mask {
  std::uint64_t keep;
  std::uint64_t set;
};

Mask mask_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return {0x80FF'FFFF'80FF'FFFFU, 0x3F00'0000'3F00'0000U};
    case DType::f16:
      return {0x87FF'87FF'87FF'87FFU, 0x3800'3800'3800'3800U};
    case DType::bf16:
      return {0x80FF'80FF'80FF'80FFU, 0x3F00'3F00'3F00'3F00U};
    case DType::f8_e4m3:
      return {0x8F8F'8F8F'8F8F'8F8FU, 0x3030'3030'3030'3030U};
    case DType::f8_e5m2:
      return {0x8787'8787'8787'8787U, 0x3838'3838'3838'3838U};
    default:
      return {~std::uint64_t{0}, 0};  // every code is one
  }
}

void fill(std::span<std::byte> bytes, Mask mask, Random random) {
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    const std::uint64_t word = (random() & mask.keep) | mask.set;
    std::memcpy(&bytes[at], &word, 8);
  }
  const std::uint64_t word = (random() & mask.keep) | mask.set;
  std::memcpy(bytes.data() + at, &word, bytes.size() - at);
}

/// An f16 of positive or negative sign, 2^exponent times 1 to 2.
std::uint16_t f16_bits(bool negative, int exponent, std::uint64_t random) {
  return static_cast<std::uint16_t>((negative ? 0x8000U : 0U) | static_cast<unsigned>(exponent + 15) << 10 |
                                    (random & 0x3FFU));
}

/// Scale and bias of a row with codes up to 2^bits - 1: scale 4 to 8 / 2^bits, bias -2 to -4.
void set_parameters(std::byte* place, DType dtype, std::uint64_t random) {
  const int bits = static_cast<int>(element_bits(dtype));
  if (dtype == DType::i8) {
    const float share = 1.0F + static_cast<float>(random & 0xFFFFU) * 0x1p-16F;
    const float parameters[] = {share * 4.0F / 256.0F, share * -2.0F};
    std::memcpy(place, parameters, sizeof parameters);
  } else {
    const std::uint16_t parameters[] = {f16_bits(false, 2 - bits, random), f16_bits(true, 1, random)};
    std::memcpy(place, parameters, sizeof parameters);
  }
}

}  // namespace

std::string pages_of(std::span<const std::byte> memory) {
  std::ifstream maps("/proc/self/smaps");
  const auto begin = reinterpret_cast<std::uintptr_t>(memory.data());
  bool inside = false;
  unsigned long long resident = 0;
  unsigned long long huge = 0;
  for (std::string line; std::getline(maps, line);) {
    unsigned long long from = 0;
    unsigned long long to = 0;
    unsigned long long kib = 0;
    if (std::sscanf(line.c_str(), "%llx-%llx ", &from, &to) == 2) inside = from < begin + memory.size() && to > begin;
    if (inside && std::sscanf(line.c_str(), "Rss: %llu", &kib) == 1) resident += kib;
    for (const char* const huge_ones : {"AnonHugePages: %llu", "ShmemPmdMapped: %llu", "FilePmdMapped: %llu"}) {
      if (inside && std::sscanf(line.c_str(), huge_ones, &kib) == 1) huge += kib;
    }
  }
  if (resident == 0) return "unknown";
  const unsigned long long percent = huge * 100 / resident;
  return percent >= 99 ? "2 MiB" : percent == 0 ? "4 KiB" : std::to_string(percent) + "% 2 MiB";
}

std::uint64_t available_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    unsigned long long kib = 0;
    if (std::sscanf(line.c_str(), "MemAvailable: %llu kB", &kib) == 1) return std::uint64_t{kib} << 10;
  }
  return 0;
}

Block::Block(std::size_t bytes) : size_((bytes + huge_page - 1) / huge_page * huge_page) {
  void* const reserved =
      mmap(nullptr, size_ + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) {
    std::fprintf(stderr, "there are no %zu bytes of memory\n", bytes);
    std::exit(1);
  }
  // Only the aligned part is kept, so that it can be huge pages from end to end.
  auto* const begin = static_cast<std::byte*>(reserved);
  const std::size_t before = (huge_page - reinterpret_cast<std::uintptr_t>(begin) % huge_page) % huge_page;
  if (before != 0) munmap(begin, before);
  munmap(begin + before + size_, huge_page - before);
  data_ = begin + before;
  madvise(data_, size_, MADV_HUGEPAGE);
}

Block::~Block() { munmap(data_, size_); }

TableView random_table(std::span<std::byte> bytes, std::uint64_t dim, DType dtype, std::uint64_t seed, int threads) {
  const std::uint64_t row = row_bytes(dtype, dim).value();
  const std::uint64_t rows = bytes.size() / row;
  Team team(threads);
  team.run([&](int i) {
    const std::uint64_t begin = part_begin(rows, i, threads) * row;
    const std::uint64_t end = i + 1 < threads ? part_begin(rows, i + 1, threads) * row : bytes.size();
    Random random(seed * 1000 + static_cast<std::uint64_t>(i));
    fill(bytes.subspan(begin, end - begin), mask_of(dtype), random);
    if (!is_quantized(dtype)) return;
    for (std::uint64_t at = begin; at + row <= end; at += row) {
      set_parameters(&bytes[at + row - row_parameter_bytes(dtype)], dtype, random());
    }
  });
  return TableView::over(bytes.first(rows * row), rows, dim, dtype).value();
}

}  // namespace rowan::perf
