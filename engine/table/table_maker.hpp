// The one way to make a Table, and the one to make a Vocabulary: of all that it is made of, at once.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "engine/table/in_place_file.hpp"
#include "engine/table/key_index.hpp"
#include "rowan/table.hpp"
#include "rowan/view.hpp"
#include "rowan/vocabulary.hpp"

namespace rowan::detail {

struct TableParts {
  std::string name;
  TableView view;
  std::shared_ptr<const void> owner;    ///< of the memory that view and keys lie in
  Vocabulary keys;                      ///< of the first rows, one each; or none
  bool writable = false;                ///< by stores that no file sees
  InPlaceFile* written_file = nullptr;  ///< where it is written in place; the owner's
};

class TableMaker {
 public:
  static Table table(TableParts parts) noexcept { return Table(std::move(parts)); }
  /// Over keys that somebody keeps for as long as the Table that it becomes a part of.
  static Vocabulary vocabulary(const KeyIndex& index) noexcept { return Vocabulary(index); }
};

}  // namespace rowan::detail
