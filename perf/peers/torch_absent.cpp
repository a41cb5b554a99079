// Stands in for perf/peers/torch.cpp in a build without libtorch.
#include "perf/peers/peer.hpp"

namespace rowan::perf {

std::unique_ptr<Peer> make_torch() { return nullptr; }

}  // namespace rowan::perf
