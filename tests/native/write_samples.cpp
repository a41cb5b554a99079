// Writes files for independent_reader.py into the folder given: element [r, c] of every table is 8 r + c.
#include <cstdio>
#include <string>
#include <vector>

#include "tests/native/samples.hpp"

using namespace rowan;

namespace {

bool write(const std::string& path, const std::vector<TableLayout>& layouts, std::uint64_t rows) {
  auto writer = TableWriter::create(path, layouts, {.overwrite = true});
  if (!writer) return std::printf("%s\n", writer.error().message.c_str()) < 0;
  for (std::size_t i = 0; i < layouts.size(); ++i) {
    std::vector<std::string> text;
    std::vector<std::uint64_t> ids;
    std::vector<float> values;
    for (std::uint64_t row = 0; row < rows; ++row) {
      text.push_back("row " + std::to_string(row));
      ids.push_back(row + 1000);
      for (std::uint64_t c = 0; c < layouts[i].dim; ++c) values.push_back(static_cast<float>(8 * row + c));
    }
    const std::vector<std::string_view> keys(text.begin(), text.end());
    const Result<void> good = layouts[i].keys == KeyKind::none    ? writer->append(i, values)
                              : layouts[i].keys == KeyKind::bytes ? writer->append(i, values, keys)
                                                                  : writer->append(i, values, ids);
    if (!good) return std::printf("%s\n", good.error().message.c_str()) < 0;
  }
  const auto report = writer->publish();
  if (!report) return std::printf("%s\n", report.error().message.c_str()) < 0;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string folder = std::string(argv[1]) + "/";
  bool good = write(folder + "plain.safetensors", {{.name = "embedding", .dim = 7}}, 20);
  good &= write(folder + "empty.safetensors", {{.name = "none", .dim = 7, .keys = KeyKind::bytes}}, 0);
  good &= write(folder + "large.safetensors", {{.name = "large", .dim = 3}}, 300'000);
  good &= write(folder + "many.safetensors",
                {{.name = "half", .dim = 3, .dtype = DType::f16, .keys = KeyKind::bytes},
                 {.name = "brain", .dim = 5, .dtype = DType::bf16, .keys = KeyKind::u64, .pad_rows = true},
                 {.name = "caf\xC3\xA9 \"quoted\" \\", .dim = 1, .pad_rows = true},
                 {.name = "wide", .dim = 100, .keys = KeyKind::u64}},
                11);
  good &= write(folder + "narrow.safetensors",
                {{.name = "e4m3", .dim = 9, .dtype = DType::f8_e4m3},
                 {.name = "e5m2", .dim = 9, .dtype = DType::f8_e5m2, .keys = KeyKind::u64, .pad_rows = true},
                 {.name = "bytes", .dim = 30, .dtype = DType::i8, .keys = KeyKind::bytes},
                 {.name = "nibbles", .dim = 31, .dtype = DType::i4, .keys = KeyKind::u64, .pad_rows = true},
                 {.name = "pairs", .dim = 5, .dtype = DType::i2}},
                40);
  return good ? 0 : 1;
}
