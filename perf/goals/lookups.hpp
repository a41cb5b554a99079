// One cell of lookups: a table, a workload, and the sides that are asked to do it.
#pragma once

#include "perf/limits.hpp"
#include "perf/session.hpp"

namespace rowan::perf {

constexpr std::size_t rows_per_bag = 50;  ///< of the fixed lists

struct LookupWork {
  std::string goal;
  TableView table;
  std::string place;
  Distribution distribution;
  int threads = 1;
  std::size_t bag = rows_per_bag;
  bool pooled = true;
  std::vector<Peer*> peers;  ///< null ones are left out
  bool with_ceiling = false;
  std::size_t samples = 0;  ///< 0: the session's
  Standing standing = {};   ///< to the limit of every cell, where the goal has one
};

/// Index sets for all cells of one table, one skew and one length of bags. Of a table that no cache holds they ask for
/// more rows than the caches hold, before the first one comes again.
IndexSets index_sets(const Session& session, const TableView& table, const Distribution& distribution,
                     std::size_t bag = rows_per_bag);

/// Compares the answers, takes turns, and adds the cell to the record.
void measure_lookups(Session& session, const LookupWork& work, const IndexSets& sets);

}  // namespace rowan::perf
