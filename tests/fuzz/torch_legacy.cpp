#include "tests/fuzz/reader.hpp"

ROWAN_FUZZ_READER(rowan::detail::pytorch_format.read)
