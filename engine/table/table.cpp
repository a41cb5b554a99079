// What can be done with a table, whatever it was made from.
#include "rowan/table.hpp"

#include <utility>

#include "engine/support/error.hpp"
#include "engine/table/table_maker.hpp"

namespace rowan {

Table::Table(detail::TableParts&& parts) noexcept
    : name_(std::move(parts.name)),
      owner_(std::move(parts.owner)),
      view_(parts.view),
      writable_(parts.writable),
      file_(parts.written_file),
      vocabulary_(parts.keys) {}

Result<MutableTableView> Table::mutable_view() {
  return detail::guarded([&]() -> Result<MutableTableView> {
    const Result<void> marked = file_ != nullptr ? file_->mark() : Result<void>();
    if (!marked) return marked.error();
    if (writable_ || file_ != nullptr) return MutableTableView(view_);
    return detail::make_error(Code::invalid_argument, "the table '", name_,
                              "' is read-only; open it with OpenMode::copy_on_write, to train it and save it, or ",
                              "with OpenMode::read_write, to change the file itself");
  });
}

Result<void> Table::commit() {
  return detail::guarded([&]() -> Result<void> {
    if (file_ != nullptr) return file_->commit();
    return detail::make_error(Code::invalid_argument, "the table '", name_,
                              "' has no file that it is written to: only OpenMode::read_write gives it one; save it ",
                              "with save_tables() or save_checkpoint()");
  });
}

}  // namespace rowan
