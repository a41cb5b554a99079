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

using rowan::BadIndex;
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

namespace {

/// Bags that each kind of refusal, policy and form needs, in one type of index.
template <class Index>
struct Sample {
  std::array<Index, 10> indices = {3, 99, 0, 7, 7, 51, 41, 3, 100, 8};
  std::array<Index, 10> some_bad = {3, 99, 250, 7, 7, 251, 41, 3, 255, 8};
  std::array<Index, 4> lengths = {3, 0, 5, 2};
  std::array<Index, 4> offsets = {0, 3, 3, 8};
  std::array<float, 10> weights = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  std::array<float, 4 * dim> out{};
  std::array<std::uint16_t, 4 * dim> halves{};
  std::array<float, 10 * dim> all{};
  std::array<std::uint16_t, 10 * dim> all_halves{};

  std::span<const float> given() const { return weights; }
};

constexpr std::uint64_t few_rows = 200;  // fewer than a byte can say

rowan::Table few(DType dtype) {
  return std::move(rowan::Table::create({.rows = few_rows, .dim = dim, .dtype = dtype})).value();
}

bool takes_weights(Pooling pooling) {
  return pooling == Pooling::sum || pooling == Pooling::sqrt_n || pooling >= Pooling::mean_by_weight;
}

}  // namespace

TEST_CASE_TEMPLATE("bags of every type, form, policy, pooling and output allocate nothing", Index, std::int32_t,
                   std::int64_t, std::uint32_t, std::uint64_t, std::uint16_t, std::uint8_t) {
  const rowan::Engine engine;
  Sample<Index> sample;
  for (int type = 0; type < rowan::dtype_count; ++type) {
    const rowan::Table table = few(static_cast<DType>(type));
    for (int number = 0; number <= static_cast<int>(Pooling::mean_by_count); ++number) {
      const auto pooling = static_cast<Pooling>(number);
      const Bags::Weights weights = takes_weights(pooling) ? Bags::Weights(sample.given()) : std::nullopt;
      for (const BadIndex policy : {BadIndex::reject, BadIndex::skip, BadIndex::default_row}) {
        for (const std::optional<std::int64_t> padding : {std::optional<std::int64_t>(), {7}}) {
          const BagOptions options{.pooling = pooling, .padding_index = padding, .bad_index = policy, .default_row = 7};
          const auto& indices = policy == BadIndex::reject ? sample.indices : sample.some_bad;
          std::array<rowan::Status, 5> statuses;
          const auto calls = [&] {
            const rowan::OutputView halves(sample.halves, DType::f16);
            const Bags by_lengths = Bags::by_lengths(indices, sample.lengths, weights);
            statuses[0] = engine.embedding_bag(table, by_lengths, sample.out, options);
            statuses[1] = engine.embedding_bag(table, Bags(indices, sample.offsets, weights), halves, options);
            statuses[2] = engine.embedding_bag(table, Bags::fixed(indices, 1, weights),
                                               std::span(sample.out).first(dim), options);
            statuses[3] = engine.embedding_bag(table, by_lengths,
                                               rowan::OutputView(sample.all_halves, DType::bf16, 2 * dim), options);
            statuses[4] = rowan::reference::embedding_bag(table, by_lengths, sample.out, options);
          };
          CHECK(counted(calls) == nothing);
          for (const rowan::Status& status : statuses) {
            CHECK(status.ok());
            CHECK(status.value == (policy == BadIndex::reject ? 0 : 3));
          }
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("embedding of every type, policy, output and store allocates nothing", Index, std::int32_t,
                   std::int64_t, std::uint32_t, std::uint64_t, std::uint16_t, std::uint8_t) {
  const rowan::Engine engine;
  Sample<Index> sample;
  for (int type = 0; type < rowan::dtype_count; ++type) {
    const rowan::Table table = few(static_cast<DType>(type));
    for (const BadIndex policy : {BadIndex::reject, BadIndex::skip, BadIndex::default_row}) {
      for (const rowan::Stores stores : {rowan::Stores::cached, rowan::Stores::streaming}) {
        const rowan::EmbeddingOptions options{.bad_index = policy, .default_row = 3, .stores = stores};
        std::array<rowan::Status, 4> statuses;
        const auto calls = [&] {
          statuses[0] = engine.embedding(table, sample.some_bad, sample.all, options);
          statuses[1] =
              engine.embedding(table, sample.some_bad, rowan::OutputView(sample.all_halves, DType::f16), options);
          statuses[2] =
              engine.embedding(table, sample.some_bad, rowan::OutputView(sample.all_halves, DType::bf16), options);
          statuses[3] = rowan::reference::embedding(table, sample.some_bad, sample.all, options);
        };
        CHECK(counted(calls) == nothing);
        for (const rowan::Status& status : statuses) {
          CHECK(status.code == (policy == BadIndex::reject ? Code::index_out_of_range : Code::ok));
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("a call over many tables allocates nothing, answered or refused", Index, std::int32_t, std::int64_t,
                   std::uint32_t, std::uint64_t, std::uint16_t, std::uint8_t) {
  const rowan::Engine own(rowan::EngineOptions{.threads = rowan::Threads::own(2)});
  const rowan::Engine caller;
  Sample<Index> sample;
  std::vector<rowan::Table> tables;
  for (int type = 0; type < rowan::dtype_count; ++type) tables.push_back(few(static_cast<DType>(type)));
  // One matrix of floats and one of 16-bit elements; columns from right to left in the second, which is looked at
  // pair by pair.
  std::vector<float> floats(8 * tables.size() * dim);
  std::vector<std::uint16_t> halves(floats.size());
  const std::size_t stride = tables.size() * dim;
  std::vector<rowan::Request> requests;
  for (std::size_t t = 0; t < tables.size(); ++t) {
    const auto pooling = static_cast<Pooling>(t % 7);
    const Bags::Weights weights = takes_weights(pooling) ? Bags::Weights(sample.given()) : std::nullopt;
    BagOptions options{.pooling = pooling, .bad_index = static_cast<BadIndex>(t % 3), .default_row = 7};
    if (t % 2 == 0) options.padding_index = 3;
    const auto& indices = options.bad_index == BadIndex::reject ? sample.indices : sample.some_bad;
    requests.push_back({.table = tables[t],
                        .bags = Bags::by_lengths(indices, sample.lengths, weights),
                        .out = rowan::OutputView(std::span(floats).subspan(t * dim), stride),
                        .options = options,
                        .repeat = 1 + t % 2});
    requests.push_back(requests.back());
    requests.back().out = rowan::OutputView(std::span(halves).subspan((tables.size() - 1 - t) * dim),
                                            t % 2 == 0 ? DType::f16 : DType::bf16, stride);
  }
  std::vector<rowan::Request> overlapping = requests;
  overlapping.push_back(requests[1]);
  std::vector<rowan::Request> bad = requests;
  bad.push_back(requests[1]);
  bad.back().repeat = 0;
  for (const rowan::Engine* engine : {&caller, &own}) {
    std::array<rowan::Status, 4> statuses;
    const auto calls = [&] {
      statuses[0] = engine->run(requests);
      statuses[1] = engine->run(overlapping);
      statuses[2] = engine->run(bad);
      statuses[3] = engine->run({});
    };
    CHECK(counted(calls) == nothing);
    CHECK(statuses[0].ok());
    CHECK(statuses[0].value == 3 * 2 * 5);  // five of eight tables skip or replace
    CHECK(statuses[1].code == Code::output_overlap);
    CHECK(statuses[1].table == requests.size());
    CHECK(statuses[2].code == Code::repeat_zero);
    CHECK(statuses[3].ok());
  }
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
