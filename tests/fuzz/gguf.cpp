#include "tests/fuzz/reader.hpp"

ROWAN_FUZZ_READER(rowan::detail::gguf_format.read)
