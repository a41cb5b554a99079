// The commands and what each is told. cli.cpp fills the structs from the command line; a command prints to
// standard output and throws Failure or WrongUsage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rowan/export_table.hpp"
#include "rowan/file.hpp"
#include "rowan/import.hpp"

namespace rowan::tool {

struct ConvertArguments {
  std::string source;
  std::string target;
  ConvertOptions options;
  bool json = false;
};
void convert(const ConvertArguments& arguments);

struct CreateArguments {
  std::string target;
  NewTable table;
  std::string init = "normal";
  float low = -1.0F;
  float high = 1.0F;
  float deviation = 1.0F;
  std::uint64_t seed = 0;
  bool overwrite = false;
  Threads threads = Threads::own();
};
void create(const CreateArguments& arguments);

struct InfoArguments {
  std::string file;
  bool json = false;
};
void info(const InfoArguments& arguments);

struct VerifyArguments {
  std::string file;
  bool json = false;
  Threads threads = Threads::own();
};
void verify(const VerifyArguments& arguments);

struct RecoverArguments {
  std::string file;
  bool json = false;
};
void recover(const RecoverArguments& arguments);

/// Which table of which file.
struct TableChoice {
  std::string file;
  std::string name;  ///< empty: its only one
  bool sidecar = false;
};

struct ExportArguments {
  TableChoice table;
  std::string target;
  std::optional<TargetFormat> to;
  bool overwrite = false;
};
void export_to(const ExportArguments& arguments);

struct GetArguments {
  TableChoice table;
  std::vector<std::string> tokens;
  std::vector<std::uint64_t> rows;
  bool json = false;
};
void get(const GetArguments& arguments);

struct NearestArguments {
  TableChoice table;
  std::string token;
  std::size_t count = 10;
  bool json = false;
  Threads threads = Threads::own();
};
void nearest(const NearestArguments& arguments);

struct AnalogyArguments {
  TableChoice table;
  std::string a;
  std::string b;
  std::string c;
  std::size_t count = 10;
  bool json = false;
  Threads threads = Threads::own();
};
void analogy(const AnalogyArguments& arguments);

struct EvalArguments {
  TableChoice table;
  std::string questions;
  bool keep_case = false;
  bool json = false;
  Threads threads = Threads::own();
};
void eval(const EvalArguments& arguments);

struct TuneArguments {
  std::string target = "rowan.tuning";
  bool overwrite = false;
  bool json = false;
};
void tune(const TuneArguments& arguments);

}  // namespace rowan::tool
