// Rowan against its peers and its goals, in one process, over the same rows and pages, all sides in turn. Answers
// are compared before anything is timed.
//
//   compare [--only P1,P4] [--shape DIM,BAG[,TYPE[,ROWS]]]... [--random-shapes N] [--seed S] [--fbgemm PREFIX]
//           [--python PROGRAM] [--quick] [--json FILE]
//
// Where shapes are asked for, only they are measured, and the goals that --only names.
#include "perf/command.hpp"
#include "perf/goals/goals.hpp"

namespace {

struct Topic {
  std::set<std::string> ids;
  void (*measure)(rowan::perf::Session&);
};

}  // namespace

int main(int argc, char** argv) {
  using namespace rowan::perf;
  const Topic topics[] = {
      {{"P1", "P3"}, pooled_from_memory},
      {{"P2"}, pooled_in_cache},
      {{"P4"}, small_calls},
      {{"P5"}, training},
      {{"P7"}, importing},
      {{"P10"}, cost_of_checks},
      {{"P11"}, second_thread},
      {{"torch"}, against_torch},
      {{"P13"}, whole_requests},
  };
  std::set<std::string> ids;
  for (const Topic& topic : topics) ids.insert(topic.ids.begin(), topic.ids.end());

  const Arguments arguments = parse(argc, argv, ids);
  Session session(arguments.quick);
  session.python = arguments.python;
  session.record.seed = arguments.seed;
  begin(session, argc, argv);
  if (!arguments.shapes.empty()) shapes_asked_for(session, arguments.shapes);
  for (const Topic& topic : topics) {
    bool wanted = arguments.only.empty() && arguments.shapes.empty();
    for (const std::string& id : topic.ids) wanted = wanted || arguments.only.contains(id);
    if (wanted) topic.measure(session);
  }
  finish(session, arguments);
}
