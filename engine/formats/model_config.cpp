#include "engine/formats/model_config.hpp"

#include <utility>
#include <vector>

#include "engine/support/json.hpp"

namespace rowan::detail {
namespace {

class ConfigEvents final : public JsonEvents {
 public:
  ModelConfig config;
  bool object = false;  ///< the whole is one

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number(std::int64_t) override { return true; }
  bool number(std::uint64_t value) override {
    if (path_.size() != 2 || path_[0] != "quantization") return true;
    if (path_[1] == "bits") config.bits = value;
    if (path_[1] == "group_size") config.group_size = value;
    return true;
  }
  bool number(double, const std::string&) override { return true; }
  bool string(std::string& value) override {
    if (path_.size() == 1 && path_[0] == "model_type") config.model_type = value;
    return true;
  }
  bool key(std::string& name) override {
    path_.back() = name;
    return true;
  }
  bool start_object() override {
    object = object || path_.empty();
    path_.emplace_back();
    return true;
  }
  bool end_object() override {
    path_.pop_back();
    return true;
  }
  bool start_array() override {
    path_.emplace_back();
    return true;
  }
  bool end_array() override { return end_object(); }
  void not_json(std::size_t) override { object = false; }

 private:
  std::vector<std::string> path_;  ///< the key of each object around, and nothing of each array
};

}  // namespace

std::optional<ModelConfig> parse_model_config(std::string_view json) {
  ConfigEvents events;
  if (!parse_json(json, events) || !events.object) return std::nullopt;
  return std::move(events.config);
}

}  // namespace rowan::detail
