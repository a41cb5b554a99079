// Rows in batches, written in another format behind its header.
#include "rowan/export_table.hpp"

#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/convert/targets.hpp"
#include "engine/files/block_stream.hpp"
#include "engine/files/publish.hpp"
#include "engine/files/stream_target.hpp"
#include "engine/parallel.hpp"
#include "engine/support/bytes.hpp"
#include "engine/support/element.hpp"
#include "engine/support/error.hpp"
#include "engine/table/table_rows.hpp"

namespace rowan {
namespace detail {
namespace {

class Exporter {
 public:
  Exporter(const Table& table, const Target& target, const ExportOptions& options)
      : table_(table), target_(target), options_(options), values_(table.dim()) {}

  Result<void> run(const std::string& path);

 private:
  RowLayout layout() const noexcept {
    const bool stored = target_.stores(table_.dtype());
    return {.dim = static_cast<std::size_t>(table_.dim()),
            .stride = static_cast<std::size_t>(stored ? table_.view().row_bytes() : table_.dim() * sizeof(float)),
            .element = stored ? element_of(table_.dtype()) : simd::Element::f32};
  }
  Result<std::string> token(std::uint64_t row) const;
  using Append = std::function<Result<void>(std::span<const std::byte>)>;
  /// The whole file, to where `append` takes it.
  Result<void> write(const Append& append);
  Result<void> write_block(const RowBlock& block, const Append& append);

  const Table& table_;
  const Target& target_;
  const ExportOptions& options_;
  std::vector<float> values_;
  std::string text_;
  std::uint64_t rows_ = 0;  ///< that were written
};

Result<std::string> Exporter::token(std::uint64_t row) const {
  if (const auto id = table_.vocabulary().id(row)) return concat(*id);
  const auto token = table_.vocabulary().key(row);
  if (!token) return make_error(Code::invalid_argument, "row ", row, " of table '", table_.name(), "' has no token");
  const bool spaces = target_.spaces_in_tokens;  // then tokens end where a line's numbers begin
  const bool lines = token->find('\n') != std::string_view::npos;
  if (!lines && (spaces || token->find(' ') == std::string_view::npos) && !(spaces && token->ends_with('\r'))) {
    return std::string(*token);
  }
  const std::string_view what = lines ? "a line feed" : spaces ? "a carriage return at its end" : "a space";
  return make_error(Code::invalid_argument, "the token of row ", row, " of table '", table_.name(), "', '", *token,
                    "', holds ", what, ", which ", target_.spelling, " cannot hold", lines ? "" : target_.for_spaces);
}

Result<void> Exporter::write_block(const RowBlock& block, const Append& append) {
  if (target_.append_row == nullptr) {
    rows_ += block.rows;
    return append(block.values);
  }
  text_.clear();
  const std::byte* row = block.values.data();
  for (std::size_t i = 0; i < block.rows; ++i, ++rows_, row += values_.size() * sizeof(float)) {
    const Result<std::string> name = token(rows_);
    if (!name) return name.error();
    text_ += *name;
    std::memcpy(values_.data(), row, values_.size() * sizeof(float));
    target_.append_row(text_, values_);
  }
  return append(as_bytes(text_));
}

Result<void> Exporter::run(const std::string& path) {
  const std::uint64_t keys = table_.vocabulary().size();
  if (target_.append_row != nullptr && keys != table_.rows()) {
    return make_error(Code::invalid_argument, "table '", table_.name(), "' has ", table_.rows(), " rows and ", keys,
                      " keys, and ", target_.spelling, " needs a token for each row; ", targets_without_tokens(),
                      " need none");
  }
  const auto stream = StreamTarget::find(path);
  if (!stream) return stream.error();
  if (*stream) return write([&](std::span<const std::byte> bytes) { return (*stream)->append(bytes); });
  Result<AtomicFile> file = AtomicFile::create(path, options_.overwrite);
  if (!file) return file.error();
  BlockStream blocks(file->file(), file->path(), 0);
  const auto good = write([&](std::span<const std::byte> bytes) { return blocks.append(bytes); });
  if (!good) return good;
  if (const auto flushed = blocks.flush(); !flushed) return flushed;
  return file->publish();
}

Result<void> Exporter::write(const Append& append) {
  const auto reader = TableRows::make(table_, table_.rows(), false, layout(), {});
  if (!reader) return reader.error();
  const std::string header = target_.header(table_);
  if (const auto good = append(as_bytes(header)); !good) return good;
  const auto take = [&](std::span<const RowBlock> blocks) -> Result<void> {
    for (const RowBlock& block : blocks) {
      if (const auto good = write_block(block, append); !good) return good;
    }
    return {};
  };
  const auto took = [&] {
    const std::uint64_t stride = table_.row_stride();
    if (options_.progress) options_.progress({rows_ * stride, table_.rows() * stride, rows_});
  };
  const Parallel parallel(Threads::caller());
  return for_each_batch(**reader, parallel, take, took);
}

}  // namespace
}  // namespace detail

Result<void> export_table(const Table& table, const std::string& target, TargetFormat format,
                          const ExportOptions& options) {
  return detail::guarded([&]() -> Result<void> {
    const detail::Target* const known = detail::target_of(format);
    if (known == nullptr) return detail::make_error(Code::invalid_argument, "there is no such format");
    return detail::Exporter(table, *known, options).run(target);
  });
}

}  // namespace rowan
