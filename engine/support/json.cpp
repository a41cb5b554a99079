// The only code that includes the JSON library.
#include "engine/support/json.hpp"

#include <nlohmann/json.hpp>

namespace rowan::detail {
namespace {

class Forwarder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Forwarder(JsonEvents& events) : events_(events) {}

  bool null() override { return events_.null(); }
  bool boolean(bool value) override { return events_.boolean(value); }
  bool number_integer(number_integer_t value) override { return events_.number(std::int64_t{value}); }
  bool number_unsigned(number_unsigned_t value) override { return events_.number(std::uint64_t{value}); }
  bool number_float(number_float_t value, const string_t& digits) override { return events_.number(value, digits); }
  bool string(string_t& value) override { return events_.string(value); }
  bool binary(binary_t&) override { return false; }  // which text does not have
  bool start_object(std::size_t) override { return events_.start_object(); }
  bool key(string_t& name) override { return events_.key(name); }
  bool end_object() override { return events_.end_object(); }
  bool start_array(std::size_t) override { return events_.start_array(); }
  bool end_array() override { return events_.end_array(); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    events_.not_json(position > 0 ? position - 1 : 0);
    return false;
  }

 private:
  JsonEvents& events_;
};

}  // namespace

bool parse_json(std::string_view text, JsonEvents& events) {
  Forwarder forwarder(events);
  return nlohmann::json::sax_parse(text.begin(), text.end(), &forwarder);
}

std::string json_string(std::string_view text) { return nlohmann::json(text).dump(); }

}  // namespace rowan::detail
