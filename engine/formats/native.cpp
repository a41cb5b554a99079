// Rowan's own format, as the registry has it. Its readers are a room of their own, engine/native.
#include "engine/native/format.hpp"

#include "engine/files/safetensors_header.hpp"
#include "engine/formats/registry.hpp"

namespace rowan::detail {
namespace {

bool probe_native(std::string_view start) {
  return starts_as_safetensors(start) && has_metadata(start, native::format_key);
}

}  // namespace

constinit const Format native_format = {.id = SourceFormat::native,
                                        .spelling = "native",
                                        .noun = "a native Rowan file",
                                        .family = "",
                                        .probe = probe_native};

}  // namespace rowan::detail
