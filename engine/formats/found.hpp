// What the reader of a foreign format says that a file holds. Readers only claim; check.hpp holds what they claim
// against the file, and nothing else makes a table of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/formats/model_config.hpp"

namespace rowan::detail {

/// How elements are stored. The q ones are ggml's, in blocks that share a scale.
enum class Encoding : std::uint8_t {
  f32,
  f16,
  bf16,
  f8_e4m3,
  f8_e5m2,
  f64,
  i8,  ///< the numbers -128 to 127 themselves
  u2,  ///< codes without a sign, those in the lowest bits first
  u4,
  u8,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q8_0,
  q4_k,
  q5_k,
  q6_k,
  product,  ///< codes of a product quantiser: FoundTensor::product
  other,    ///< nothing that a table is made of: integers, text, blocks that Rowan does not decode
};

/// Whole numbers that may be codes of a quantised matrix, or its scales; else no table is made of them.
enum class Codes : std::uint8_t { none, u8, i32, u32, e8m0 };

/// A run of the file that has to be inflated (raw deflate, as in zip archives).
struct Deflated {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t inflated = 0;  ///< bytes that it claims to become
  std::uint32_t crc32 = 0;     ///< that it claims of those
};

/// A row is a code of 8 bits for each of `parts` runs of columns, which names one of the run's centroids; the runs one
/// behind the other, projected and scaled where that is said. Centroids of part p are [centroids, columns of p] f32,
/// the parts one behind the other. All places are offsets in the file.
struct ProductQuantized {
  std::uint64_t parts = 0;
  std::uint64_t part_columns = 0;  ///< of all parts but the last, which has the columns that are left
  std::uint64_t centroids = 256;   ///< of a part
  std::uint64_t centroids_offset = 0;
  std::optional<std::uint64_t> projection_offset = {};      ///< f32 [dim, dim]: row = quantised row x its transpose
  std::optional<std::uint64_t> norms_offset = {};           ///< f32 [rows]
  std::optional<std::uint64_t> norm_codes_offset = {};      ///< u8 [rows]
  std::optional<std::uint64_t> norm_centroids_offset = {};  ///< f32 [256], where there are codes
};

/// What the codes of a tensor are multiplied with. Places are offsets in the file.
struct Scaling {
  enum class Kind : std::uint8_t {
    one,        ///< `scale`, all of them
    exponents,  ///< a byte for each group of a row's columns, 2 to the power of which less 127; of 255, NaN
    affine,     ///< a scale and a bias for each group of a row's columns: scale x code + bias
  };
  Kind kind = Kind::one;
  float scale = 1;
  std::uint64_t groups = 0;  ///< of a row
  std::uint64_t group = 0;   ///< columns of one
  Encoding encoding = Encoding::f32;
  std::uint64_t scales_offset = 0;
  std::uint64_t biases_offset = 0;
  std::string names = {};  ///< of the tensors that they stand in, for sentences
};

struct FoundTensor {
  std::string name;
  std::string type;                                       ///< of its elements, as the format spells it
  std::string_view advice = "; floating-point ones are";  ///< where that type is not read: what is, and the way out
  Encoding encoding = Encoding::other;
  Codes codes = Codes::none;           ///< of other elements
  std::vector<std::uint64_t> shape;    ///< outermost first; of a product quantised one, that of its values
  std::vector<std::uint64_t> strides;  ///< of each dimension, in elements; empty: one behind the other
  bool big_endian = false;
  std::uint64_t offset = 0;  ///< of its first byte (its first code): in the file or, of a deflated one, in the inflated
  std::optional<Deflated> deflated = {};
  std::optional<ProductQuantized> product = {};
  std::optional<Scaling> scaling = {};
  /// The tensors beside it, in words, that say what its codes mean in a way that is not read. Then it is no table.
  std::string unread_scales = {};
  bool is_scale = false;  ///< of another tensor's codes, and no table unless it is named
};

struct SubwordModel;

/// A file as a reader found it. Texts are as they stand in the file; whoever prints them makes them printable.
struct FoundFile {
  std::string what;         ///< "a GGUF model": the noun of sentences
  std::string_view family;  ///< Format::family of what is in a container; else empty
  std::vector<FoundTensor> tensors;
  ModelConfig config = {};  ///< what a configuration beside it says
  /// The tensor that is the table, where the format says so; empty: the usual names are tried, then the only matrix.
  std::string table;
  /// Keys of the table's first rows, in order; as many as rows or fewer. They lie in the file, or in `keys_owner`.
  std::vector<std::string_view> keys;
  std::shared_ptr<const void> keys_owner;
  /// Whether the number of a key's row is an id that others know the key by: then rows stay where they are, also where
  /// two have one key.
  bool rows_are_ids = false;
  /// Where keys share rows, or have weights: row i of the table, whose key is key i, is row rows_of_keys[i] of the
  /// tensor (row i, without any), times weights_of_keys[i] (once, without any). Then there are as many keys, or none.
  std::vector<std::uint64_t> rows_of_keys;
  std::vector<float> weights_of_keys;

  /// Where the vector of a key is the mean of several rows: of which. Views into the file, as `keys` are.
  std::shared_ptr<const SubwordModel> subwords;

  /// Rows of the table where they are not those of its tensor; else 0.
  std::size_t derived_rows() const noexcept {
    return rows_of_keys.empty() ? weights_of_keys.size() : rows_of_keys.size();
  }
  /// Sentences for whoever asks what the file is: what was left out, where keys could be had.
  std::vector<std::string> notes;
};

}  // namespace rowan::detail
