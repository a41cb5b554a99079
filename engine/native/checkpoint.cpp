// Optimizers' state in native files: written as extra tensors, validated before any of it is taken.
#include "engine/native/checkpoint.hpp"

#include <cstdint>
#include <cstring>
#include <vector>

#include "engine/native/format.hpp"
#include "engine/native/save.hpp"
#include "engine/native/verify.hpp"
#include "engine/parallel.hpp"
#include "engine/support/bytes.hpp"
#include "engine/support/error.hpp"
#include "engine/training/optimizer_text.hpp"
#include "rowan/checkpoint.hpp"

namespace rowan {

using detail::concat;
using detail::make_error;
using detail::Tensor;

namespace {

using Shape = std::vector<std::uint64_t>;

std::string tensor_name(const Table& table, std::string_view name) {
  return concat(table.name(), native::optimizer_infix, name);
}

/// Numbers of a row lie in a dimension of their own, one number does not.
Shape shape_of(const StateTensor& state, std::uint64_t rows) {
  return state.columns == 1 ? Shape{rows} : Shape{rows, state.columns};
}

/// The optimizer of one table of a file.
class StateReader {
 public:
  StateReader(const detail::NativeFile& file, const Table& table) noexcept : file_(file), table_(table) {}

  Result<Optimizer> read() const {
    const auto text = file_.optimizer_of(table_);
    if (!text) return refused(Code::not_found, "was saved without one; Table::open() opens the table");
    const auto parameters = detail::parse_hyper_parameters(*text);
    if (!parameters) return refused(parameters.error().code, parameters.error().message);
    // One for no rows tells what there must be in the file, before memory is asked for.
    const auto no_rows = TableView::over({}, 0, table_.dim(), table_.dtype());
    if (!no_rows) return no_rows.error();
    const auto expected = Optimizer::create(*no_rows, parameters->algorithm, parameters->options);
    if (!expected) {
      const Code code = expected.error().code;  // what was passed on is the file's
      return refused(code == Code::invalid_argument ? Code::malformed_file : code, expected.error().message);
    }
    if (const auto good = check_names(*expected); !good) return good.error();
    std::vector<std::span<const std::byte>> contents;
    for (const StateTensor& state : expected->state()) {
      const auto content = content_of(state.name, "F32", shape_of(state, table_.rows()));
      if (!content) return content.error();
      contents.push_back(*content);
    }
    const auto step = content_of(native::step_name, "U64", {1});
    if (!step) return step.error();
    const std::uint64_t steps = detail::load_u64(step->data());
    if (steps > INT64_MAX) return refused(Code::malformed_file, concat("it claims ", steps, " steps"));

    Result<Optimizer> optimizer = Optimizer::create(table_.view(), parameters->algorithm, parameters->options);
    if (!optimizer) return optimizer.error();
    for (std::size_t i = 0; i < contents.size(); ++i) {
      const std::span<float> values = optimizer->state()[i].values;
      if (!values.empty()) std::memcpy(values.data(), contents[i].data(), values.size_bytes());
    }
    optimizer->resume_from(steps);
    return optimizer;
  }

 private:
  Error refused(Code code, std::string_view why) const {
    return make_error(code, file_.path(), ": the optimizer of table '", table_.name(), "': ", why);
  }

  /// State that the algorithm does not have is that of another one.
  Result<void> check_names(const Optimizer& optimizer) const {
    const std::string prefix = tensor_name(table_, "");
    for (const Tensor& tensor : file_.header().tensors()) {
      if (!tensor.name.starts_with(prefix)) continue;
      const std::string_view name = std::string_view(tensor.name).substr(prefix.size());
      bool known = name == native::step_name || name.find('.') != std::string_view::npos;  // of another table
      for (const StateTensor& state : optimizer.state()) known = known || name == state.name;
      if (!known) return refused(Code::malformed_file, concat("it has no state called '", name, "'"));
    }
    return {};
  }

  /// The bytes of a tensor, which must be of that type and shape, and intact.
  Result<std::span<const std::byte>> content_of(std::string_view name, std::string_view dtype,
                                                const Shape& shape) const {
    const Tensor* const tensor = file_.header().find(tensor_name(table_, name));
    if (tensor == nullptr) return refused(Code::malformed_file, concat("its state '", name, "' is missing"));
    if (tensor->dtype != dtype || tensor->shape != shape) {
      std::string expected = concat(dtype, " [", shape.front());
      if (shape.size() == 2) expected += concat(", ", shape.back());
      return refused(Code::malformed_file, concat("its state '", name, "' is not ", expected, "]"));
    }
    const detail::Parallel caller(Threads::caller());
    if (const auto good = detail::check_blocks(file_, tensor->begin, tensor->end, caller); !good) return good.error();
    return file_.bytes_of(*tensor);
  }

  const detail::NativeFile& file_;
  const Table& table_;
};

Result<void> check_fits(const Trained& trained) {
  const Table& table = trained.table;
  const Optimizer& optimizer = trained.optimizer;
  if (optimizer.rows() == table.rows() && optimizer.dim() == table.dim() && optimizer.dtype() == table.dtype()) {
    return {};
  }
  return make_error(Code::invalid_argument, "the optimizer given with table '", table.name(), "' is for ",
                    optimizer.rows(), " rows of ", optimizer.dim(), " ", to_string(optimizer.dtype()), ", and it has ",
                    table.rows(), " of ", table.dim(), " ", to_string(table.dtype()));
}

}  // namespace

Result<WriteReport> save_checkpoint(const std::string& path, std::span<const Trained> trained,
                                    const WriteOptions& options) {
  return detail::guarded([&]() -> Result<WriteReport> {
    std::vector<Table> tables;
    std::vector<std::uint64_t> steps(trained.size());
    detail::Extras extras;
    for (const Trained& one : trained) {
      if (const auto good = check_fits(one); !good) return good.error();
      extras.metadata.emplace_back(concat(native::optimizer_prefix, one.table.name()),
                                   detail::to_text({one.optimizer.algorithm(), one.optimizer.options()}));
      for (const StateTensor& state : one.optimizer.state()) {
        extras.tensors.push_back(
            {tensor_name(one.table, state.name), "F32", shape_of(state, state.rows), std::as_bytes(state.values)});
      }
      std::uint64_t& taken = steps[tables.size()];
      taken = one.optimizer.steps();
      extras.tensors.push_back(
          {tensor_name(one.table, native::step_name), "U64", {1}, std::as_bytes(std::span(&taken, 1))});
      tables.push_back(one.table);
    }
    return detail::TableSaver::save(path, tables, options, extras);
  });
}

Result<Optimizer> detail::optimizer_of(const NativeFile& file, const Table& table) {
  return StateReader(file, table).read();
}

}  // namespace rowan
