// Checkpoints: tables and the optimizers that train them in one native file, from which training goes on with the
// same bits as if it had never stopped.
//
// A checkpoint is a table file like any other: lookups, the command and other safetensors readers use its tables.
// Beside NAME.weight lie the optimizer's tensors, NAME.optimizer.sum and so on, named and shaped as in torch.optim.
// What a step is given (StepOptions) is the host's: who changes lr from step to step, does so again.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/export.hpp"
#include "rowan/file.hpp"
#include "rowan/optimizer.hpp"
#include "rowan/status.hpp"
#include "rowan/table.hpp"

namespace rowan {

/// A table, with its keys, and the optimizer that trains it: what one table of a checkpoint is.
struct Checkpoint {
  Table table;
  Optimizer optimizer;
};

/// The same before it is saved; both are the caller's.
struct Trained {
  const Table& table;
  const Optimizer& optimizer;
};

/// Writes tables and optimizers, between two steps, into one file. It appears whole or not at all, also in the place of
/// the file that the tables are mapped from; a process that is killed meanwhile leaves the old one. Memory stays small.
ROWAN_API Result<WriteReport> save_checkpoint(const std::string& path, std::span<const Trained> trained,
                                              const WriteOptions& options = {});
inline Result<WriteReport> save_checkpoint(const std::string& path, const Table& table, const Optimizer& optimizer,
                                           const WriteOptions& options = {}) {
  const Trained trained = {table, optimizer};
  return save_checkpoint(path, std::span(&trained, 1), options);
}

/// The table called `name` of a checkpoint and its optimizer; with an empty name, the only one. The table is mapped, to
/// be trained copy_on_write or only read; the optimizer's state is copied into memory, after its checksums were
/// compared. Hyper-parameters, names, types and shapes must all agree; the Error says what does not.
ROWAN_API Result<Checkpoint> load_checkpoint(const std::string& path, std::string_view name = {},
                                             const OpenOptions& options = {.mode = OpenMode::copy_on_write});

/// All that were saved with an optimizer, in the file's order and from one mapping; none is an error.
ROWAN_API Result<std::vector<Checkpoint>> load_checkpoints(const std::string& path,
                                                           const OpenOptions& options = {
                                                               .mode = OpenMode::copy_on_write});

}  // namespace rowan
