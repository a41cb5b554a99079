// Calls that run on the calling thread allocate nothing, start nothing and throw nothing, whether they are
// answered or refused. First the counters prove that they see each kind of call, oneTBB's own included.
#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "rowan/rowan.hpp"
#include "tests/allocation/counters.hpp"

namespace {

using rowan::BagOptions;
using rowan::Bags;
using rowan::Code;
using rowan::DType;
using rowan::Pooling;
using rowan::test::counted;
using rowan::test::Counts;

constexpr Counts nothing;
constexpr std::uint64_t rows = 1000;
constexpr std::uint64_t dim = 67;

/// Hides a pointer from the optimiser, which may remove an allocation that nobody uses.
void use(void* p) { __asm__ volatile("" : : "r"(p) : "memory"); }

rowan::Table make_table(DType dtype) {
  return std::move(rowan::Table::create({.rows = rows, .dim = dim, .dtype = dtype})).value();
}

/// One bag of ten indices, and the same with one that is out of range.
template <class Index>
struct Request {
  std::array<Index, 10> indices = {3, 999, 0, 7, 7, 512, 41, 3, 100, 8};
  std::array<Index, 10> beyond = {3, 999, 0, 7, 7, 512, 41, 3, 100, static_cast<Index>(rows)};
  std::array<Index, 1> offsets = {0};
  std::array<Index, 2> with_last = {0, 10};
  std::array<float, 10> weights = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  std::array<float, dim> out{};
  std::array<float, 10 * dim> all{};
};

}  // namespace

TEST_CASE("the counters see what is seeded") {
  void* p = nullptr;
  CHECK(counted([&] { use(p = std::malloc(10)); }).memory == 1);
  CHECK(counted([&] { use(p = std::realloc(p, 100'000)); }).memory == 1);
  CHECK(counted([&] { std::free(p); }).memory == 1);
  CHECK(counted([&] { use(p = std::calloc(10, 10)); }).memory == 1);
  std::free(p);
  CHECK(counted([&] { use(p = std::aligned_alloc(64, 640)); }).memory == 1);
  std::free(p);
  CHECK(counted([&] { CHECK(::posix_memalign(&p, 64, 640) == 0); }).memory >= 1);
  std::free(p);
  CHECK(counted([] { use(std::make_unique<int[]>(10).get()); }).memory == 2);
  CHECK(counted([] {
          struct alignas(64) Line {
            char bytes[64];
          };
          use(std::make_unique<Line>().get());
        }).memory == 2);

  const auto map = [] { return ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); };
  CHECK(counted([&] { p = map(); }).mappings == 1);
  CHECK(counted([&] { CHECK(::munmap(p, 4096) == 0); }).mappings == 1);

  CHECK(counted([] { std::thread([] {}).join(); }).threads == 1);
  CHECK(counted([] {
          static std::array<char, 64 << 10> stack;
          const int child = ::clone([](void*) { return 0; }, stack.data() + stack.size(), SIGCHLD, nullptr);
          CHECK(::waitpid(child, nullptr, 0) == child);
        }).threads == 1);

  const auto throwing = [] {
    try {
      throw std::runtime_error("seeded");
    } catch (const std::runtime_error& error) {
      use(const_cast<char*>(error.what()));
    }
  };
  CHECK(counted(throwing).exceptions == 1);
  CHECK(counted([] {
          try {
            rowan::Table::open("no such file").value();
          } catch (const rowan::BadResult&) {
            return;
          }
        }).exceptions == 1);
  CHECK(counted([] {}) == nothing);
}

TEST_CASE("the counters see what a call on threads allocates") {
  const rowan::Table table = std::move(rowan::Table::create({.rows = 100'000, .dim = 64})).value();
  std::vector<std::int64_t> indices(200'000);
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<std::int64_t>(i * 7919 % table.rows());
  std::vector<float> out(indices.size() * table.dim());

  const rowan::Engine engine(rowan::EngineOptions{.threads = rowan::Threads::own(2)});
  const Counts large = counted([&] { CHECK(engine.embedding(table, indices, out)); });
  CHECK(large.memory > 0);
  CHECK(large.threads == (std::thread::hardware_concurrency() > 1 ? 1 : 0));
}

TEST_CASE_TEMPLATE("embedding allocates and throws nothing", Index, std::int32_t, std::int64_t) {
  const rowan::Engine engine;
  Request<Index> request;
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const rowan::Table table = make_table(dtype);
    rowan::Status one, ten, refused, short_output;
    const auto calls = [&] {
      one = engine.embedding(table, std::span(request.indices).first(1), request.out);
      ten = engine.embedding(table, std::span<const Index>(request.indices), request.all);
      refused = engine.embedding(table, std::span<const Index>(request.beyond), request.all);
      short_output = engine.embedding(table, std::span<const Index>(request.indices), request.out);
    };
    CHECK(counted(calls) == nothing);
    CHECK(one.ok());
    CHECK(ten.ok());
    CHECK(refused.code == Code::index_out_of_range);
    CHECK(short_output.code == Code::output_size);
  }
}

TEST_CASE_TEMPLATE("a bag allocates and throws nothing", Index, std::int32_t, std::int64_t) {
  const rowan::Engine engine;
  Request<Index> request;
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const rowan::Table table = make_table(dtype);
    for (const Pooling pooling : {Pooling::sum, Pooling::mean, Pooling::max}) {
      for (const std::optional<std::int64_t> padding : {std::optional<std::int64_t>(), {7}, {-1}}) {
        const BagOptions options{.pooling = pooling, .padding_index = padding};
        const BagOptions last{.pooling = pooling, .include_last_offset = true, .padding_index = padding};
        const Bags bag{request.indices, request.offsets};
        const Bags ended{request.indices, request.with_last};
        const Bags fixed = Bags::fixed(request.indices, 1);
        std::array<rowan::Status, 4> statuses;
        const auto calls = [&] {
          statuses[0] = engine.embedding_bag(table, bag, request.out, options);
          statuses[1] = engine.embedding_bag(table, ended, request.out, last);
          statuses[2] = engine.embedding_bag(table, fixed, request.out, options);
          statuses[3] = rowan::reference::embedding_bag(table, bag, request.out, options);
        };
        CHECK(counted(calls) == nothing);
        for (const rowan::Status& status : statuses) CHECK(status.ok());
      }
    }
  }
}

TEST_CASE_TEMPLATE("a weighted bag allocates and throws nothing", Index, std::int32_t, std::int64_t) {
  const rowan::Engine engine;
  Request<Index> request;
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const rowan::Table table = make_table(dtype);
    const Bags bag{request.indices, request.offsets, request.weights};
    const Bags fixed = Bags::fixed(request.indices, 2, request.weights);
    rowan::Status status, padded, two;
    const auto calls = [&] {
      status = engine.embedding_bag(table, bag, request.out, {.pooling = Pooling::sum});
      padded = engine.embedding_bag(table, bag, request.out, {.pooling = Pooling::sum, .padding_index = 7});
      two = engine.embedding_bag(table, fixed, std::span(request.all).first(2 * dim), {.pooling = Pooling::sum});
    };
    CHECK(counted(calls) == nothing);
    CHECK(status.ok());
    CHECK(padded.ok());
    CHECK(two.ok());
  }
}

TEST_CASE_TEMPLATE("a refused bag allocates and throws nothing", Index, std::int32_t, std::int64_t) {
  const rowan::Engine engine;
  const rowan::Table table = make_table(DType::f32);
  Request<Index> request;
  const auto expect = [&](Code code, const auto& bags, const BagOptions& options, std::span<float> out) {
    rowan::Status status;
    CHECK(counted([&] { status = engine.embedding_bag(table, bags, out, options); }) == nothing);
    CHECK(status.code == code);
  };
  const std::span<const Index> none;
  const Bags bag{request.indices, request.offsets};
  expect(Code::index_out_of_range, Bags{request.beyond, request.offsets}, {}, request.out);
  expect(Code::offsets_start, Bags{request.indices, std::span(request.indices).first(1)}, {}, request.out);
  expect(Code::offsets_missing, Bags{request.indices, none}, {.include_last_offset = true}, {});
  expect(Code::bags_uneven, Bags::fixed(request.indices, 3), {}, request.out);
  expect(Code::weights_pooling, Bags{request.indices, request.offsets, request.weights}, {}, request.out);
  expect(Code::padding_out_of_range, bag, {.padding_index = rows}, request.out);
  expect(Code::output_size, bag, {}, request.all);
}

TEST_CASE("an engine that was moved, or that has threads, allocates nothing in a small call") {
  const rowan::Table table = make_table(DType::f32);
  Request<std::int64_t> request;
  const Bags bag{request.indices, request.offsets};
  const auto quiet = [&](const rowan::Engine& engine, Code code) {
    rowan::Status status;
    CHECK(counted([&] { status = engine.embedding_bag(table, bag, request.out); }) == nothing);
    CHECK(status.code == code);
  };

  rowan::Engine first;
  rowan::Engine second(std::move(first));
  quiet(second, Code::ok);
  first = std::move(second);
  quiet(first, Code::ok);
  quiet(second, Code::engine_moved);  // NOLINT(bugprone-use-after-move): it refuses, by contract
  quiet(rowan::Engine(rowan::EngineOptions{.threads = rowan::Threads::own(2)}), Code::ok);
  quiet(rowan::Engine(rowan::EngineOptions{.threads = rowan::Threads::host()}), Code::ok);
}

TEST_CASE("a key is found without an allocation") {
  const rowan::Vocabulary vocabulary;
  std::int64_t row = 0;
  CHECK(counted([&] { row = vocabulary.find("word"); }) == nothing);
  CHECK(row == -1);
}
