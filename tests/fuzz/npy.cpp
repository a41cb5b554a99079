#include "tests/fuzz/reader.hpp"

ROWAN_FUZZ_READER(rowan::detail::npy_format.read)
