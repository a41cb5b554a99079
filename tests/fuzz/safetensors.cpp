#include "tests/fuzz/reader.hpp"

ROWAN_FUZZ_READER(rowan::detail::safetensors_format.read)
