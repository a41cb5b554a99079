#include "engine/formats/shard_index.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "engine/formats/check.hpp"
#include "engine/support/json.hpp"

namespace rowan::detail {
namespace {

/// Takes "weight_map": {"tensor": "file", ...} out of the outermost object.
class IndexEvents final : public JsonEvents {
 public:
  std::optional<IndexedTensor> table;
  bool several = false;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number(std::int64_t) override { return true; }
  bool number(std::uint64_t) override { return true; }
  bool number(double, const std::string&) override { return true; }
  bool string(std::string& value) override {
    if (depth_ != 2 || !in_map_ || !is_usual_name(key_)) return true;
    several = several || table.has_value();
    table = IndexedTensor{key_, std::move(value)};
    return true;
  }
  bool key(std::string& name) override {
    if (depth_ == 1) in_map_ = name == "weight_map";
    key_ = std::move(name);
    return true;
  }
  bool start_object() override { return start(); }
  bool end_object() override { return end(); }
  bool start_array() override { return start(); }
  bool end_array() override { return end(); }
  void not_json(std::size_t) override {}

 private:
  bool start() {
    ++depth_;
    return true;
  }
  bool end() {
    --depth_;
    return true;
  }

  std::uint64_t depth_ = 0;
  bool in_map_ = false;
  std::string key_;
};

}  // namespace

std::optional<IndexedTensor> table_in_index(std::string_view json) {
  IndexEvents events;
  static_cast<void>(parse_json(json, events));  // which ends where the index is cut
  if (events.several) return std::nullopt;
  return std::move(events.table);
}

}  // namespace rowan::detail
