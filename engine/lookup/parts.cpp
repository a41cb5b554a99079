#include "engine/lookup/parts.hpp"

#include "engine/lookup/memory_policy.hpp"

namespace rowan::detail {

void append_parts(const TableView& table, const CheckedBags& bags, std::size_t request, std::uint64_t part_bytes,
                  std::vector<BagPart>& parts) {
  BagPart part{.request = request, .bad_index = bags.indices.bad_index};
  std::size_t position = 0;
  for (std::size_t bag = 0; bag < bags.bags; ++bag) {
    position = bags.end(bag, position);
    const std::size_t written = (bag + 1 - part.first) * bags.repeat;
    if (bag + 1 != bags.bags && bytes_to_move(table, position - part.position, written) < part_bytes) continue;
    part.last = bag + 1;
    parts.push_back(part);
    part.first = bag + 1;
    part.position = position;
  }
}

}  // namespace rowan::detail
