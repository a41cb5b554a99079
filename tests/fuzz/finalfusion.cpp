#include "tests/fuzz/reader.hpp"

ROWAN_FUZZ_READER(rowan::detail::finalfusion_format.read)
