// Tables that are written to.
#include "rowan/table.hpp"

#include "engine/support/error.hpp"
#include "engine/table/table_file.hpp"

namespace rowan {

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
    if (file_ == nullptr) {
      return detail::make_error(Code::invalid_argument, "the table '", name_,
                                "' has no file that it is written to: only OpenMode::read_write gives it one; save it ",
                                "with save_tables() or save_checkpoint()");
    }
    const auto committed = file_->commit();
    return committed ? Result<void>() : committed.error();
  });
}

Result<RecoverReport> recover(const std::string& path) {
  return detail::guarded([&]() -> Result<RecoverReport> {
    const Result<TableFile> file = TableFile::open(path, {.mode = OpenMode::read_write}, TableFile::Unfinished::accept);
    if (!file) return file.error();
    return file->writable().commit();
  });
}

}  // namespace rowan
