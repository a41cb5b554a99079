// The goals of compare, each measured and judged by one function: cells go into the session's record and to standard
// output, then the verdict.
#pragma once

#include "perf/session.hpp"
#include "perf/shapes.hpp"

namespace rowan::perf {

void pooled_from_memory(Session& session);  ///< P1, and P3 on the same cells
void pooled_in_cache(Session& session);     ///< P2
/// P1, P2 and P3 at these shapes, of goals of their own: "P1 shapes" and so on.
void shapes_asked_for(Session& session, const std::vector<LookupShape>& shapes);
void small_calls(Session& session);     ///< P4
void training(Session& session);        ///< P5
void importing(Session& session);       ///< P7
void cost_of_checks(Session& session);  ///< P10
void second_thread(Session& session);   ///< P11
void whole_requests(Session& session);  ///< P13
void against_torch(Session& session);   ///< libtorch's EmbeddingBag and Embedding

}  // namespace rowan::perf
