// Tables of more than 2^32 rows: address space of which a few pages are memory. Rows beyond 2^32 are told from those
// that the low 32 bits of their numbers name.
#include <doctest/doctest.h>

#include <sys/mman.h>
#include <unistd.h>

#include <vector>

#include "tests/support/random_calls.hpp"

using namespace rowan;
using namespace rowan::test;

namespace {

constexpr std::uint64_t seed = 20261130;
constexpr std::uint64_t two_32 = std::uint64_t{1} << 32;

/// A table of `rows` rows, those of `real` of which are memory with random values, and a small one of the same values.
class HugeTable {
 public:
  HugeTable(Random& random, std::uint64_t rows, std::uint64_t dim, DType dtype, const std::vector<std::uint64_t>& real)
      : small_(random, real.size(), dim, dtype) {
    const std::uint64_t row = *row_bytes(dtype, dim);
    bytes_ = rows * row;
    memory_ = ::mmap(nullptr, bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    REQUIRE(memory_ != MAP_FAILED);
    auto* const begin = static_cast<std::byte*>(memory_);
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    for (std::size_t i = 0; i < real.size(); ++i) {
      const std::uint64_t at = real[i] * row;
      const std::uint64_t first = at / page * page;
      REQUIRE(::mprotect(begin + first, at + row - first, PROT_READ | PROT_WRITE) == 0);
      std::memcpy(begin + at, small_.view().data() + i * small_.view().row_stride(), row);
    }
    view_ = *TableView::over({begin, bytes_}, rows, dim, dtype);
  }
  ~HugeTable() { ::munmap(memory_, bytes_); }
  HugeTable(const HugeTable&) = delete;
  HugeTable& operator=(const HugeTable&) = delete;

  const TableView& huge() const { return view_; }
  const TableView& small() const { return small_.view(); }

 private:
  RandomTable small_;
  std::uint64_t bytes_ = 0;
  void* memory_ = nullptr;
  TableView view_ = *TableView::over(std::span<const float>(), 1);
};

/// Rows in pairs with the same low 32 bits, and around every power of two that matters.
const std::vector<std::uint64_t> real_rows = {0,      5,          two_32 / 2 - 1,          two_32 / 2,    two_32 - 1,
                                              two_32, two_32 + 5, two_32 + two_32 / 2 - 1, 2 * two_32 - 1};

/// The same call on the huge table and, by the reference, on the small one.
void compare(Random& random, const Engine& engine, const HugeTable& table, IndexKind kind) {
  const bool wide = kind == IndexKind::i64 || kind == IndexKind::u64;
  const std::size_t reach = wide ? real_rows.size() : kind == IndexKind::u32 ? 5 : 3;  // rows that the type can say
  constexpr std::size_t count = 120;
  constexpr std::size_t bags = 8;
  std::vector<std::int64_t> places(count);
  std::vector<std::int64_t> rows(count);
  std::vector<float> weights(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t place = below(random, reach);
    places[i] = static_cast<std::int64_t>(place);
    rows[i] = static_cast<std::int64_t>(real_rows[place]);
    weights[i] = any_float(random);
  }
  const std::uint64_t dim = table.huge().dim();
  const auto what = [&] { return to_string(table.huge().dtype()); };
  {
    std::vector<float> expected(count * dim);
    std::vector<float> actual(count * dim);
    REQUIRE(reference::embedding(table.small(), places, expected).ok());
    REQUIRE(engine.embedding(table.huge(), Integers(kind, rows), actual).ok());
    CHECK_MESSAGE(first_difference(expected, actual) == actual.size(), what(), " dim ", dim);
  }
  // Some indices beyond the table, which the small table has behind its end, too.
  const bool skips = wide && below(random, 2) == 0;
  if (skips) {
    for (std::size_t i = 0; i < count; i += 7) {
      places[i] = 99;
      rows[i] = static_cast<std::int64_t>(table.huge().rows() + below(random, 3) * two_32);
    }
  }
  const Integers indices(kind, rows);
  for (const Pooling pooling : all_poolings) {
    for (const bool weighted : {false, true}) {
      if (weighted ? !may_have_weights(pooling) : pooling >= Pooling::mean_by_weight) continue;
      const Bags::Weights given = weighted ? Bags::Weights(weights) : std::nullopt;
      for (const bool padded : {false, true}) {
        BagOptions options{.pooling = pooling, .bad_index = skips ? BadIndex::skip : BadIndex::reject};
        BagOptions huge_options = options;
        if (padded) {
          options.padding_index = 6 < reach ? 6 : 1;
          huge_options.padding_index = static_cast<std::int64_t>(real_rows[6 < reach ? 6 : 1]);
          if (below(random, 2) == 0) *huge_options.padding_index -= static_cast<std::int64_t>(table.huge().rows());
        }
        std::vector<float> expected(bags * dim);
        std::vector<float> actual(bags * dim);
        const Status small =
            reference::embedding_bag(table.small(), Bags::fixed(places, bags, given), expected, options);
        const Status huge = engine.embedding_bag(table.huge(), Bags::fixed(indices, bags, given), actual, huge_options);
        REQUIRE(small.ok());
        REQUIRE(huge.ok());
        CHECK(small.value == huge.value);
        CHECK_MESSAGE(first_difference(expected, actual) == actual.size(), what(), " dim ", dim, " pooling ",
                      static_cast<int>(pooling));
      }
    }
  }
}

}  // namespace

TEST_CASE("rows beyond 2^32 are the right ones, for every type, pooling and dim") {
  Random random(seed);
  const Engine engine;
  for (const DType dtype : all_dtypes) {
    for (const std::uint64_t dim : {1, 2, 3, 4, 5, 8, 11, 16, 17, 33, 64, 130}) {
      const HugeTable table(random, 2 * two_32, dim, dtype, real_rows);
      for (const IndexKind kind : all_index_kinds) {
        if (kind != IndexKind::u16 && kind != IndexKind::u8) compare(random, engine, table, kind);
      }
    }
  }
}

TEST_CASE("bags of many blocks in a table of more than 2^32 rows, with padding") {
  Random random(seed + 3);
  const Engine engine;
  for (const DType dtype : all_dtypes) {
    for (const std::uint64_t dim : {1, 3, 5, 9, 17, 20, 37, 100}) {
      const HugeTable table(random, 2 * two_32, dim, dtype, real_rows);
      std::vector<std::int64_t> places(5000);
      std::vector<std::int64_t> rows(places.size());
      for (std::size_t i = 0; i < places.size(); ++i) {
        places[i] = static_cast<std::int64_t>(below(random, real_rows.size()));
        rows[i] = static_cast<std::int64_t>(real_rows[static_cast<std::size_t>(places[i])]);
      }
      for (const Pooling pooling : {Pooling::sum, Pooling::mean, Pooling::max, Pooling::min}) {
        std::vector<float> expected(2 * dim);
        std::vector<float> actual(2 * dim);
        const BagOptions options{.pooling = pooling, .padding_index = 5};
        const BagOptions huge{.pooling = pooling, .padding_index = static_cast<std::int64_t>(real_rows[5])};
        REQUIRE(reference::embedding_bag(table.small(), Bags::fixed(places, 2), expected, options).ok());
        REQUIRE(engine.embedding_bag(table.huge(), Bags::fixed(rows, 2), actual, huge).ok());
        CHECK_MESSAGE(first_difference(expected, actual) == actual.size(), to_string(dtype), " dim ", dim);
      }
    }
  }
}

TEST_CASE("narrow indices into a table of more than 2^32 rows") {
  Random random(seed + 1);
  const Engine engine;
  const std::vector<std::uint64_t> real = {0, 5, 255, 256, 65'535};
  for (const DType dtype : all_dtypes) {
    const HugeTable table(random, two_32 + 1, 9, dtype, real);
    const std::vector<std::uint16_t> shorts = {5, 65'535, 256, 0, 255};
    const std::vector<std::uint8_t> bytes = {5, 0, 255, 5, 0};
    const std::vector<std::int32_t> short_places = {1, 4, 3, 0, 2};
    const std::vector<std::int32_t> byte_places = {1, 0, 2, 1, 0};
    for (const auto& [indices, places] :
         {std::pair<IndexSpan, IndexSpan>(shorts, short_places), {bytes, byte_places}}) {
      for (const Pooling pooling : {Pooling::sum, Pooling::mean, Pooling::max, Pooling::min, Pooling::sqrt_n}) {
        std::vector<float> expected(9);
        std::vector<float> actual(9);
        REQUIRE(reference::embedding_bag(table.small(), Bags::fixed(places, 1), expected, {.pooling = pooling}).ok());
        REQUIRE(engine.embedding_bag(table.huge(), Bags::fixed(indices, 1), actual, {.pooling = pooling}).ok());
        CHECK(first_difference(expected, actual) == 9);
      }
    }
  }
}

TEST_CASE("the ends of tables of about 2^31 and 2^32 rows") {
  Random random(seed + 2);
  const Engine engine;
  for (const std::uint64_t rows : {two_32 / 2 - 1, two_32 / 2, two_32 / 2 + 1, two_32 - 1, two_32, two_32 + 1}) {
    for (const std::uint64_t dim : {1, 20}) {
      const HugeTable table(random, rows, dim, DType::i8, {0, rows - 1});
      const std::vector<std::int64_t> places = {1, 0, 1};
      std::vector<float> expected(3 * dim);
      REQUIRE(reference::embedding(table.small(), places, expected).ok());
      for (const IndexKind kind : {IndexKind::i64, IndexKind::u64, IndexKind::u32, IndexKind::i32}) {
        if (rows - 1 >= two_32 && kind == IndexKind::u32) continue;
        if (rows - 1 >= two_32 / 2 && kind == IndexKind::i32) continue;
        const auto last = static_cast<std::int64_t>(rows - 1);
        std::vector<float> actual(3 * dim, -1.0F);
        REQUIRE(engine.embedding(table.huge(), Integers(kind, {last, 0, last}), actual).ok());
        CHECK(first_difference(expected, actual) == actual.size());
        actual.assign(3 * dim, -1.0F);
        const Integers three(kind, {last, 0, last});
        REQUIRE(engine.embedding_bag(table.huge(), Bags::fixed(three, 3), actual, {.pooling = Pooling::max}).ok());
        CHECK(first_difference(expected, actual) == actual.size());
      }
      for (const std::uint64_t bad : {rows, rows + 1, rows + two_32, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
        std::vector<float> out(3 * dim, -1.0F);
        const std::vector<std::uint64_t> indices = {0, bad, 0};
        const Status status = engine.embedding(table.huge(), indices, out);
        CHECK(status.code == (bad >> 63 != 0 ? Code::index_too_large : Code::index_out_of_range));
        CHECK(static_cast<std::uint64_t>(status.value) == bad);
        const auto as_signed = static_cast<std::int64_t>(bad);
        const std::vector<std::int64_t> signed_indices = {0, as_signed, 0};
        CHECK(engine.embedding_bag(table.huge(), Bags::fixed(signed_indices, 3), out).code == Code::index_out_of_range);
        CHECK(std::all_of(out.begin(), out.end(), [](float x) { return x == -1.0F; }));
      }
    }
  }
}
