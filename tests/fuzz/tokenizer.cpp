#include "engine/formats/tokenizer.hpp"

#include "tests/fuzz/reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto tokens = rowan::detail::read_tokens(std::as_bytes(std::span(data, size)), rowan::fuzz::path);
  if (!tokens) rowan::fuzz::require_sentence(tokens.error());
  return 0;
}
