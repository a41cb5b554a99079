// rowan info: what a file holds.
#include <bit>

#include "tools/commands.hpp"
#include "tools/failure.hpp"
#include "tools/json.hpp"
#include "tools/output.hpp"

namespace rowan::tool {
namespace {

std::string_view name_of(KeyKind kind) {
  switch (kind) {
    case KeyKind::bytes:
      return "bytes";
    case KeyKind::u64:
      return "u64";
    case KeyKind::none:
      break;
  }
  return "none";
}

std::string_view description_of(KeyKind kind) {
  switch (kind) {
    case KeyKind::bytes:
      return "tokens (byte strings)";
    case KeyKind::u64:
      return "ids (u64)";
    case KeyKind::none:
      break;
  }
  return "none; rows have numbers only";
}

/// Bytes of a row without padding; a dim that a file has been opened with fits.
std::uint64_t bytes_of_row(const TableInfo& table) { return *row_bytes(table.dtype, table.dim); }

bool padded(const TableInfo& table) { return table.row_stride != bytes_of_row(table); }

/// How other readers of safetensors see the table.
std::string elsewhere(const TableInfo& table, const TensorInfo& weight) {
  if (is_quantized(table.dtype)) {
    return fmt::format("tensor {} of bytes for any safetensors reader: {} of codes, {} of scale and bias{}",
                       in_quotes(weight.name), bytes_of_row(table) - row_parameter_bytes(table.dtype),
                       row_parameter_bytes(table.dtype), padded(table) ? ", zeros" : "");
  }
  if (!padded(table)) return fmt::format("tensor {} for any safetensors reader", in_quotes(weight.name));
  return fmt::format("other safetensors readers see {} columns: take [:, :{}] of {}",
                     table.row_stride / (element_bits(table.dtype) / 8), table.dim, in_quotes(weight.name));
}

/// What the optimizer of a table takes in the file.
std::uint64_t bytes_of_state(const FileInfo& file, const TableInfo& table) {
  std::uint64_t bytes = 0;
  for (const TensorInfo& tensor : file.tensors) {
    if (tensor.name.starts_with(table.name + ".optimizer.")) bytes += tensor.bytes;
  }
  return bytes;
}

/// Weights are in the order of their tables, before all other tensors but padding.
class Weights {
 public:
  explicit Weights(const FileInfo& file) : tensors_(file.tensors) {}
  const TensorInfo* next(const TableInfo& table) {
    const std::string name = table.name + ".weight";
    while (next_ < tensors_.size()) {
      const TensorInfo& tensor = tensors_[next_++];
      if (tensor.name == name) return &tensor;
    }
    return nullptr;
  }

 private:
  std::span<const TensorInfo> tensors_;
  std::size_t next_ = 0;
};

/// The greatest power of two, up to a page, that divides an offset.
std::uint64_t alignment_of(std::uint64_t offset) {
  constexpr std::uint64_t page = 4096;
  return offset == 0 ? page : std::min(page, std::uint64_t{1} << std::countr_zero(offset));
}

void print_json(const InfoArguments& arguments, const FileInfo& file) {
  JsonWriter json;
  json.begin_object()
      .field("file", std::string_view(arguments.file))
      .field("what", std::string_view(file.what))
      .field("format_version", std::string_view(file.format_version))
      .field("file_bytes", file.file_bytes)
      .field("data_offset", file.data_offset)
      .field("unfinished", file.unfinished);
  json.key("tables").begin_array();
  Weights weights(file);
  for (const TableInfo& table : file.tables) {
    json.begin_object()
        .field("name", std::string_view(table.name))
        .field("rows", table.rows)
        .field("dim", table.dim)
        .field("dtype", to_string(table.dtype))
        .field("row_stride", table.row_stride)
        .field("padded", padded(table))
        .field("keys", name_of(table.keys))
        .field("optimizer", std::string_view(table.optimizer));
    if (const TensorInfo* weight = weights.next(table)) json.field("weight_offset", weight->offset);
    json.end_object();
  }
  json.end_array().key("tensors").begin_array();
  for (const TensorInfo& tensor : file.tensors) {
    json.begin_object()
        .field("name", std::string_view(tensor.name))
        .field("dtype", std::string_view(tensor.dtype))
        .field("shape", std::span<const std::uint64_t>(tensor.shape))
        .field("offset", tensor.offset)
        .field("bytes", tensor.bytes)
        .field("why_not_mapped", std::string_view(tensor.why_not_mapped))
        .end_object();
  }
  json.end_array().key("notes").begin_array();
  for (const std::string& note : file.notes) json.value(std::string_view(note));
  json.end_array().end_object();
  print("{}\n", json.text());
}

void print_table(const FileInfo& file, const TableInfo& table, const TensorInfo* weight) {
  print("table {}\n", in_quotes(table.name));
  print("  shape      {} rows × {}, {}\n", grouped(table.rows), table.dim, to_string(table.dtype));
  print("  row        {} bytes{}\n", bytes_of_row(table),
        padded(table) ? fmt::format(", padded to {}", table.row_stride) : std::string());
  print("  keys       {}\n", description_of(table.keys));
  if (!table.optimizer.empty()) {
    print("  optimizer  {}\n", printable(table.optimizer));
    print("  state      {}\n", readable_bytes(bytes_of_state(file, table)));
  }
  if (weight == nullptr) return;
  print("  weights    {} at offset {}, aligned to {} bytes\n", readable_bytes(weight->bytes), grouped(weight->offset),
        alignment_of(weight->offset));
  print("  elsewhere  {}\n", elsewhere(table, *weight));
}

std::string shape_of(const TensorInfo& tensor) {
  std::string shape;
  for (const std::uint64_t size : tensor.shape) shape += fmt::format("{}{}", shape.empty() ? "" : " × ", grouped(size));
  return shape.empty() ? "one value" : shape;
}

/// A file of another format: each tensor, and whether its rows can be looked up where they are.
void print_foreign(const InfoArguments& arguments, const FileInfo& file) {
  const std::size_t count = file.tensors.size();
  print("{}: {}{}, {} ({} bytes)\n", printable(arguments.file), printable(file.what),
        count == 0 ? "" : fmt::format(", {} tensor{}", count, plural(count)), readable_bytes(file.file_bytes),
        grouped(file.file_bytes));
  std::size_t mapped = 0;
  for (const TensorInfo& tensor : file.tensors) {
    const bool chosen = !file.table.empty() && tensor.name == file.table;
    print("tensor {}{}\n", in_quotes(tensor.name), chosen ? ", the table when none is named" : "");
    print("  shape      {}, {}\n", shape_of(tensor), printable(tensor.dtype));
    if (!tensor.why_not_mapped.empty()) {
      print("  mapped     no: {}\n", printable(tensor.why_not_mapped));
      continue;
    }
    const TableInfo& table = file.tables[mapped++];
    print("  mapped     yes, as {}, {} at offset {}, aligned to {} byte{}\n", to_string(table.dtype),
          readable_bytes(tensor.bytes), grouped(tensor.offset), alignment_of(tensor.offset),
          plural(alignment_of(tensor.offset)));
    print("  keys       {}\n", description_of(table.keys));
  }
  for (const std::string& note : file.notes) print("note: {}\n", printable(note));
}

}  // namespace

void info(const InfoArguments& arguments) {
  const FileInfo file = need(inspect(arguments.file));
  if (arguments.json) return print_json(arguments, file);
  if (file.format_version.empty()) return print_foreign(arguments, file);
  print("{}: native table file, format {}, {} table{}, {} ({} bytes)\n", printable(arguments.file), file.format_version,
        file.tables.size(), plural(file.tables.size()), readable_bytes(file.file_bytes), grouped(file.file_bytes));
  print("header       {}, data from offset {}\n", readable_bytes(file.data_offset), grouped(file.data_offset));
  if (file.unfinished) {
    print("unfinished   it is being written, or its writer ended half-way; then rowan recover takes it as it is\n");
  }
  Weights weights(file);
  for (const TableInfo& table : file.tables) print_table(file, table, weights.next(table));
}

}  // namespace rowan::tool
