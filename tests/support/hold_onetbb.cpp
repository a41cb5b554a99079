// In the ThreadSanitizer build only: oneTBB, which is not instrumented, frees its state when the last arena goes,
// on whichever thread that is, and the sanitizer cannot see the counter that orders this. A reference that is kept
// until the process ends leaves it nothing to free.
#include <oneapi/tbb/global_control.h>

namespace {
[[maybe_unused]] const auto* const held = new tbb::task_scheduler_handle(tbb::attach{});
}  // namespace
