// GGUF, versions 2 and 3: pairs of key and value, what each tensor is, then the tensors' data one behind the other.
#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "engine/formats/cursor.hpp"
#include "engine/formats/ggml_blocks.hpp"
#include "engine/formats/registry.hpp"
#include "engine/support/checked.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

constexpr std::string_view table_name = "token_embd.weight";
constexpr std::string_view tokens_key = "tokenizer.ggml.tokens";
constexpr std::string_view alignment_key = "general.alignment";
constexpr std::string_view architecture_key = "general.architecture";
constexpr std::string_view split_count_key = "split.count";
constexpr std::string_view split_number_key = "split.no";

constexpr std::uint32_t max_dimensions = 4;
constexpr int max_gguf_nesting = 8;                ///< of arrays; those of real files are flat
constexpr std::uint64_t max_tensors = 1ULL << 18;  ///< of each more is kept than it need take in a file
constexpr std::uint64_t least_pair = 14;           ///< bytes of a key of one letter, a type and a value of one byte
constexpr std::uint64_t least_tensor = 24;         ///< bytes of a nameless number

/// Types of values.
enum ValueType : std::uint32_t { u16_value = 2, u32_value = 4, text_value = 8, array_value = 9 };

/// Bytes of a value of that type; 0 where they vary, empty for a type that there is not.
std::optional<std::uint64_t> value_bytes(std::uint32_t type) noexcept {
  constexpr std::array<std::uint8_t, 13> bytes = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  if (type >= bytes.size()) return std::nullopt;
  return bytes[type];
}

/// A type of elements, by ggml's number for it. The size of blocks is not given of types that ggml has given up.
struct TensorType {
  std::string_view name;
  Encoding encoding = Encoding::other;
  BlockSize other_block = {};
};
constexpr std::array<TensorType, 43> tensor_types = {{
    {"F32", Encoding::f32},
    {"F16", Encoding::f16},
    {"Q4_0", Encoding::q4_0},
    {"Q4_1", Encoding::q4_1},
    {"Q4_2"},
    {"Q4_3"},
    {"Q5_0", Encoding::q5_0},
    {"Q5_1", Encoding::q5_1},
    {"Q8_0", Encoding::q8_0},
    {"Q8_1", Encoding::other, {32, 36}},
    {"Q2_K", Encoding::other, {256, 84}},
    {"Q3_K", Encoding::other, {256, 110}},
    {"Q4_K", Encoding::q4_k},
    {"Q5_K", Encoding::q5_k},
    {"Q6_K", Encoding::q6_k},
    {"Q8_K", Encoding::other, {256, 292}},
    {"IQ2_XXS", Encoding::other, {256, 66}},
    {"IQ2_XS", Encoding::other, {256, 74}},
    {"IQ3_XXS", Encoding::other, {256, 98}},
    {"IQ1_S", Encoding::other, {256, 50}},
    {"IQ4_NL", Encoding::other, {32, 18}},
    {"IQ3_S", Encoding::other, {256, 110}},
    {"IQ2_S", Encoding::other, {256, 82}},
    {"IQ4_XS", Encoding::other, {256, 136}},
    {"I8", Encoding::i8},
    {"I16", Encoding::other, {1, 2}},
    {"I32", Encoding::other, {1, 4}},
    {"I64", Encoding::other, {1, 8}},
    {"F64", Encoding::f64},
    {"IQ1_M", Encoding::other, {256, 56}},
    {"BF16", Encoding::bf16},
    {"Q4_0_4_4"},
    {"Q4_0_4_8"},
    {"Q4_0_8_8"},
    {"TQ1_0", Encoding::other, {256, 54}},
    {"TQ2_0", Encoding::other, {256, 66}},
    {"IQ4_NL_4_4"},
    {"IQ4_NL_4_8"},
    {"IQ4_NL_8_8"},
    {"MXFP4", Encoding::other, {32, 17}},
    {"NVFP4", Encoding::other, {64, 36}},
    {"Q1_0", Encoding::other, {128, 18}},
    {"Q2_0", Encoding::other, {64, 18}},
}};

/// Bytes of a tensor that has rows of whole blocks; empty where they do not fit 64 bits.
std::optional<std::uint64_t> bytes_of(const std::vector<std::uint64_t>& shape, BlockSize block) {
  if (std::find(shape.begin(), shape.end(), 0U) != shape.end()) return 0;
  std::uint64_t elements = 1;
  for (const std::uint64_t size : shape) {
    const auto product = checked_multiply(elements, size);
    if (!product) return std::nullopt;
    elements = *product;
  }
  return checked_multiply(elements / block.elements, block.bytes);
}

/// One file, read once from its start to the start of its data.
class Gguf {
 public:
  Gguf(std::span<const std::byte> file, const std::string& path) : file_(file), path_(path), cursor_(file, path) {}

  Result<FoundFile> read() {
    found_.what = "a GGUF model";
    if (auto good = read_version(); !good) return good.error();
    const auto tensors = cursor_.take<std::uint64_t>("the number of tensors");
    const auto pairs = cursor_.take<std::uint64_t>("the number of keys");
    if (!cursor_.ok()) return cursor_.error();
    if (auto good = read_pairs(pairs); !good) return good.error();
    if (auto good = read_tensors(tensors); !good) return good.error();
    if (auto good = place_data(); !good) return good.error();
    if (auto good = name_table(); !good) return good.error();
    note_split();
    return std::move(found_);
  }

 private:
  template <class... Parts>
  Error malformed(const Parts&... parts) const {
    return make_error(Code::malformed_file, path_, ": ", parts...);
  }
  template <class... Parts>
  Error unsupported(const Parts&... parts) const {
    return make_error(Code::format_unsupported, path_, ": ", parts...);
  }

  Result<void> read_version() {
    const std::string_view magic = cursor_.take_text(4, "the magic GGUF");
    const auto version = cursor_.take<std::uint32_t>("the version");
    if (!cursor_.ok()) return cursor_.error();
    if (magic != "GGUF") return malformed("it does not start with GGUF");
    if (version == 0) return malformed("it claims the version 0 of GGUF; the first was 1");
    if ((version & 0xFFFFU) == 0) {
      return unsupported("its numbers are big-endian; GGUF is read where they are little-endian");
    }
    if (version == 1) return unsupported("its version of GGUF is 1, which was given up; versions 2 and 3 are read");
    if (version > 3) return unsupported("its version of GGUF is ", version, "; versions 2 and 3 are read");
    return {};
  }

  std::string_view take_text(const char* what) {
    const auto length = cursor_.take<std::uint64_t>(what);
    return cursor_.take_text(length, what);
  }

  Result<void> read_pairs(std::uint64_t count) {
    if (count > cursor_.left() / least_pair) {
      return malformed("it claims ", count, " keys, and only ", cursor_.left(), " bytes are left for them");
    }
    std::vector<std::string_view> keys;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string_view key = take_text("a key");
      const auto type = cursor_.take<std::uint32_t>("the type of a value");
      if (!cursor_.ok()) return cursor_.error();
      if (key.empty()) return malformed("the key before byte ", cursor_.at(), " is empty");
      keys.push_back(key);
      if (auto good = read_value(key, type); !good) return good.error();
      if (!cursor_.ok()) return cursor_.error();
    }
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice != keys.end()) return malformed("it has the key ", in_quotes(*twice), " twice");
    return {};
  }

  Result<void> read_value(std::string_view key, std::uint32_t type) {
    if (key == architecture_key) {
      if (type != text_value) return malformed("the value of ", key, " is not text");
      found_.what = concat("a GGUF model (architecture ", take_text("the architecture"), ")");
      return {};
    }
    if (key == alignment_key) {
      if (type != u32_value) return malformed("the value of ", key, " is not a number of 32 bits without a sign");
      alignment_ = cursor_.take<std::uint32_t>("the alignment");
      if (cursor_.ok() && (!std::has_single_bit(alignment_) || alignment_ < 8)) {
        return malformed("its ", key, " is ", alignment_, "; a power of two of at least 8 would be read");
      }
      return {};
    }
    if (key == split_count_key || key == split_number_key) {
      Cursor ahead = cursor_;
      std::uint64_t& part = key == split_count_key ? parts_ : part_;
      if (type == u16_value) part = ahead.take<std::uint16_t>("a number");
      if (type == u32_value) part = ahead.take<std::uint32_t>("a number");
    }
    if (key == tokens_key) {
      Cursor ahead = cursor_;
      const auto element = ahead.take<std::uint32_t>("the type of the tokens");
      if (type != array_value || (ahead.ok() && element != text_value)) {
        return malformed("the value of ", key, " is not an array of texts");
      }
      tokens_at_ = ahead.at();
    }
    return skip_value(key, type, 0);
  }

  /// Passes a value, `nesting` arrays deep. Where the file ends in it, the cursor knows.
  Result<void> skip_value(std::string_view key, std::uint32_t type, int nesting) {
    const auto bytes = value_bytes(type);
    if (!bytes) return malformed("the key ", in_quotes(key), " has a value of type ", type, "; types are 0 to 12");
    if (type == text_value) {
      take_text("a text");
    } else if (type == array_value) {
      return skip_array(key, nesting + 1);
    } else {
      cursor_.skip(*bytes, "a value");
    }
    return {};
  }

  Result<void> skip_array(std::string_view key, int nesting) {
    if (nesting > max_gguf_nesting) {
      return unsupported("the key ", in_quotes(key), " has arrays more than ", max_gguf_nesting, " deep");
    }
    const auto type = cursor_.take<std::uint32_t>("the type of an array");
    const auto count = cursor_.take<std::uint64_t>("the length of an array");
    const auto fixed = value_bytes(type);
    if (!cursor_.ok()) return {};
    if (!fixed) return malformed("the key ", in_quotes(key), " has an array of type ", type, "; types are 0 to 12");
    const std::uint64_t least = type == array_value ? 12 : type == text_value ? 8 : *fixed;
    if (count > cursor_.left() / least) {
      return malformed("the key ", in_quotes(key), " claims an array of ", count, " values, and only ", cursor_.left(),
                       " bytes are left for them");
    }
    if (*fixed != 0) {
      cursor_.skip(count * *fixed, "an array");
      return {};
    }
    for (std::uint64_t i = 0; i < count && cursor_.ok(); ++i) {
      if (auto good = skip_value(key, type, nesting); !good) return good.error();
    }
    return {};
  }

  Result<void> read_tensors(std::uint64_t count) {
    if (count > cursor_.left() / least_tensor) {
      return malformed("it claims ", count, " tensors, and only ", cursor_.left(), " bytes are left for them");
    }
    if (count > max_tensors) return unsupported("it has ", count, " tensors; at most ", max_tensors, " are read");
    std::vector<std::string_view> names;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (auto good = read_tensor(); !good) return good.error();
    }
    for (const FoundTensor& tensor : found_.tensors) names.emplace_back(tensor.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) return malformed("it has the tensor ", in_quotes(*twice), " twice");
    return {};
  }

  Result<void> read_tensor() {
    FoundTensor tensor;
    tensor.name = take_text("the name of a tensor");
    const auto dimensions = cursor_.take<std::uint32_t>("the number of a tensor's dimensions");
    if (!cursor_.ok()) return cursor_.error();
    if (dimensions > max_dimensions) {
      return unsupported("tensor ", in_quotes(tensor.name), " has ", dimensions, " dimensions; at most ",
                         max_dimensions, " are read");
    }
    for (std::uint32_t d = 0; d < dimensions; ++d) {
      tensor.shape.push_back(cursor_.take<std::uint64_t>("the shape of a tensor"));
    }
    std::reverse(tensor.shape.begin(), tensor.shape.end());  // in the file the innermost comes first
    const auto type = cursor_.take<std::uint32_t>("the type of a tensor");
    tensor.offset = cursor_.take<std::uint64_t>("the offset of a tensor");
    if (!cursor_.ok()) return cursor_.error();
    BlockSize block;
    if (type < tensor_types.size()) {
      tensor.type = tensor_types[type].name;
      tensor.encoding = tensor_types[type].encoding;
      block = tensor.encoding == Encoding::other ? tensor_types[type].other_block : block_size(tensor.encoding);
    } else {
      tensor.type = concat("number ", type);
    }
    tensor.advice =
        "; F32, F16, BF16, F64, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K are: make it one of them with "
        "llama-quantize --allow-requantize --token-embedding-type f16 FILE NEW.gguf Q8_0";
    found_.tensors.push_back(std::move(tensor));
    blocks_.push_back(block);
    return {};
  }

  /// Holds the tensors against the data, in which each begins where the one before it ends, but for padding. Of a type
  /// whose size is not known only the beginning can be held.
  Result<void> place_data() {
    if (found_.tensors.empty()) return {};
    const auto data_begin = checked_round_up(cursor_.at(), alignment_);
    if (!data_begin || *data_begin > file_.size()) {
      return malformed("it ends at byte ", file_.size(), ", before the data of its tensors");
    }
    const std::uint64_t data_bytes = file_.size() - *data_begin;
    std::optional<std::uint64_t> expected = 0;
    for (std::size_t i = 0; i < found_.tensors.size(); ++i) {
      FoundTensor& tensor = found_.tensors[i];
      const BlockSize block = blocks_[i];
      const std::string name = in_quotes(tensor.name);
      if (expected && tensor.offset != *expected) {
        return malformed("tensor ", name, " begins at byte ", tensor.offset, " of the data and not at ", *expected,
                         ": tensors follow one another, padded to ", alignment_, " bytes");
      }
      if (tensor.offset % alignment_ != 0) {
        return malformed("tensor ", name, " begins at byte ", tensor.offset, " of the data, which is no multiple of ",
                         alignment_);
      }
      if (tensor.offset > data_bytes) return cut_short(name, tensor.offset, "begins", data_bytes);
      expected.reset();
      if (block.elements != 0) {
        const std::uint64_t row = tensor.shape.empty() ? 1 : tensor.shape.back();
        if (row % block.elements != 0) {
          return malformed("tensor ", name, " has rows of ", row, " elements; those of type ", tensor.type,
                           " are whole blocks of ", block.elements);
        }
        const auto bytes = bytes_of(tensor.shape, block);
        if (!bytes) return malformed("tensor ", name, " has a shape whose bytes 64 bits cannot count");
        const auto end = checked_add(tensor.offset, *bytes);
        if (!end || *end > data_bytes) {
          return cut_short(name, end.value_or(std::numeric_limits<std::uint64_t>::max()), "ends", data_bytes);
        }
        expected = checked_round_up(*end, alignment_);
      }
      tensor.offset += *data_begin;  // no further than the file's size
    }
    return {};
  }

  Error cut_short(std::string_view name, std::uint64_t at, const char* verb, std::uint64_t data_bytes) const {
    return malformed("tensor ", name, " ", verb, " at byte ", at, " of the data, of which the file has ", data_bytes,
                     ": the file was cut short");
  }

  /// Says which tensor is the table, and what its rows' keys are.
  Result<void> name_table() {
    const auto table = std::find_if(found_.tensors.begin(), found_.tensors.end(),
                                    [](const FoundTensor& tensor) { return tensor.name == table_name; });
    if (table != found_.tensors.end()) found_.table = table_name;
    if (!tokens_at_) return {};
    cursor_ = Cursor(file_, path_);
    cursor_.skip(*tokens_at_, "the tokens");
    const auto tokens = cursor_.take<std::uint64_t>("the number of tokens");
    if (table == found_.tensors.end()) {
      found_.notes.push_back(
          concat("its ", tokens, " tokens are left out: it has no tensor ", table_name, " whose rows they would name"));
      return {};
    }
    const std::uint64_t rows = table->shape.size() == 2 ? table->shape.front() : 0;
    if (tokens > rows) {
      found_.notes.push_back(
          concat("its ", tokens, " tokens are left out: they are more than the rows of ", table_name, ", ", rows));
      return {};
    }
    for (std::uint64_t i = 0; i < tokens; ++i) found_.keys.push_back(take_text("a token"));
    found_.rows_are_ids = true;
    if (!cursor_.ok()) return cursor_.error();
    return {};
  }

  /// A model may be split over several files, of which the first has the tokens and any the table.
  void note_split() {
    if (parts_ < 2) return;
    found_.what = concat(found_.what, ", file ", part_ + 1, " of ", parts_);
    found_.notes.push_back(concat("it is file ", part_ + 1, " of the ", parts_,
                                  " that its model is split into, each of ",
                                  "which has tensors of its own; llama-gguf-split --merge makes one file of them"));
  }

  std::span<const std::byte> file_;
  const std::string& path_;
  Cursor cursor_;
  FoundFile found_;
  std::uint64_t parts_ = 0;        ///< files that the model is split into, where it is
  std::uint64_t part_ = 0;         ///< which of them this is, from 0
  std::vector<BlockSize> blocks_;  ///< of each tensor; {0, 0} where not known
  std::uint64_t alignment_ = 32;
  std::optional<std::uint64_t> tokens_at_;  ///< where their number stands
};

Result<FoundFile> read_gguf(std::span<const std::byte> file, const std::string& path) {
  return Gguf(file, path).read();
}

bool probe_gguf(std::string_view start) { return start.starts_with("GGUF"); }

}  // namespace

constinit const Format gguf_format = {.id = SourceFormat::gguf,
                                      .spelling = "gguf",
                                      .noun = "a GGUF model",
                                      .family = "GGUF",
                                      .endings = {".gguf"},
                                      .probe = probe_gguf,
                                      .read = read_gguf};

}  // namespace rowan::detail
