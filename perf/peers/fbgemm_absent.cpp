// Stands in for perf/peers/fbgemm.cpp in a build without FBGEMM.
#include "perf/peers/peer.hpp"

namespace rowan::perf {

std::unique_ptr<Peer> make_fbgemm() { return nullptr; }
std::string fbgemm_prefix() { return {}; }

}  // namespace rowan::perf
