// finalfusion files: chunks of which one is the embedding matrix and one names its rows.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "engine/formats/cursor.hpp"
#include "engine/formats/product.hpp"
#include "engine/formats/registry.hpp"
#include "engine/support/checked.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

constexpr std::string_view finalfusion_magic = "FiFu";

enum class ChunkId : std::uint32_t {
  simple_vocabulary = 1,
  array = 2,
  bucket_vocabulary = 3,
  quantized_array = 4,
  metadata = 5,
  norms = 6,
  fasttext_vocabulary = 7,
  explicit_vocabulary = 8,
  floret_vocabulary = 9,
};
constexpr std::uint32_t type_u8 = 1;
constexpr std::uint32_t type_f32 = 10;

/// What may occur once in a file.
enum class Role : std::uint8_t { vocabulary, matrix, metadata, norms };

struct Chunk {
  std::uint32_t id = 0;
  std::uint64_t begin = 0;  ///< of its content, in the file
  std::uint64_t end = 0;
};

/// The role and a noun for sentences; empty for a chunk that is not known.
std::optional<std::pair<Role, const char*>> describe(std::uint32_t id) noexcept {
  switch (static_cast<ChunkId>(id)) {
    case ChunkId::simple_vocabulary:
      return std::pair(Role::vocabulary, "vocabulary");
    case ChunkId::array:
      return std::pair(Role::matrix, "matrix");
    case ChunkId::bucket_vocabulary:
      return std::pair(Role::vocabulary, "bucket subword vocabulary");
    case ChunkId::quantized_array:
      return std::pair(Role::matrix, "quantised matrix");
    case ChunkId::metadata:
      return std::pair(Role::metadata, "metadata");
    case ChunkId::norms:
      return std::pair(Role::norms, "norms");
    case ChunkId::fasttext_vocabulary:
      return std::pair(Role::vocabulary, "fastText subword vocabulary");
    case ChunkId::explicit_vocabulary:
      return std::pair(Role::vocabulary, "explicit subword vocabulary");
    case ChunkId::floret_vocabulary:
      return std::pair(Role::vocabulary, "floret subword vocabulary");
  }
  return std::nullopt;
}

/// Reads the content of one chunk, which it has to fill.
class ChunkReader {
 public:
  ChunkReader(std::span<const std::byte> file, const std::string& path, const Chunk& chunk, const char* noun)
      : subject_(concat(path, ": its ", noun, " chunk at byte ", chunk.begin)),
        cursor_(file.first(chunk.end), subject_) {
    cursor_.skip(chunk.begin, "it");
  }

  template <class Number>
  Number take(const char* what) {
    return cursor_.take<Number>(what);
  }
  std::string_view take_text(const char* what) { return cursor_.take_text(cursor_.take<std::uint32_t>(what), what); }
  std::uint64_t left() const noexcept { return cursor_.left(); }
  bool ok() const noexcept { return cursor_.ok(); }

  template <class... Parts>
  Error malformed(const Parts&... parts) const {
    return make_error(Code::malformed_file, subject_, " ", parts...);
  }
  Error error() const { return cursor_.error(); }

  Result<void> take_type(std::uint32_t wanted, const char* what) {
    const auto type = take<std::uint32_t>(what);
    if (!ok()) return error();
    if (type == wanted) return {};
    return make_error(Code::format_unsupported, subject_, " has elements of type ", type, " as ", what, "; type ",
                      wanted, wanted == type_f32 ? " (f32)" : " (u8)", " is read");
  }
  /// Passes the bytes before an array: up to the next multiple of 4 that is not here.
  void skip_padding() { cursor_.skip(4 - cursor_.at() % 4, "its padding"); }
  /// Passes an array and returns where it begins.
  Result<std::uint64_t> take_array(std::uint64_t rows, std::uint64_t columns, std::uint64_t width, const char* what) {
    const auto elements = checked_multiply(rows, columns);
    const auto bytes = elements ? checked_multiply(*elements, width) : std::nullopt;
    if (ok() && (!bytes || *bytes > left())) {
      return malformed("claims ", what, " of ", rows, " x ", columns, " elements of ", width, " bytes and has ", left(),
                       " bytes left");
    }
    const std::uint64_t begin = cursor_.at();
    cursor_.skip(bytes.value_or(0), what);
    if (!ok()) return error();
    return begin;
  }
  Result<void> finish() const {
    if (!ok()) return error();
    if (left() == 0) return {};
    return malformed("claims ", left(), " bytes more than its content takes");
  }

 private:
  std::string subject_;
  Cursor cursor_;
};

class FileReader {
 public:
  FileReader(std::span<const std::byte> file, const std::string& path) : file_(file), path_(path) {}

  Result<FoundFile> read() {
    found_.what = "finalfusion embeddings";
    const auto chunks = find_chunks();
    if (!chunks) return chunks.error();
    for (const Chunk& chunk : *chunks) {
      if (auto read = read_chunk(chunk); !read) return read.error();
    }
    if (auto agree = check_agreement(); !agree) return agree.error();
    return std::move(found_);
  }

 private:
  template <class... Parts>
  Error malformed(const Parts&... parts) const {
    return make_error(Code::malformed_file, path_, " ", parts...);
  }

  Result<Chunk> take_chunk(Cursor& cursor, std::optional<std::uint32_t> listed = {}) const {
    Chunk chunk;
    chunk.id = cursor.take<std::uint32_t>("the beginning of a chunk");
    const auto length = cursor.take<std::uint64_t>("the length of a chunk");
    if (!cursor.ok()) return cursor.error();
    if (listed && chunk.id != *listed) {
      return malformed("has a chunk of type ", chunk.id, " at byte ", cursor.at() - 12, " where its header lists type ",
                       *listed);
    }
    if (length > cursor.left()) {
      return malformed("has a chunk of type ", chunk.id, " at byte ", cursor.at() - 12, " that claims ", length,
                       " bytes, and ", cursor.left(), " are left");
    }
    chunk.begin = cursor.at();
    cursor.skip(length, "a chunk");
    chunk.end = cursor.at();
    return chunk;
  }

  /// The chunks by the header, which lie one behind the other, and those behind them.
  Result<std::vector<Chunk>> find_chunks() {
    Cursor cursor(file_, path_);
    if (cursor.take_text(finalfusion_magic.size(), "its magic number") != finalfusion_magic) {
      return malformed("does not begin with finalfusion's '", finalfusion_magic, "'");
    }
    const auto version = cursor.take<std::uint32_t>("its version");
    const auto count = cursor.take<std::uint32_t>("its number of chunks");
    if (!cursor.ok()) return cursor.error();
    if (version != 0) {
      return make_error(Code::format_unsupported, path_, " is a finalfusion file of version ", version,
                        "; version 0 is read");
    }
    constexpr std::uint64_t least_bytes = 4 + 4 + 8;  // the id in the header and in the chunk, the length
    if (count > cursor.left() / least_bytes) {
      return malformed("claims ", count, " chunks, at least ", least_bytes, " bytes each, and has ", cursor.left(),
                       " bytes left");
    }
    std::vector<Chunk> chunks(count);
    for (Chunk& chunk : chunks) chunk.id = cursor.take<std::uint32_t>("its list of chunks");
    for (Chunk& chunk : chunks) {
      const auto found = take_chunk(cursor, chunk.id);
      if (!found) return found.error();
      chunk = *found;
    }
    // Files have been seen with a chunk more than their header lists: one that is whole and of a known type is read.
    while (cursor.left() > 0) {
      Cursor ahead = cursor;
      const auto more = take_chunk(ahead);
      const auto known = more ? describe(more->id) : std::nullopt;
      const auto same = [&](const Chunk& chunk) {
        const auto other = describe(chunk.id);
        return other && other->first == known->first;
      };
      if (!known || std::any_of(chunks.begin(), chunks.end(), same)) break;
      found_.notes.push_back(concat("a chunk of type ", more->id, " at byte ", more->begin - 12,
                                    " is not in the list of its header, and was read"));
      chunks.push_back(*more);
      cursor = ahead;
    }
    if (cursor.left() > 0) found_.notes.push_back(surplus_note(cursor.left(), "its last chunk"));
    return chunks;
  }

  Result<void> read_chunk(const Chunk& chunk) {
    const auto known = describe(chunk.id);
    if (!known) {
      // A file may have as many as it has room for: the first few tell it all.
      if (++unknown_ <= 3) {
        found_.notes.push_back(concat("a chunk of the unknown type ", chunk.id, ", ", chunk.end - chunk.begin,
                                      " bytes at byte ", chunk.begin, ", is left out"));
      }
      return {};
    }
    const auto [role, noun] = *known;
    bool& seen = seen_[static_cast<std::size_t>(role)];
    if (std::exchange(seen, true)) {
      return malformed("has a second ", noun, " chunk, at byte ", chunk.begin, ", where it has one already");
    }
    ChunkReader reader(file_, path_, chunk, noun);
    switch (static_cast<ChunkId>(chunk.id)) {
      case ChunkId::metadata:
        found_.notes.push_back(concat("its metadata, ", chunk.end - chunk.begin, " bytes of TOML at byte ", chunk.begin,
                                      ", are left out"));
        return {};
      case ChunkId::array:
        return read_array(reader);
      case ChunkId::quantized_array:
        return read_quantized(reader);
      case ChunkId::norms:
        return read_norms(reader);
      case ChunkId::floret_vocabulary:
        return read_floret(reader);
      case ChunkId::simple_vocabulary:
      case ChunkId::bucket_vocabulary:
      case ChunkId::fasttext_vocabulary:
      case ChunkId::explicit_vocabulary:
        break;
    }
    return read_vocabulary(reader, static_cast<ChunkId>(chunk.id));
  }

  Result<void> read_array(ChunkReader& reader) {
    FoundTensor matrix;
    const auto rows = reader.take<std::uint64_t>("its number of rows");
    const auto columns = reader.take<std::uint32_t>("its number of columns");
    if (auto type = reader.take_type(type_f32, "values"); !type) return type;
    if (columns == 0) return reader.malformed("has 0 columns; it has at least 1");
    reader.skip_padding();
    const auto offset = reader.take_array(rows, columns, sizeof(float), "a matrix");
    if (!offset) return offset.error();
    matrix.encoding = Encoding::f32;
    matrix.type = "f32";
    matrix.shape = {rows, columns};
    matrix.offset = *offset;
    return add_matrix(reader, std::move(matrix));
  }

  Result<void> read_quantized(ChunkReader& reader) {
    FoundTensor matrix;
    ProductQuantized product;
    const bool projection = reader.take<std::uint32_t>("whether it has a projection") != 0;
    const bool norms = reader.take<std::uint32_t>("whether it has norms") != 0;
    product.parts = reader.take<std::uint32_t>("its number of parts");
    const std::uint64_t columns = reader.take<std::uint32_t>("its number of columns");
    product.centroids = reader.take<std::uint32_t>("its number of centroids");
    const auto rows = reader.take<std::uint64_t>("its number of rows");
    if (auto type = reader.take_type(type_u8, "codes"); !type) return type;
    if (auto type = reader.take_type(type_f32, "values"); !type) return type;
    if (product.parts == 0 || columns == 0 || columns % product.parts != 0) {
      return reader.malformed("has ", columns, " columns in ", product.parts, " parts, which are not all alike");
    }
    product.part_columns = columns / product.parts;
    reader.skip_padding();
    if (projection) {
      const auto offset = reader.take_array(columns, columns, sizeof(float), "a projection");
      if (!offset) return offset.error();
      product.projection_offset = *offset;
    }
    const auto centroids = reader.take_array(product.centroids, columns, sizeof(float), "centroids");
    if (!centroids) return centroids.error();
    product.centroids_offset = *centroids;
    if (norms) {
      const auto offset = reader.take_array(rows, 1, sizeof(float), "norms");
      if (!offset) return offset.error();
      product.norms_offset = *offset;
    }
    const auto codes = reader.take_array(rows, product.parts, 1, "codes");
    if (!codes) return codes.error();
    matrix.encoding = Encoding::product;
    matrix.type = "product-quantised";
    matrix.shape = {rows, columns};
    matrix.offset = *codes;
    matrix.product = product;
    return add_matrix(reader, std::move(matrix));
  }

  Result<void> add_matrix(const ChunkReader& reader, FoundTensor matrix) {
    if (auto filled = reader.finish(); !filled) return filled;
    matrix.name = "embedding";
    if (matrix.product) {
      if (auto good = check_product(file_, matrix, path_); !good) return good;
    }
    found_.table = matrix.name;
    rows_ = matrix.shape[0];
    found_.tensors.push_back(std::move(matrix));
    return {};
  }

  Result<void> read_norms(ChunkReader& reader) {
    FoundTensor norms;
    const auto count = reader.take<std::uint64_t>("its number of norms");
    if (auto type = reader.take_type(type_f32, "values"); !type) return type;
    reader.skip_padding();
    const auto offset = reader.take_array(count, 1, sizeof(float), "norms");
    if (!offset) return offset.error();
    norms.name = "norms";
    norms.encoding = Encoding::f32;
    norms.type = "f32";
    norms.shape = {count};
    norms.offset = *offset;
    norms_ = count;
    found_.tensors.push_back(std::move(norms));
    found_.notes.push_back(
        "rows are unit vectors: a word's vector as it was trained is its row times its element of the tensor norms");
    return reader.finish();
  }

  Result<void> read_vocabulary(ChunkReader& reader, ChunkId id) {
    const auto words = reader.take<std::uint64_t>("its number of words");
    std::uint64_t ngrams = 0;
    if (id == ChunkId::explicit_vocabulary) ngrams = reader.take<std::uint64_t>("its number of n-grams");
    std::uint32_t least = 0;
    std::uint32_t most = 0;
    if (id != ChunkId::simple_vocabulary) {
      least = reader.take<std::uint32_t>("its shortest n-grams");
      most = reader.take<std::uint32_t>("its longest n-grams");
    }
    if (id == ChunkId::fasttext_vocabulary) ngrams = reader.take<std::uint32_t>("its number of buckets");
    if (id == ChunkId::bucket_vocabulary) {
      const auto exponent = reader.take<std::uint32_t>("its exponent of buckets");
      if (exponent > 63) return reader.malformed("has 2^", exponent, " buckets; at most 2^63 are possible");
      ngrams = std::uint64_t{1} << exponent;
    }
    if (!reader.ok()) return reader.error();
    if (words > reader.left() / sizeof(std::uint32_t)) {
      return reader.malformed("claims ", words, " words, at least 4 bytes each, and has ", reader.left(), " left");
    }
    found_.keys.reserve(words);
    for (std::uint64_t i = 0; i < words; ++i) {
      found_.keys.push_back(reader.take_text("its words"));
      if (!reader.ok()) return reader.error();
    }
    if (id == ChunkId::explicit_vocabulary) {
      const auto indices = read_ngrams(reader, ngrams);
      if (!indices) return indices.error();
      ngrams = *indices;
    }
    return add_vocabulary(reader, words, ngrams, least, most);
  }

  /// Passes n-grams with their indices; how many rows those name, which is one more than the greatest.
  Result<std::uint64_t> read_ngrams(ChunkReader& reader, std::uint64_t ngrams) {
    std::uint64_t rows = 0;
    for (std::uint64_t i = 0; i < ngrams; ++i) {
      const std::string_view text = reader.take_text("its n-grams");
      const auto index = reader.take<std::uint64_t>("its n-grams");
      if (!reader.ok()) return reader.error();
      if (index >= ngrams) {
        return reader.malformed("has the n-gram '", text, "' in row ", index, " of ", ngrams, " n-grams");
      }
      rows = std::max(rows, index + 1);
    }
    return rows;
  }

  Result<void> read_floret(ChunkReader& reader) {
    const auto least = reader.take<std::uint32_t>("its shortest n-grams");
    const auto most = reader.take<std::uint32_t>("its longest n-grams");
    const auto buckets = reader.take<std::uint64_t>("its number of buckets");
    const auto hashes = reader.take<std::uint32_t>("its number of hashes");
    static_cast<void>(reader.take<std::uint32_t>("its seed"));
    static_cast<void>(reader.take_text("its beginning of a word"));
    static_cast<void>(reader.take_text("its end of a word"));
    if (!reader.ok()) return reader.error();
    if (hashes < 1 || hashes > 4) return reader.malformed("has ", hashes, " hashes for an n-gram; 1 to 4 are possible");
    return add_vocabulary(reader, 0, buckets, least, most);
  }

  Result<void> add_vocabulary(const ChunkReader& reader, std::uint64_t words, std::uint64_t ngrams, std::uint32_t least,
                              std::uint32_t most) {
    const auto named = checked_add(words, ngrams);
    if (!named) return reader.malformed("has ", words, " words and ", ngrams, " n-grams, which 64 bits do not count");
    named_ = *named;
    if (ngrams > 0) {
      found_.notes.push_back(concat("rows ", words, " to ", *named - 1, " are n-grams of ", least, " to ", most,
                                    " characters, for words that have no row of their own"));
    }
    return reader.finish();
  }

  /// What the chunks say of each other.
  Result<void> check_agreement() {
    if (!rows_) {
      return make_error(Code::format_unsupported, path_, " is a finalfusion file without a matrix of embeddings");
    }
    if (named_ && *named_ != *rows_) {
      return malformed("has a matrix of ", *rows_, " rows, and its ", found_.keys.size(),
                       " words and its n-grams take ", *named_);
    }
    if (!named_) found_.notes.emplace_back("it has no vocabulary: its rows have numbers only");
    if (norms_ && *norms_ != (named_ ? found_.keys.size() : *rows_)) {
      return malformed("has ", *norms_, " norms for ", found_.keys.size(), " words");
    }
    if (unknown_ > 3) found_.notes.push_back(concat(unknown_ - 3, " more chunks of unknown types are left out"));
    return {};
  }

  std::span<const std::byte> file_;
  const std::string& path_;
  FoundFile found_;
  bool seen_[4] = {};                   ///< by Role
  std::optional<std::uint64_t> rows_;   ///< of the matrix
  std::optional<std::uint64_t> named_;  ///< rows that the vocabulary has words and n-grams for
  std::optional<std::uint64_t> norms_;
  std::uint64_t unknown_ = 0;
};

Result<FoundFile> read_finalfusion(std::span<const std::byte> file, const std::string& path) {
  return FileReader(file, path).read();
}

bool probe_finalfusion(std::string_view start) { return start.starts_with(finalfusion_magic); }

}  // namespace

constinit const Format finalfusion_format = {.id = SourceFormat::finalfusion,
                                             .spelling = "finalfusion",
                                             .noun = "a finalfusion table",
                                             .family = "finalfusion",
                                             .endings = {".fifu"},
                                             .probe = probe_finalfusion,
                                             .read = read_finalfusion};

}  // namespace rowan::detail
