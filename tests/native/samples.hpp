// Files that tests write and read: the golden one, and building blocks for damaged ones.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/files/checksum.hpp"
#include "engine/support/bytes.hpp"
#include "engine/support/error.hpp"
#include "rowan/checkpoint.hpp"
#include "rowan/file.hpp"

namespace rowan::test {

using namespace std::literals;

inline const std::vector<std::string_view> golden_keys = {"the", "", "\xFF\xFE invalid"sv, "caf\xC3\xA9", ". . ."};
inline const std::vector<std::uint64_t> golden_ids = {42, 0, UINT64_MAX};
/// words: f32 [5, 3].
inline const std::vector<float> golden_words = {1.0F,
                                                -2.5F,
                                                0.1F,
                                                -0.0F,
                                                std::numeric_limits<float>::denorm_min(),
                                                std::numeric_limits<float>::max(),
                                                std::numeric_limits<float>::infinity(),
                                                -std::numeric_limits<float>::infinity(),
                                                3.0e-5F,
                                                7.0F,
                                                8.0F,
                                                9.0F,
                                                -1.0F,
                                                -2.0F,
                                                -3.0F};
/// items: bf16 [3, 5], all exact, in rows of 64 bytes.
inline const std::vector<float> golden_items = {1, 2, 3, 4, 5, -1, -2, -3, -4, -5, 0.5F, 0.25F, 128, 256, 65536};

/// Writes the file that tests/golden/native-1.0.safetensors is.
inline Result<WriteReport> write_golden(const std::string& path) {
  Result<TableWriter> writer = TableWriter::create(
      path, {{.name = "words", .dim = 3, .keys = KeyKind::bytes},
             {.name = "items", .dim = 5, .dtype = DType::bf16, .keys = KeyKind::u64, .pad_rows = true}});
  if (!writer) return writer.error();
  if (const auto good = writer->append(0, golden_words, golden_keys); !good) return good.error();
  if (const auto good = writer->append(1, golden_items, golden_ids); !good) return good.error();
  return writer->publish();
}

/// Values of the tables of native-1.1.safetensors: exact in f8_e4m3, and ends of its range.
inline const std::vector<float> golden_small = {448, -0.001953125F, 0.5F, -0.0F, 1.875F, 18};

/// Writes the file that tests/golden/native-1.1.safetensors is: tables of the types that version 1.0 has not.
inline Result<WriteReport> write_golden_1_1(const std::string& path) {
  Result<TableWriter> writer = TableWriter::create(
      path, {{.name = "e4m3", .dim = 3, .dtype = DType::f8_e4m3},
             {.name = "e5m2", .dim = 3, .dtype = DType::f8_e5m2, .pad_rows = true},
             {.name = "bytes", .dim = 3, .dtype = DType::i8, .keys = KeyKind::bytes},
             {.name = "nibbles", .dim = 5, .dtype = DType::i4, .keys = KeyKind::u64, .pad_rows = true},
             {.name = "pairs", .dim = 5, .dtype = DType::i2}});
  if (!writer) return writer.error();
  if (const auto good = writer->append(0, golden_small); !good) return good.error();
  if (const auto good = writer->append(1, golden_small); !good) return good.error();
  const std::span<const std::string_view> keys(golden_keys);
  if (const auto good = writer->append(2, golden_small, keys.first(2)); !good) return good.error();
  const auto items = std::span<const float>(golden_items).first(10);  // the last row has a range too wide for f16
  const std::span<const std::uint64_t> ids(golden_ids);
  if (const auto good = writer->append(3, items, ids.first(2)); !good) return good.error();
  if (const auto good = writer->append(4, items); !good) return good.error();
  return writer->publish();
}

/// State of the optimizers in native-1.2.safetensors: element i of a tensor is (i + 1) / 8.
inline constexpr std::uint64_t golden_steps = 7;
inline float golden_state(std::size_t i) { return static_cast<float>(i + 1) / 8.0F; }

/// Writes the file that tests/golden/native-1.2.safetensors is: the tables of the golden file of version 1.0, as those
/// of a checkpoint.
inline Result<WriteReport> write_golden_1_2(const std::string& path, std::span<const Table> tables) {
  const Algorithm algorithms[] = {Adam{.lr = 0.0021F,
                                       .beta1 = 0.9F,
                                       .beta2 = 0.998F,
                                       .eps = 1e-8F,
                                       .weight_decay = {.rate = 0.1F, .decoupled = true}},
                                  RowWiseAdagrad{.lr = 1.0F / 3.0F}};
  const OptimizerOptions options = {.rounding = Rounding::stochastic, .seed = UINT64_MAX};
  std::vector<Optimizer> optimizers;
  std::vector<Trained> trained;
  for (const Algorithm& algorithm : algorithms) {
    auto optimizer = Optimizer::create(tables[optimizers.size()], algorithm, options);
    if (!optimizer) return optimizer.error();
    for (const StateTensor& state : optimizer->state()) {
      for (std::size_t i = 0; i < state.values.size(); ++i) state.values[i] = golden_state(i);
    }
    optimizer->resume_from(golden_steps);
    optimizers.push_back(*std::move(optimizer));
  }
  for (std::size_t i = 0; i < optimizers.size(); ++i) trained.push_back({tables[i], optimizers[i]});
  return save_checkpoint(path, trained);
}

/// A safetensors file of these parts, with the header padded to `header_bytes` where that is more.
inline std::string safetensors_file(std::string json, std::string_view data, std::size_t header_bytes = 0) {
  if (header_bytes > json.size() + 8) json.resize(header_bytes - 8, ' ');
  const std::uint64_t length = json.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + json + std::string(data);
}

/// A tensor, and a file of some.
struct Part {
  std::string_view name;
  std::string_view dtype;
  std::string_view shape;
  std::string bytes;
};

inline std::string file_of(const std::vector<Part>& parts) {
  std::string json;
  std::string data;
  for (const Part& part : parts) {
    json += detail::concat(json.empty() ? "{" : ",", "\"", part.name, "\":{\"dtype\":\"", part.dtype,
                           "\",\"shape\":", part.shape, ",\"data_offsets\":[", data.size(), ",",
                           data.size() + part.bytes.size(), "]}");
    data += part.bytes;
  }
  return safetensors_file(json + "}", data);
}

/// Gives a small native file, whose last tensor is a rowan.checksum [2] of eight-byte numbers, the right ones.
inline std::string sealed(std::string file) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  const auto bytes = detail::as_bytes(file);
  const std::size_t data_begin = 8 + length;
  const std::uint64_t sums[2] = {detail::hash_bytes(bytes.first(data_begin)),
                                 detail::hash_bytes(bytes.subspan(data_begin, file.size() - 16 - data_begin))};
  std::memcpy(file.data() + file.size() - 16, sums, 16);
  return file;
}

inline std::string with_replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) return "nothing was replaced";
  return text.replace(at, from.size(), to);
}

}  // namespace rowan::test
