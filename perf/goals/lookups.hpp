// One cell of lookups: a table, a workload, and the sides that are asked to do it.
#pragma once

#include "perf/session.hpp"

namespace rowan::perf {

constexpr std::size_t rows_per_bag = 50;

struct LookupWork {
  std::string goal;
  TableView table;
  std::string place;
  Distribution distribution;
  int threads = 1;
  bool pooled = true;
  std::vector<Peer*> peers;  ///< null ones are left out
  bool with_ceiling = false;
  std::size_t samples = 0;  ///< 0: the session's
};

/// Reads of one call of this work: about 16 MiB of rows per thread, whole bags.
std::size_t reads_per_call(const TableView& table, int threads);

/// Index sets for all cells of one table and one skew.
IndexSets index_sets(const Session& session, const TableView& table, const Distribution& distribution);

/// Compares the answers, takes turns, and adds the cell to the record.
void measure_lookups(Session& session, const LookupWork& work, const IndexSets& sets);

}  // namespace rowan::perf
