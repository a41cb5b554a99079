// A valid file of each foreign format, as small as one that has everything in it can be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/formats/fasttext_bytes.hpp"
#include "tests/formats/samples.hpp"
#include "tests/native/samples.hpp"
#include "tests/support/files.hpp"

namespace rowan::test {

struct SmallFile {
  std::string name;
  std::string bytes;
  bool maps = true;            ///< its rows can be looked up in place
  std::string tokenizer = {};  ///< what the tokenizer.json beside it holds; none if empty
};

/// [2, 32], whose type is ggml's number, and a token for each row.
inline std::string small_gguf(std::uint64_t type, std::size_t data_bytes, std::string_view second = "queen") {
  const auto text64 = [](std::string_view text) { return u64(text.size()) + std::string(text); };
  std::string file = "GGUF" + u32(3) + u64(1) + u64(1);
  file += text64("tokenizer.ggml.tokens") + u32(9) + u32(8) + u64(2) + text64("king") + text64(second);
  file += text64("token_embd.weight") + u32(2) + u64(32) + u64(2) + u32(type) + u64(0);
  file.resize((file.size() + 31) / 32 * 32);
  return file + std::string(data_bytes, '\0');
}

/// Two words and a matrix [2, 3].
inline std::string small_finalfusion() {
  const std::string words = u64(2) + u32(4) + "king" + u32(5) + "queen";
  std::string file = "FiFu" + u32(0) + u32(2) + u32(1) + u32(2) + u32(1) + u64(words.size()) + words;
  const std::string shape = u64(2) + u32(3) + u32(10);
  const std::size_t padding = 4 - (file.size() + 12 + shape.size()) % 4;
  const std::string array = shape + std::string(padding, '\0') + floats(6);
  return file + u32(2) + u64(array.size()) + array;
}

inline std::vector<SmallFile> small_files() {
  const std::string npy = npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", floats(6));
  const std::string tensors = safetensors_file(
      R"({"w.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"F32","shape":[3],"data_offsets":[24,36]}})",
      floats(9));
  const std::string model2vec =
      safetensors_file(R"({"embeddings":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})", floats(6));
  const std::string lines = "king 1 2\nqueen 3 4\nman 5 6\n";
  FastTextFile quantized;
  quantized.quantized = true;
  quantized.norms = true;
  const std::string checkpoint = dict_of({{"embedding.weight", tensor_of()}});
  return {
      {.name = "tensors.safetensors", .bytes = tensors},
      {.name = "model2vec.safetensors",
       .bytes = model2vec,
       .tokenizer = R"({"model":{"type":"BPE","vocab":{"queen":1,"king":0}}})"},
      {.name = "array.npy", .bytes = npy},
      {.name = "stored.npz", .bytes = zip_of({{.name = "a.npy", .content = npy}}).bytes},
      {.name = "deflated.npz",
       .bytes = zip_of({{.name = "a.npy", .content = npy, .deflate = true}}).bytes,
       .maps = false},
      {.name = "checkpoint.pt", .bytes = checkpoint_of(checkpoint).bytes},
      {.name = "deflated.pt", .bytes = checkpoint_of(checkpoint, floats(6), "little", true).bytes, .maps = false},
      {.name = "legacy.pt",
       .bytes = legacy_of(dict_of({{"embedding.weight", tensor_of(legacy_sample())}}), {{"0", 6, floats(6)}})},
      {.name = "model.gguf", .bytes = small_gguf(0, 256)},
      {.name = "blocks.gguf", .bytes = small_gguf(8, 68), .maps = false},
      {.name = "model.bin", .bytes = FastTextFile().build().bytes},
      {.name = "model.ftz", .bytes = quantized.build().bytes, .maps = false},
      {.name = "words.fifu", .bytes = small_finalfusion()},
      {.name = "words.txt", .bytes = lines, .maps = false},
      {.name = "words.zip",
       .bytes = zip_of({{.name = "words.txt", .content = lines, .deflate = true}}).bytes,
       .maps = false},
  };
}

/// The path of such a file in a folder, which it is written into with what belongs beside it.
inline std::string put_into(const TemporaryFolder& folder, const SmallFile& file) {
  write_file(folder / file.name, file.bytes);
  if (!file.tokenizer.empty()) write_file(folder / "tokenizer.json", file.tokenizer);
  return folder / file.name;
}

}  // namespace rowan::test
