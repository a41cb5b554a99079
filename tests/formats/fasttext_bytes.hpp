// fastText models made by hand, with the places of their fields.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/formats/little_endian.hpp"

namespace rowan::test {

struct FastTextFile {
  std::int32_t version = 12;
  std::int32_t dim = 3;
  std::int32_t model = 2;
  std::int32_t bucket = 5;
  std::int32_t minn = 2;
  std::int32_t maxn = 3;
  std::vector<std::string> words = {"</s>", "ab", "na\xC3\xAFve"};
  std::vector<std::string> labels;
  bool pruned = false;
  std::vector<std::pair<std::int32_t, std::int32_t>> kept;
  bool quantized = false;
  bool norms = false;
  bool quantized_output = false;

  std::string bytes;
  std::map<std::string, std::size_t> at;  ///< where a field lies

  /// Of element c of row r of the dense input: any number that tells where it comes from.
  static float value(std::uint64_t r, std::uint64_t c) { return 0.1F * static_cast<float>(r) + static_cast<float>(c); }

  FastTextFile& build() {
    bytes.clear();
    field("magic", std::int32_t{793712314});
    field("version", version);
    field("dim", dim);
    for (const std::int32_t unused : {5, 5, 1, 5, 1, 2}) put(bytes, unused);
    field("model", model);
    field("bucket", bucket);
    field("minn", minn);
    field("maxn", maxn);
    put(bytes, std::int32_t{100});
    put(bytes, 1e-4);
    field("size", static_cast<std::int32_t>(words.size() + labels.size()));
    field("words", static_cast<std::int32_t>(words.size()));
    field("labels", static_cast<std::int32_t>(labels.size()));
    put(bytes, std::int64_t{1000});
    field("kept", pruned ? static_cast<std::int64_t>(kept.size()) : std::int64_t{-1});
    for (const std::string& word : words) entry("entry of a word", word, 0);
    for (const std::string& label : labels) entry("entry of a label", label, 1);
    for (const auto& [from, to] : kept) {
      field("kept from", from);
      field("kept to", to);
    }
    field("quantized", std::uint8_t{quantized});
    const std::size_t ngrams = pruned ? kept.size() : static_cast<std::size_t>(bucket);
    matrix("input", words.size() + ngrams, quantized);
    field("quantized output", std::uint8_t{quantized_output});
    matrix("output", model == 3 ? labels.size() : words.size(), quantized && quantized_output);
    return *this;
  }

 private:
  template <class Number>
  void field(const std::string& name, Number number) {
    at[name] = bytes.size();
    put(bytes, number);
  }
  void entry(const std::string& name, const std::string& text, std::int8_t type) {
    bytes += text;
    bytes += '\0';
    put(bytes, std::int64_t{7});
    field(name, type);
  }
  void quantizer(const std::string& name, std::int32_t columns, std::int32_t part_columns) {
    const std::int32_t parts = (columns + part_columns - 1) / part_columns;
    field(name + " quantizer", columns);
    put(bytes, parts);
    put(bytes, part_columns);
    put(bytes, columns - (parts - 1) * part_columns);
    at[name + " centroids"] = bytes.size();
    for (std::int32_t i = 0; i < 256 * columns; ++i) put(bytes, 0.25F * static_cast<float>(i));
  }
  void matrix(const std::string& name, std::size_t rows, bool in_codes) {
    if (in_codes) field(name + " norms", std::uint8_t{norms});
    field(name + " rows", static_cast<std::int64_t>(rows));
    field(name + " columns", static_cast<std::int64_t>(dim));
    const auto columns = static_cast<std::size_t>(dim);
    if (!in_codes) {
      at[name] = bytes.size();
      for (std::size_t i = 0; i < rows * columns; ++i) put(bytes, value(i / columns, i % columns));
      return;
    }
    const std::size_t codes = rows * ((columns + 1) / 2);
    field(name + " codes", static_cast<std::int32_t>(codes));
    at[name] = bytes.size();
    for (std::size_t i = 0; i < codes; ++i) put(bytes, static_cast<std::uint8_t>(37 * i + 1));
    quantizer(name, dim, 2);
    if (!norms) return;
    at[name + " norm codes"] = bytes.size();
    for (std::size_t i = 0; i < rows; ++i) put(bytes, static_cast<std::uint8_t>(i + 2));
    quantizer(name + " norm", 1, 1);
  }
};

}  // namespace rowan::test
