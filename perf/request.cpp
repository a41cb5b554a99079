// Whole requests of a ranking server, on one thread and with one caller per core: what compare --only P13 measures.
//
//   request [--seed S] [--fbgemm PREFIX] [--quick] [--json FILE]
#include "perf/command.hpp"
#include "perf/goals/goals.hpp"

int main(int argc, char** argv) {
  using namespace rowan::perf;
  const Arguments arguments = parse(argc, argv, {});
  Session session(arguments.quick);
  session.record.seed = arguments.seed;
  begin(session, argc, argv);
  whole_requests(session);
  finish(session, arguments);
}
