// The version of this copy of Rowan. The build reads the numbers from here.
#pragma once

#include "rowan/export.hpp"

#define ROWAN_VERSION_MAJOR 0
#define ROWAN_VERSION_MINOR 1
#define ROWAN_VERSION_PATCH 0

namespace rowan {

/// Version of the library that the program runs with, as "MAJOR.MINOR.PATCH". A static string.
ROWAN_API const char* version() noexcept;

}  // namespace rowan
