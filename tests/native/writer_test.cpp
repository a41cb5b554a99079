// What a TableWriter and the views refuse, and that a failure stays.
#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>

#include "rowan/table.hpp"
#include "tests/native/samples.hpp"
#include "tests/support/files.hpp"

using namespace rowan;

TEST_CASE("layouts that make no file are refused and leave nothing") {
  const test::TemporaryFolder folder;
  const std::vector<TableLayout> bad[] = {
      {},
      {{.name = "a", .dim = 0}},
      {{.name = "", .dim = 1}},
      {{.name = "a\n", .dim = 1}},
      {{.name = "\xC3", .dim = 1}},
      {{.name = "\xED\xA0\x80", .dim = 1}},
      {{.name = "a", .dim = 1}, {.name = "a", .dim = 2}},
      {{.name = "a", .dim = UINT64_MAX}},
      {{.name = "a", .dim = UINT64_MAX / 4, .pad_rows = true}},
      {{.name = std::string(100'000'000, 'a'), .dim = 1}},
  };
  for (const auto& layouts : bad) {
    const auto writer = TableWriter::create(folder / "t.safetensors", layouts);
    REQUIRE(!writer.ok());
    CHECK(writer.error().code == Code::invalid_argument);
  }
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("rows that do not fit their table are refused, and the writer fails from then on") {
  const std::vector<float> values(6);
  const std::vector<std::uint64_t> ids = {1, 2};
  const std::vector<std::string_view> keys = {"a", "b", "c"};
  using Append = Result<void> (*)(TableWriter&, std::span<const float>, std::span<const std::string_view>,
                                  std::span<const std::uint64_t>);
  const Append bad[] = {
      [](TableWriter& writer, auto v, auto, auto) { return writer.append(0, v.first(5)); },
      [](TableWriter& writer, auto v, auto k, auto) { return writer.append(0, v, k); },
      [](TableWriter& writer, auto v, auto, auto i) { return writer.append(1, v, i); },
      [](TableWriter& writer, auto v, auto, auto) { return writer.append(1, v); },
      [](TableWriter& writer, auto v, auto k, auto) { return writer.append(1, v, k); },
      [](TableWriter& writer, auto v, auto, auto) { return writer.append(3, v); },
      [](TableWriter& writer, auto v, auto, auto) {
        return writer.append_encoded(0, std::as_bytes(v).first(7), {}, {});
      },
      [](TableWriter& writer, auto v, auto k, auto i) { return writer.append_encoded(1, std::as_bytes(v), k, i); },
      [](TableWriter& writer, auto v, auto, auto i) {
        const auto last = writer.append(2, v, i);
        return last.ok() ? writer.append(0, v) : last;
      },
  };
  for (const Append& append : bad) {
    const test::TemporaryFolder folder;
    auto writer = TableWriter::create(folder / "t.safetensors", {{.name = "plain", .dim = 3},
                                                                 {.name = "bytes", .dim = 3, .keys = KeyKind::bytes},
                                                                 {.name = "ids", .dim = 3, .keys = KeyKind::u64}});
    REQUIRE(writer.ok());
    CHECK(writer->row_stride(0) == 12);
    CHECK(writer->row_stride(9) == 0);
    const auto refused = append(*writer, values, keys, ids);
    REQUIRE(!refused.ok());
    CHECK(refused.error().code == Code::invalid_argument);
    const auto again = writer->append(0, values);
    REQUIRE(!again.ok());
    CHECK(again.error().message == refused.error().message);
    const auto published = writer->publish();
    REQUIRE(!published.ok());
    CHECK(published.error().message == refused.error().message);
    CHECK(std::filesystem::is_empty(folder.path()));
  }
}

TEST_CASE("a published writer is spent") {
  const test::TemporaryFolder folder;
  auto writer = TableWriter::create(folder / "t.safetensors", {{.dim = 3}});
  REQUIRE(writer.ok());
  REQUIRE(writer->publish().ok());
  CHECK(!writer->publish().ok());
  CHECK(!writer->append(0, std::vector<float>(3)).ok());
  CHECK(Table::open(folder / "t.safetensors").value().rows() == 0);
}

TEST_CASE("encoded rows, in any portions, make the same file as values") {
  const test::TemporaryFolder folder;
  const std::vector<float> values = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  const std::vector<std::uint64_t> ids = {7, 8, 9};
  auto whole = TableWriter::create(folder / "whole", {{.dim = 3, .keys = KeyKind::u64}});
  REQUIRE(whole->append(0, values, ids).ok());
  REQUIRE(whole->publish().ok());
  auto parts = TableWriter::create(folder / "parts", {{.dim = 3, .keys = KeyKind::u64}});
  for (std::size_t row = 0; row < 3; ++row) {
    const auto bytes = std::as_bytes(std::span(values).subspan(row * 3, 3));
    REQUIRE(parts->append_encoded(0, bytes, {}, std::span(ids).subspan(row, 1)).ok());
    REQUIRE(parts->append_encoded(0, {}, {}, {}).ok());
  }
  REQUIRE(parts->publish().ok());
  CHECK(test::read_file(folder / "whole") == test::read_file(folder / "parts"));
}

TEST_CASE("tables in memory, and tables of one file, are saved with all they have") {
  const test::TemporaryFolder folder;
  const auto fresh = Table::create({.rows = 9, .dim = 5, .dtype = DType::f16, .pad_rows = true, .name = "fresh"});
  REQUIRE(fresh.ok());
  auto tables = Table::open_all(ROWAN_GOLDEN_FOLDER "/native-1.0.safetensors").value();
  tables.push_back(*fresh);
  const auto report = save_tables(folder / "all.safetensors", tables);
  REQUIRE_MESSAGE(report.ok(), report.error().message);
  CHECK(report->rows == 5 + 3 + 9);
  const auto again = Table::open_all(folder / "all.safetensors");
  REQUIRE(again.ok());
  REQUIRE(again->size() == 3);
  CHECK(again->at(0).vocabulary().find(test::golden_keys[2]) == 2);
  CHECK(again->at(1).vocabulary().find(UINT64_MAX) == 2);
  CHECK(again->at(2).row_stride() == 64);
  CHECK(std::memcmp(again->at(2).view().data(), fresh->view().data(), 9 * 64) == 0);
  CHECK(verify(folder / "all.safetensors").ok());
  CHECK(!save_tables(folder / "none.safetensors", {}).ok());
}

TEST_CASE("views that would reach beyond their memory are refused") {
  const std::vector<std::byte> bytes(100);
  CHECK(TableView::over(bytes, 5, 5, DType::f32).ok());
  CHECK(TableView::over(bytes, 0, 1000, DType::f32).ok());
  CHECK(TableView::over(bytes, 6, 5, DType::f32).error().code == Code::invalid_argument);
  CHECK(TableView::over(bytes, 5, 0, DType::f32).error().code == Code::invalid_argument);
  CHECK(TableView::over(bytes, 2, 5, DType::f32, 80).ok());
  CHECK(!TableView::over(bytes, 2, 5, DType::f32, 81).ok());
  CHECK(!TableView::over(bytes, 2, 5, DType::f32, 19).ok());
  constexpr std::uint64_t extremes[] = {
      1, 2, (1ULL << 31) - 1, 1ULL << 31, (1ULL << 32) - 1, 1ULL << 32, (1ULL << 63) - 1, 1ULL << 63, UINT64_MAX};
  std::size_t accepted = 0;
  for (const std::uint64_t rows : extremes) {
    for (const std::uint64_t dim : extremes) {
      for (const std::uint64_t stride : extremes) {
        for (const DType dtype : {DType::f32, DType::bf16}) {
          const auto view = TableView::over(bytes, rows, dim, dtype, stride);
          accepted += view.ok() && (rows > 2 || dim > 2);
        }
      }
    }
  }
  CHECK(accepted == 0);
  const std::vector<float> values(12);
  CHECK(TableView::over(values, 4).value().rows() == 3);
  CHECK(!TableView::over(values, 5).ok());
  CHECK(!TableView::over(values, 0).ok());
}
