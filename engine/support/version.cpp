// The version of the library, compiled in.
#include "rowan/version.hpp"

#define ROWAN_SPELL(number) #number
#define ROWAN_JOIN(major, minor, patch) ROWAN_SPELL(major) "." ROWAN_SPELL(minor) "." ROWAN_SPELL(patch)

namespace rowan {

const char* version() noexcept { return ROWAN_JOIN(ROWAN_VERSION_MAJOR, ROWAN_VERSION_MINOR, ROWAN_VERSION_PATCH); }

}  // namespace rowan
