#include "tests/fuzz/reader.hpp"

ROWAN_FUZZ_READER(rowan::detail::zip_format.read)
