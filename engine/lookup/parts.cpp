#include "engine/lookup/parts.hpp"

#include "engine/lookup/memory_policy.hpp"

namespace rowan::detail {

void append_parts(const TableView& table, const CheckedBags& bags, std::size_t request, std::uint64_t part_bytes,
                  std::vector<BagPart>& parts) {
  BagPart part{.request = request, .bad_index = bags.indices.bad_index};
  const auto enough = [&](std::size_t last, std::size_t position) {
    return bytes_to_move(table, position - part.position, (last - part.first) * bags.repeat) >= part_bytes;
  };
  while (part.first < bags.bags) {
    std::size_t position = part.position;
    part.last = part.first + 1;
    if (bags.form == Bags::Form::lengths) {  // where a bag ends is known only to who has added up
      position = bags.end(part.first, position);
      while (part.last < bags.bags && !enough(part.last, position)) position = bags.end(part.last++, position);
    } else {
      std::size_t most = bags.bags;
      while (part.last < most) {
        const std::size_t middle = part.last + (most - part.last) / 2;
        if (enough(middle, bags.begin(middle))) {
          most = middle;
        } else {
          part.last = middle + 1;
        }
      }
      position = bags.begin(part.last);
    }
    parts.push_back(part);
    part.first = part.last;
    part.position = position;
  }
}

}  // namespace rowan::detail
