// The command line: every option and its help. The only file that knows CLI11.
#include "tools/cli.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <memory>
#include <sstream>

#include "rowan/version.hpp"
#include "tools/bench.hpp"
#include "tools/commands.hpp"
#include "tools/failure.hpp"
#include "tools/output.hpp"

namespace rowan::tool {
namespace {

using Action = std::function<void()>;

constexpr const char* dtypes = "f32|f16|bf16|f8_e4m3|f8_e5m2|i8|i4|i2";

constexpr const char* conventions =
    "Exit codes: 0 done, 1 failed (one sentence on standard error says why), 2 wrong usage.\n"
    "JSON: a token that is not UTF-8 has U+FFFD for its odd bytes, and its true bytes beside it in \"token_hex\";\n"
    "      values that are no numbers are the strings \"nan\", \"inf\" and \"-inf\".";

/// Accepts decimal whole numbers from `least` on, all that 64 bits hold.
CLI::Validator whole_number(std::uint64_t least) {
  const auto check = [least](std::string& text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || number < least) {
      return fmt::format("\"{}\" is not a whole number from {} on", text, least);
    }
    text = std::to_string(number);  // without the leading zeros that CLI11 takes for octal
    return std::string();
  };
  return CLI::Validator(check, "");
}

// Without descriptions, which the help would show behind every name.
const CLI::Validator not_negative = whole_number(0);
const CLI::Validator positive = whole_number(1);
const CLI::Validator thread_count = CLI::Validator(CLI::Range(0, 4096)).description("");

std::optional<KeyKind> parse_keys(std::string_view text) {
  if (text == "bytes") return KeyKind::bytes;
  if (text == "u64") return KeyKind::u64;
  if (text == "none") return KeyKind::none;
  return std::nullopt;
}

std::optional<IndexKind> parse_index(std::string_view text) {
  if (text == "i32") return IndexKind::i32;
  if (text == "i64") return IndexKind::i64;
  return std::nullopt;
}

std::optional<DType> parse_output(std::string_view text) {
  const std::optional<DType> dtype = parse_dtype(text);
  return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16 ? dtype : std::nullopt;
}

/// An option whose text `parse` turns into a value, or into nothing where it is not among the `accepted`.
template <class Value, class Parse>
void add_parsed(CLI::App* app, const char* name, Value& target, Parse parse, const std::string& accepted,
                const char* help) {
  const auto take = [&target, parse, name, accepted](const std::string& text) {
    const auto value = parse(text);
    if (!value) throw CLI::ValidationError(name, fmt::format("\"{}\" is none of {}", text, accepted));
    target = *value;
  };
  app->add_option_function<std::string>(name, take, help)->type_name(accepted);
}

/// "glove|word2vec|...": all that to_string() has.
template <class Format>
std::string spellings(int count) {
  std::string list;
  for (int i = 0; i < count; ++i) list.append(i == 0 ? "" : "|").append(to_string(static_cast<Format>(i)));
  return list;
}

void add_threads(CLI::App* app, Threads& threads) {
  const auto take = [&threads](int count) { threads = count == 1 ? Threads::caller() : Threads::own(count); };
  app->add_option_function<int>("--threads", take, "Threads to use; 0, the default, is one per processor")
      ->check(thread_count)
      ->type_name("N");
}

void add_json(CLI::App* app, bool& json) { app->add_flag("--json", json, "Print one JSON value, for scripts"); }

CLI::Option* add_table(CLI::App* app, TableChoice& table) {
  app->add_option("--table", table.name, "Which table, where the file holds several")->type_name("NAME");
  app->add_flag("--sidecar", table.sidecar,
                "A file that does not map is converted once, to FILE.rowan.safetensors, and that is opened");
  return app->add_option("FILE", table.file, "A table file, of any format that maps")->required()->type_name("");
}

void add_neighbor_count(CLI::App* app, std::size_t& count) {
  app->add_option("-k,--count", count, "How many rows to print (default 10)")->check(positive)->type_name("N");
}

template <class Arguments>
void run_when_chosen(CLI::App* app, Action& action, const std::shared_ptr<Arguments>& arguments,
                     void (*command)(const Arguments&)) {
  app->callback([&action, arguments, command] { action = [arguments, command] { command(*arguments); }; });
}

void add_convert(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<ConvertArguments>();
  ConvertOptions& options = arguments->options;
  options.threads = Threads::own();
  CLI::App* sub =
      app.add_subcommand("convert", "Convert a pretrained table of any format, or a table file, to a table file");
  sub->add_option("IN", arguments->source, "The file to convert; - is standard input")->required()->type_name("");
  sub->add_option("OUT", arguments->target, "The table file to write")->required()->type_name("");
  add_parsed(sub, "--from", options.from, parse_source_format, spellings<SourceFormat>(source_format_count),
             "Format of IN (default: recognised by its content)");
  add_parsed(sub, "--dtype", options.dtype, parse_dtype, dtypes, "Element type of the table (default f32)");
  sub->add_flag("--saturate", options.saturate, "f8: store the greatest value where one is beyond the type's range");
  sub->add_option("--table", options.table,
                  "Which table or tensor, where IN holds several (default all tables of a table file)")
      ->type_name("NAME");
  sub->add_option("--limit", options.limit, "Stop after so many rows")->check(not_negative)->type_name("N");
  sub->add_option("--dim", options.dim, "Numbers in a row, where a text file leaves that in doubt")
      ->check(not_negative)
      ->type_name("D");
  sub->add_option("--separator", options.separator,
                  "Between the fields of a text: space, spaces, tab, comma, semicolon, bar, colon, no-break-space\n"
                  "(default: told from its first lines)")
      ->type_name("NAME");
  sub->add_option("--name", options.name,
                  "Name of the table (default embedding, or the name that a table of a table file has)")
      ->type_name("NAME");
  add_parsed(sub, "--keys", options.keys, parse_keys, "bytes|u64|none",
             "Keys of the rows: tokens as they are (default), tokens read as decimal ids, or none");
  sub->add_option("--ids", options.ids_from, "Take the rows' u64 ids from this .npy file instead of the tokens")
      ->type_name("FILE.npy");
  sub->add_flag("--pad-rows", options.pad_rows, "Start every row on a 64-byte cache line");
  sub->add_flag("--force", options.overwrite, "Replace OUT if it exists");
  add_threads(sub, options.threads);
  add_json(sub, arguments->json);
  sub->footer(
      "i8, i4 and i2 rows have a scale and a bias of their own, as PyTorch's prepacked embedding bags have. What a\n"
      "narrower type changed is reported: of the values max and RMS, of the rows the cosine.\n"
      "Example: rowan convert glove.6B.300d.txt glove.safetensors --dtype f16");
  sub->callback([&action, arguments, sub] {
    if (!arguments->options.ids_from.empty()) {
      if (sub->count("--keys") != 0 && arguments->options.keys != KeyKind::u64) {
        throw CLI::ValidationError("--ids", "gives u64 keys, and --keys asks for others");
      }
      arguments->options.keys = KeyKind::u64;
    }
    const DType dtype = arguments->options.dtype;
    if (arguments->options.saturate && dtype != DType::f8_e4m3 && dtype != DType::f8_e5m2) {
      throw CLI::ValidationError("--saturate", "is for --dtype f8_e4m3 and f8_e5m2");
    }
    action = [arguments] { convert(*arguments); };
  });
}

void add_export(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<ExportArguments>();
  CLI::App* sub = app.add_subcommand("export", "Write a table in the format of another library");
  add_table(sub, arguments->table);
  sub->add_option("OUT", arguments->target, "The file to write; - is standard output")->required()->type_name("");
  add_parsed(sub, "--to", arguments->to, parse_target_format, spellings<TargetFormat>(target_format_count),
             "Format of OUT (default: by its ending)");
  sub->add_flag("--force", arguments->overwrite, "Replace OUT if it exists");
  sub->footer(
      "npy and safetensors hold the rows alone; word2vec needs a key for each row.\n"
      "Example: rowan export glove.safetensors glove.bin");
  run_when_chosen(sub, action, arguments, &export_to);
}

void add_create(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<CreateArguments>();
  NewTable& table = arguments->table;
  CLI::App* sub = app.add_subcommand("create", "Write a new table of random or zero rows");
  sub->add_option("OUT", arguments->target, "The table file to write")->required()->type_name("");
  sub->add_option("--rows", table.rows, "Rows")->required()->check(not_negative)->type_name("N");
  sub->add_option("--dim", table.dim, "Values in a row")->required()->check(positive)->type_name("D");
  add_parsed(sub, "--dtype", table.dtype, parse_dtype, dtypes, "Element type (default f32)");
  sub->add_option("--init", arguments->init, "What it is filled with (default normal)")
      ->check(CLI::IsMember({"normal", "uniform", "zeros"}))
      ->type_name("normal|uniform|zeros");
  sub->add_option("--deviation", arguments->deviation, "normal: standard deviation (default 1; the mean is 0)")
      ->type_name("S");
  sub->add_option("--low", arguments->low, "uniform: least value (default -1)")->type_name("A");
  sub->add_option("--high", arguments->high, "uniform: the bound above all values (default 1)")->type_name("B");
  sub->add_option("--seed", arguments->seed, "The same seed gives the same bits everywhere (default 0)")
      ->check(not_negative)
      ->type_name("N");
  sub->add_option("--padding-index", table.padding_index, "This row is zeros; negatives count from the end")
      ->type_name("I");
  sub->add_option("--name", table.name, "Name of the table (default embedding)")->type_name("NAME");
  sub->add_flag("--pad-rows", table.pad_rows, "Start every row on a 64-byte cache line");
  sub->add_flag("--force", arguments->overwrite, "Replace OUT if it exists");
  add_threads(sub, arguments->threads);
  sub->footer("Example: rowan create table.safetensors --rows 1000000 --dim 64");
  run_when_chosen(sub, action, arguments, &create);
}

void add_info(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<InfoArguments>();
  CLI::App* sub = app.add_subcommand("info", "Say what a file holds and whether it maps; reads its header only");
  sub->add_option("FILE", arguments->file, "A file of any format that Rowan knows")->required()->type_name("");
  add_json(sub, arguments->json);
  sub->footer("Example: rowan info glove.safetensors");
  run_when_chosen(sub, action, arguments, &info);
}

void add_verify(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<VerifyArguments>();
  CLI::App* sub = app.add_subcommand("verify", "Read a whole table file and compare every checksum and key");
  sub->add_option("FILE", arguments->file, "A native table file")->required()->type_name("");
  add_threads(sub, arguments->threads);
  add_json(sub, arguments->json);
  sub->footer("Example: rowan verify glove.safetensors");
  run_when_chosen(sub, action, arguments, &verify);
}

void add_recover(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<RecoverArguments>();
  CLI::App* sub = app.add_subcommand("recover", "Accept a table file whose writer ended half-way, as it is");
  sub->add_option("FILE", arguments->file, "A native table file")->required()->type_name("");
  add_json(sub, arguments->json);
  sub->footer(
      "A file that a program writes in place is marked until it commits, and refused where it never does. This\n"
      "computes its checksums and takes the mark away: its rows may then be new, old, or a mix of both.\n"
      "Example: rowan recover table.safetensors");
  run_when_chosen(sub, action, arguments, &recover);
}

// CLI11 takes "[a,b]" for a list and "{}" for an empty one, also where they are tokens. A leading NUL, which
// no argument of a program can hold, keeps it from looking inside.
constexpr char guard = '\0';

std::string guarded(std::string_view text) {
  return !text.empty() && (text.front() == '[' || text.front() == '{') ? guard + std::string(text) : std::string(text);
}

void unguard(std::string& text) {
  if (!text.empty() && text.front() == guard) text.erase(0, 1);
}

void add_get(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<GetArguments>();
  CLI::App* sub = app.add_subcommand("get", "Print rows by token or by number");
  add_table(sub, arguments->table);
  sub->add_option("TOKEN", arguments->tokens, "Tokens, or ids where those are the keys")->type_name("");
  sub->add_option("--row", arguments->rows, "Numbers of rows, from 0")->check(not_negative)->type_name("N");
  add_json(sub, arguments->json);
  sub->footer(
      "A line is what was asked for and then the values, in the shortest digits that give the same f32 back.\n"
      "Tokens that start with a dash go behind --: rowan get FILE -- -30-\n"
      "Example: rowan get glove.safetensors king queen --row 0 1");
  sub->callback([&action, arguments] {
    unguard(arguments->table.file);
    unguard(arguments->table.name);
    for (std::string& token : arguments->tokens) unguard(token);
    if (arguments->tokens.empty() && arguments->rows.empty()) {
      throw CLI::RequiredError("get: at least one TOKEN or --row N");
    }
    action = [arguments] { get(*arguments); };
  });
}

void add_nearest(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<NearestArguments>();
  CLI::App* sub = app.add_subcommand("nearest", "Print the tokens whose rows are nearest to a token's, by cosine");
  add_table(sub, arguments->table);
  sub->add_option("TOKEN", arguments->token, "The token asked about; it is no answer itself")
      ->required()
      ->type_name("");
  add_neighbor_count(sub, arguments->count);
  add_threads(sub, arguments->threads);
  add_json(sub, arguments->json);
  sub->footer("Example: rowan nearest glove.safetensors king -k 5");
  run_when_chosen(sub, action, arguments, &nearest);
}

void add_analogy(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<AnalogyArguments>();
  CLI::App* sub = app.add_subcommand("analogy", "Print what is nearest to A - B + C");
  add_table(sub, arguments->table);
  sub->add_option("A", arguments->a, "Added")->required()->type_name("");
  sub->add_option("B", arguments->b, "Taken away")->required()->type_name("");
  sub->add_option("C", arguments->c, "Added")->required()->type_name("");
  add_neighbor_count(sub, arguments->count);
  add_threads(sub, arguments->threads);
  add_json(sub, arguments->json);
  sub->footer(
      "The rows of A, B and C are scaled to length 1 first; the three are no answers.\n"
      "Example: rowan analogy glove.safetensors king man woman");
  run_when_chosen(sub, action, arguments, &analogy);
}

void add_eval(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<EvalArguments>();
  CLI::App* sub = app.add_subcommand("eval", "Score a table on a word2vec question set");
  add_table(sub, arguments->table);
  sub->add_option("QUESTIONS", arguments->questions, "Lines \": section\" and \"a b c d\"")->required()->type_name("");
  sub->add_flag("--keep-case,--no-lower", arguments->keep_case, "Do not lower the questions' letters A to Z");
  add_threads(sub, arguments->threads);
  add_json(sub, arguments->json);
  sub->footer(
      "A question is right when d is nearest to b - a + c; one with an unknown word is skipped and counted.\n"
      "Example: rowan eval glove.safetensors questions-words.txt");
  run_when_chosen(sub, action, arguments, &eval);
}

void add_bench(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<BenchArguments>();
  LookupOptions& lookup = arguments->lookup;
  CLI::App* sub = app.add_subcommand("bench", "Measure lookups: ns per row and GB/s");
  add_table(sub, arguments->table)->required(false);
  sub->add_option("--rows", arguments->rows,
                  "Without FILE: rows of a random table (default 1000000, or as many as no cache holds)")
      ->check(positive)
      ->type_name("N");
  sub->add_option("--dim", arguments->dim, "Without FILE: values in a row (default 64)")
      ->check(positive)
      ->type_name("D");
  add_parsed(sub, "--dtype", arguments->dtype, parse_dtype, "f32|f16|bf16|f8_e4m3|f8_e5m2|i8|i4|i2",
             "Without FILE: element type (default f32)");
  sub->add_option("--bag", arguments->bag, "Rows in a bag (default 50)")->check(positive)->type_name("L");
  sub->add_option("--batch", arguments->batch, "Bags in a call (default 1024)")->check(positive)->type_name("B");
  add_parsed(sub, "--dist", arguments->distribution, perf::parse_distribution, "uniform|zipf|zipf:EXPONENT",
             "How often each row is asked for (default uniform; zipf is zipf:1.05)");
  sub->add_option("--trace", arguments->trace, "Replay recorded lookups: .npy of indices, or .safetensors, see below")
      ->type_name("FILE");
  sub->add_option("--trace-offsets", arguments->trace_offsets, "Offsets of the bags of a .npy trace")
      ->type_name("FILE.npy")
      ->needs("--trace");
  add_parsed(sub, "--pooling", lookup.pooling, parse_pooling, pooling_names, "How a bag is pooled (default sum)");
  sub->add_flag("--weighted", lookup.weighted,
                "Give every index a random weight; some poolings need them and have them");
  sub->add_flag("--embedding", lookup.embedding, "Look up the batch's rows one by one, without pooling");
  add_parsed(sub, "--index", arguments->index, parse_index, "i32|i64",
             "Type of indices and offsets (default i64, or as a trace has it)");
  add_parsed(sub, "--output", lookup.output, parse_output, "f32|f16|bf16", "Type of the results (default f32)");
  sub->add_option("--seconds", arguments->seconds, "How long to measure the lookups (default 1)")
      ->check(CLI::Range(0.01, 3600.0).description(""))
      ->type_name("S");
  sub->add_option("--threads", arguments->threads, "Threads (default 1; 0 is one per processor)")
      ->check(thread_count)
      ->type_name("N");
  sub->add_option("--seed", arguments->seed, "Of tables, indices and weights (default 1)")
      ->check(not_negative)
      ->type_name("N");
  sub->add_option("--report", arguments->report, "Measure types, dims, places and threads, and write a page of HTML")
      ->type_name("FILE.html");
  sub->add_flag("--quick", arguments->quick, "With --report: within a minute")->needs("--report");
  sub->add_flag("--force", arguments->overwrite, "With --report: replace the page if it exists")->needs("--report");
  add_json(sub, arguments->json);
  sub->footer(
      "The answers of one call are compared with the scalar reference first; where they differ, nothing is\n"
      "measured. GB/s counts the bytes of the rows that were asked for. The ceiling is what a loop reaches that\n"
      "only touches the same rows, in turn with the lookups. --json holds every sample, the seed and the machine.\n"
      "ROWAN_ISA=baseline|avx2|avx512 picks a lower instruction set.\n"
      "A trace is of i32 or i64: a .npy file of indices, in bags by --trace-offsets, by its second dimension or of\n"
      "--bag rows; or a .safetensors file of \"indices\" and \"offsets\" or \"lengths\". A last offset that is the\n"
      "number of indices ends the last bag. --batch bags make a call.\n"
      "--report takes about 150 s (--quick: less than 60), 1 to --threads threads (default: all), and tables of "
      "1 GiB\n"
      "(--quick: 256 MiB) or four times the largest cache, but of no more than half of the free memory; with --json "
      "the\n"
      "record goes to standard output.\n"
      "Example: rowan bench --rows 4000000 --dim 128 --dist zipf --threads 2\n"
      "         rowan bench --report this-machine.html");
  sub->callback([&action, arguments, sub] {
    const auto given = [sub](std::initializer_list<const char*> names) {
      return std::any_of(names.begin(), names.end(), [sub](const char* name) { return sub->count(name) != 0; });
    };
    if (given({"--rows", "--dim", "--dtype"}) && !arguments->table.file.empty()) {
      throw WrongUsage("--rows, --dim and --dtype describe a random table and do not go with FILE");
    }
    if (given({"--trace"}) && given({"--dist"})) {
      throw WrongUsage("--dist draws random rows and does not go with --trace");
    }
    if (given({"--trace-offsets"}) && given({"--bag"})) {
      throw WrongUsage("--bag and --trace-offsets both say where bags begin");
    }
    if (given({"--report"})) {
      if (given({"FILE", "--table", "--rows", "--dim", "--dtype", "--bag", "--batch", "--dist", "--trace", "--pooling",
                 "--weighted", "--embedding", "--index", "--output", "--seconds"})) {
        throw WrongUsage(
            "--report has its own tables and calls; with it go --quick, --threads, --seed, --force and --json");
      }
      if (!given({"--threads"})) arguments->threads = 0;
    }
    action = [arguments] { bench(*arguments); };
  });
}

void add_tune(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<TuneArguments>();
  CLI::App* sub = app.add_subcommand("tune", "Measure how this machine's memory wants to be read, within a minute");
  sub->add_option("FILE", arguments->target, "The file to write (default rowan.tuning)")->type_name("");
  sub->add_flag("--force", arguments->overwrite, "Replace FILE if it exists");
  add_json(sub, arguments->json);
  sub->footer(
      "How far ahead lookups prefetch, and into which cache, and from which size on outputs are written past the\n"
      "caches: for each kind of work, place of the table and width of rows the best on this machine, where it is\n"
      "better than what is built in for its processor. Results never depend on it, only time does.\n"
      "An engine takes the file by EngineOptions::tuning, or where ROWAN_TUNING names it.\n"
      "Measure on a quiet machine, and with the ROWAN_ISA that is used later.\n"
      "Example: rowan tune && ROWAN_TUNING=rowan.tuning rowan bench --rows 4000000");
  run_when_chosen(sub, action, arguments, &tune);
}

std::vector<std::string> arguments_of(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (!arguments.empty() && arguments.front() == "get") {
    for (std::string& argument : arguments) argument = guarded(argument);
  }
  std::reverse(arguments.begin(), arguments.end());  // the order that CLI11 takes them in
  return arguments;
}

}  // namespace

std::function<void()> parse_command_line(int argc, const char* const* argv) {
  CLI::App app("Embedding tables in mapped files: convert, look into, ask and measure them.", "rowan");
  Action action;
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("rowan ") + version(), "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.get_formatter()->column_width(36);
  app.footer(
      fmt::format("{}\n\nStart: rowan convert glove.6B.50d.txt glove.safetensors\n"
                  "       rowan nearest glove.safetensors king\n"
                  "More:  rowan convert --help",
                  conventions));
  for (const auto add : {add_convert, add_export, add_create, add_info, add_verify, add_recover, add_get, add_nearest,
                         add_analogy, add_eval, add_bench, add_tune}) {
    add(app, action);
  }

  try {
    app.parse(arguments_of(argc, argv));
  } catch (const CLI::Success& asked) {  // help or version
    std::ostringstream text;
    app.exit(asked, text, text);
    return [text = text.str()] { write(text); };
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    if (chosen.empty() && argc > 1 && argv[1][0] != '-') {
      throw WrongUsage(fmt::format("there is no subcommand {}; see rowan --help", in_quotes(argv[1])));
    }
    const std::string topic = chosen.empty() ? "rowan" : "rowan " + chosen.front()->get_name();
    std::string sentence = error.what();
    std::erase(sentence, guard);
    throw WrongUsage(fmt::format("{}; see {} --help", sentence, topic));
  }
  return action;
}

}  // namespace rowan::tool
