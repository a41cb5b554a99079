#include "engine/formats/fasttext_model.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>

#include "engine/formats/cursor.hpp"
#include "engine/formats/product.hpp"
#include "engine/formats/registry.hpp"
#include "engine/support/checked.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

constexpr std::int32_t fasttext_magic = 793712314;
constexpr std::int32_t first_version = 11;  // the first with the magic number
constexpr std::int32_t last_version = 12;
constexpr std::uint64_t least_entry_bytes = 1 + 8 + 1;  // an empty word's end, the count, the type
constexpr std::uint64_t most_codes = std::numeric_limits<std::int32_t>::max();
constexpr std::uint64_t centroids = 256;

/// Reads a model from front to back. Each step returns the Error that ends the reading.
class ModelReader {
 public:
  ModelReader(std::span<const std::byte> file, const std::string& path)
      : file_(file), path_(path), cursor_(file, path) {}

  Result<SubwordModel> read() {
    for (const auto step : {&ModelReader::read_signature, &ModelReader::read_arguments, &ModelReader::read_dictionary,
                            &ModelReader::read_pruned, &ModelReader::read_matrices}) {
      if (Result<void> done = (this->*step)(); !done) return done.error();
    }
    model_.surplus = cursor_.left();
    return std::move(model_);
  }

 private:
  template <class... Parts>
  Error malformed(const Parts&... parts) const {
    return make_error(Code::malformed_file, path_, " ", parts...);
  }

  Result<void> read_signature() {
    if (file_.size() < sizeof fasttext_magic || cursor_.take<std::int32_t>("its magic number") != fasttext_magic) {
      return make_error(Code::format_unsupported, path_, " does not begin with fastText's magic number, ",
                        fasttext_magic, "; models of before its version ", first_version,
                        " have none: gensim's load_facebook_model reads them and save_facebook_model writes them anew");
    }
    model_.version = cursor_.take<std::int32_t>("its version");
    if (!cursor_.ok()) return cursor_.error();
    if (model_.version < first_version || model_.version > last_version) {
      return make_error(Code::format_unsupported, path_, " is a fastText model of version ", model_.version,
                        "; versions ", first_version, " and ", last_version, " are read");
    }
    return {};
  }

  /// A number that is at least `least`, or the first refusal of a row of them.
  std::uint64_t take_argument(const char* what, std::int32_t least) {
    const auto number = cursor_.take<std::int32_t>(what);
    if (number >= least) return static_cast<std::uint64_t>(number);
    if (cursor_.ok() && !refusal_) refusal_ = malformed("has ", number, " as ", what, "; it is at least ", least);
    return 0;
  }

  Result<void> read_arguments() {
    model_.dim = take_argument("dim", 1);
    cursor_.skip(6 * sizeof(std::int32_t), "its arguments");  // ws, epoch, minCount, neg, wordNgrams, loss
    const auto kind = cursor_.take<std::int32_t>("model");
    model_.bucket = take_argument("bucket", 0);
    model_.minn = take_argument("minn", 0);
    model_.maxn = take_argument("maxn", 0);
    cursor_.skip(sizeof(std::int32_t) + sizeof(double), "its arguments");  // lrUpdateRate, t
    if (!cursor_.ok()) return cursor_.error();
    if (refusal_) return *refusal_;
    model_.kind = static_cast<FastTextKind>(kind);
    if (kind < 1 || kind > 3) {
      return malformed("has ", kind, " as model; 1 (cbow), 2 (skipgram) and 3 (supervised) are known");
    }
    if (model_.version == 11 && model_.kind == FastTextKind::supervised) model_.maxn = 0;
    if (model_.maxn > 0 && model_.bucket == 0) {
      return malformed("has n-grams of up to ", model_.maxn, " characters and bucket 0, so that they have no rows");
    }
    return {};
  }

  Result<void> read_dictionary() {
    const std::uint64_t size = take_argument("the size of its dictionary", 0);
    const std::uint64_t words = take_argument("its number of words", 0);
    model_.labels = take_argument("its number of labels", 0);
    cursor_.skip(sizeof(std::int64_t), "its number of tokens");
    kept_ = cursor_.take<std::int64_t>("its number of n-grams kept");
    if (!cursor_.ok()) return cursor_.error();
    if (refusal_) return *refusal_;
    if (words + model_.labels != size) {
      return malformed("has ", words, " words and ", model_.labels, " labels in a dictionary of ", size);
    }
    if (size > cursor_.left() / least_entry_bytes) {
      return malformed("claims a dictionary of ", size, " entries, at least ", least_entry_bytes,
                       " bytes each, and has ", cursor_.left(), " bytes left");
    }
    model_.words.reserve(words);
    for (std::uint64_t i = 0; i < size; ++i) {
      const std::string_view text = cursor_.take_until('\0', "its dictionary");
      cursor_.skip(sizeof(std::int64_t), "its dictionary");  // how often it occurred
      const auto type = cursor_.take<std::int8_t>("its dictionary");
      if (!cursor_.ok()) return cursor_.error();
      const bool label = i >= words;
      if (type != (label ? 1 : 0)) {
        return malformed("has entry ", i, " of its dictionary of type ", type, " where ", label ? "labels" : "words",
                         " stand, which are of type ", label ? 1 : 0);
      }
      if (!label) model_.words.push_back(text);
    }
    return {};
  }

  Result<void> read_pruned() {
    model_.pruned = kept_ >= 0;
    if (!model_.pruned) return {};
    const auto count = static_cast<std::uint64_t>(kept_);
    if (count > cursor_.left() / (2 * sizeof(std::int32_t))) {
      return malformed("claims ", count, " n-grams kept, 8 bytes each, and has ", cursor_.left(), " bytes left");
    }
    model_.kept.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto from = cursor_.take<std::uint32_t>("its n-grams kept");
      const auto to = cursor_.take<std::uint32_t>("its n-grams kept");
      if (from >= model_.bucket || to >= count) {
        return malformed("keeps the n-grams of bucket ", from, " in row ", to, " behind its words; it has ",
                         model_.bucket, " buckets and ", count, " such rows");
      }
      model_.kept.emplace_back(from, to);
    }
    std::sort(model_.kept.begin(), model_.kept.end());
    const auto twice = std::adjacent_find(model_.kept.begin(), model_.kept.end(),
                                          [](const auto& a, const auto& b) { return a.first == b.first; });
    if (twice != model_.kept.end()) return malformed("keeps the n-grams of bucket ", twice->first, " twice");
    return {};
  }

  Result<void> read_matrices() {
    const std::uint64_t words = model_.words.size();
    const std::uint64_t ngrams = model_.pruned ? model_.kept.size() : model_.bucket;
    const auto quantized = take_flag("whether its input is quantised");
    if (!quantized) return quantized.error();
    if (model_.pruned && !*quantized) {
      return malformed("is pruned and not quantised; fastText prunes quantised models only");
    }
    model_.input.name = "input";
    if (auto read = read_matrix(model_.input, *quantized, words + ngrams, "words and n-grams"); !read) return read;

    const auto quantized_output = take_flag("whether its output is quantised");
    if (!quantized_output) return quantized_output.error();
    const bool labels = model_.kind == FastTextKind::supervised;
    model_.output.name = "output";
    return read_matrix(model_.output, *quantized && *quantized_output, labels ? model_.labels : words,
                       labels ? "labels" : "words");
  }

  Result<bool> take_flag(const char* what) {
    const auto flag = cursor_.take<std::uint8_t>(what);
    if (!cursor_.ok()) return cursor_.error();
    if (flag > 1) return malformed("has ", flag, " at byte ", cursor_.at() - 1, ", ", what, "; it is 0 or 1");
    return flag == 1;
  }

  /// A matrix that has to have `rows` rows, one for each of `owners`.
  Result<void> read_matrix(FoundTensor& matrix, bool quantized, std::uint64_t rows, const char* owners) {
    const auto norms = quantized ? take_flag("whether its norms are quantised") : Result<bool>(false);
    if (!norms) return norms.error();
    const auto m = cursor_.take<std::int64_t>("the shape of a matrix");
    const auto n = cursor_.take<std::int64_t>("the shape of a matrix");
    if (!cursor_.ok()) return cursor_.error();
    if (m < 0 || static_cast<std::uint64_t>(m) != rows || n < 0 || static_cast<std::uint64_t>(n) != model_.dim) {
      return malformed("has an ", matrix.name, " matrix of ", m, " rows and ", n, " columns; its ", owners, " take ",
                       rows, " rows of ", model_.dim);
    }
    matrix.shape = {rows, model_.dim};
    return quantized ? read_codes(matrix, *norms) : read_values(matrix);
  }

  Result<void> read_values(FoundTensor& matrix) {
    matrix.type = "float";
    matrix.encoding = Encoding::f32;
    const auto elements = checked_multiply(matrix.shape[0], matrix.shape[1]);
    const auto bytes = elements ? checked_multiply(*elements, sizeof(float)) : std::nullopt;
    if (!bytes || *bytes > cursor_.left()) {
      return malformed("claims an ", matrix.name, " matrix of ", matrix.shape[0], " rows of ", matrix.shape[1],
                       " f32 and has ", cursor_.left(), " bytes left");
    }
    matrix.offset = cursor_.at();
    cursor_.skip(*bytes, "a matrix");
    return {};
  }

  Result<void> read_codes(FoundTensor& matrix, bool norms) {
    matrix.type = "product-quantised";
    matrix.encoding = Encoding::product;
    const std::uint64_t rows = matrix.shape[0];
    const std::uint64_t codes = take_argument("its number of codes", 0);
    if (!cursor_.ok()) return cursor_.error();
    if (refusal_) return *refusal_;
    matrix.offset = cursor_.at();
    cursor_.skip(codes, "the codes of a matrix");
    matrix.product = take_quantizer(model_.dim);
    if (!cursor_.ok()) return cursor_.error();
    if (refusal_) return *refusal_;
    const auto needed = checked_multiply(rows, matrix.product->parts);
    if (!needed || *needed != codes || codes > most_codes) {
      return malformed("has ", codes, " codes in its ", matrix.name, " matrix; ", rows, " rows of ",
                       matrix.product->parts, " take others");
    }
    if (norms) {
      matrix.product->norm_codes_offset = cursor_.at();
      cursor_.skip(rows, "the codes of norms");
      matrix.product->norm_centroids_offset = take_quantizer(1).centroids_offset;
      if (!cursor_.ok()) return cursor_.error();
      if (refusal_) return *refusal_;
    }
    return check_product(file_, matrix, path_);
  }

  /// A product quantiser of rows of `dim` columns, or a refusal, or a cursor that has failed.
  ProductQuantized take_quantizer(std::uint64_t dim) {
    ProductQuantized product;
    const std::uint64_t columns = take_argument("the columns of a quantiser", 1);
    product.parts = take_argument("the parts of a quantiser", 1);
    product.part_columns = take_argument("the columns of a quantiser's parts", 1);
    const std::uint64_t last = take_argument("the columns of a quantiser's last part", 1);
    product.centroids = centroids;
    product.centroids_offset = cursor_.at();
    if (!cursor_.ok() || refusal_) return product;
    // All are below 2^31: products of two fit.
    if (columns != dim || last > product.part_columns || (product.parts - 1) * product.part_columns + last != dim) {
      refusal_ = malformed("has a quantiser of ", columns, " columns in ", product.parts, " parts of ",
                           product.part_columns, ", the last of ", last, ", for rows of ", dim);
    }
    cursor_.skip(columns * centroids * sizeof(float), "the centroids of a quantiser");
    return product;
  }

  std::span<const std::byte> file_;
  const std::string& path_;
  Cursor cursor_;
  SubwordModel model_;
  std::int64_t kept_ = -1;
  std::optional<Error> refusal_;  ///< by take_argument() and take_quantizer()
};

std::string ngrams_note(const SubwordModel& model) {
  const std::uint64_t words = model.words.size();
  const std::uint64_t rows = model.input.shape[0];
  if (model.maxn == 0) return concat("rows ", words, " to ", rows - 1, " of input are hashed n-grams of words");
  return concat("rows ", words, " to ", rows - 1, " of input are ", model.pruned ? "those left of the " : "",
                "n-grams of ", model.minn, " to ", model.maxn, " characters in ", model.bucket,
                " buckets; the vectors of its ", words,
                " words are means of rows, which rowan::Subwords, convert, get, nearest, analogy and eval give");
}

Result<FoundFile> read_fasttext(std::span<const std::byte> file, const std::string& path) {
  Result<SubwordModel> parsed = parse_fasttext(file, path);
  if (!parsed) return parsed.error();
  const auto model = std::make_shared<const SubwordModel>(*std::move(parsed));
  FoundFile found;
  found.what = "a fastText model";
  found.table = model->input.name;
  if (model->input.shape[0] > model->words.size()) found.notes.push_back(ngrams_note(*model));
  if (model->labels > 0) {
    found.notes.push_back(concat("its ", model->labels, " labels are no keys: they have rows in output alone"));
  }
  if (model->surplus != 0) found.notes.push_back(surplus_note(model->surplus, "its output matrix"));
  found.keys = model->words;
  found.tensors = {model->input, model->output};
  found.subwords = model;
  return found;
}

bool probe_fasttext(std::string_view start) {
  std::int32_t magic = 0;
  if (start.size() < sizeof magic) return false;
  std::memcpy(&magic, start.data(), sizeof magic);
  return magic == fasttext_magic;
}

}  // namespace

Result<SubwordModel> parse_fasttext(std::span<const std::byte> file, const std::string& path) {
  return ModelReader(file, path).read();
}

constinit const Format fasttext_format = {.id = SourceFormat::fasttext,
                                          .spelling = "fasttext",
                                          .noun = "a fastText model",
                                          .family = "fastText",
                                          .endings = {".bin", ".ftz"},
                                          .probe = probe_fasttext,
                                          .read = read_fasttext};

}  // namespace rowan::detail
