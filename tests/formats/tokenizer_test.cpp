// Tokens of tokenizer.json: every model, each way in which ids or the file can be wrong, and real files.
#include "engine/formats/tokenizer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "engine/support/bytes.hpp"
#include "engine/support/error.hpp"
#include "tests/formats/damaged.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using namespace std::literals;
using detail::concat;
using Tokens = std::vector<std::string>;

namespace {

Result<Tokens> read(std::span<const std::byte> json) { return detail::read_tokens(json, "the/model"); }
Result<Tokens> read(std::string_view json) { return read(detail::as_bytes(json)); }

Tokens tokens_of(std::string_view json) {
  const auto tokens = read(json);
  REQUIRE_MESSAGE(tokens.ok(), tokens.error().message);
  return *tokens;
}

std::string model(std::string_view type, std::string_view vocab, std::string_view added = "[]") {
  return concat(R"({"added_tokens":)", added, R"(,"model":{"type":")", type, R"(","vocab":)", vocab, "}}");
}

constexpr std::string_view whole_file = R"({"version":"1.0","truncation":null,"padding":{"id":7,"vocab":{"no":1}},
  "added_tokens":[{"id":1,"content":"[UNK]","single_word":false,"special":true,"more":[{"id":5}]},
                  {"content":"<new>","id":3}],
  "normalizer":{"type":"Sequence","normalizers":[{"type":"Lowercase","model":{"vocab":[]}},[[1,2.5,-3,null,true]]]},
  "model":{"unk_token":"[UNK]","vocab":{"the":2,"[UNK]":1,"caf\u00e9":0},"type":"WordPiece","merges":[["a","b"],"c d"]}})";

}  // namespace

TEST_CASE("tokens are in the order of their ids") {
  CHECK(tokens_of(whole_file) == Tokens{"caf\xC3\xA9", "[UNK]", "the", "<new>"});
  CHECK(tokens_of(model("BPE", R"({"b":1,"":0})")) == Tokens{"", "b"});
  CHECK(tokens_of(model("WordLevel", R"({"b":1,"a":0})")) == Tokens{"a", "b"});
  CHECK(tokens_of(R"({"model":{"vocab":{"a":0}}})") == Tokens{"a"});
  CHECK(tokens_of(model("Unigram", R"([["<s>",0],["\u2581a",-1.5],["b",-2]])")) == Tokens{"<s>",
                                                                                          "\xE2\x96\x81"
                                                                                          "a",
                                                                                          "b"});
  CHECK(tokens_of(model("Unigram", "[]")).empty());
  CHECK(tokens_of(model("WordPiece", "{}")).empty());
}

TEST_CASE("added tokens stand for those of the vocabulary, or come behind them") {
  CHECK(tokens_of(model("BPE", R"({"a":0})", R"([{"id":2,"content":"c"},{"id":1,"content":"b"}])")) ==
        Tokens{"a", "b", "c"});
  CHECK(tokens_of(model("Unigram", R"([["a",0],["b",0]])", R"([{"id":1,"content":"b"},{"id":0,"content":"a"}])")) ==
        Tokens{"a", "b"});
  CHECK(tokens_of(model("BPE", R"({"a":1})", R"([{"id":0,"content":"z"}])")) == Tokens{"z", "a"});
  CHECK(tokens_of(model("BPE", "{}", R"([{"id":0,"content":"z"},{"id":0,"content":"z"}])")) == Tokens{"z"});
}

TEST_CASE("a file that is wrong is refused by its reason") {
  struct Refused {
    std::string json;
    std::string_view reason;
    Code code = Code::malformed_file;
  };
  std::string deep = R"({"x":)";
  for (int i = 0; i < 64; ++i) deep += '[';
  std::string bottomless(1'000'000, '[');
  const Refused cases[] = {
      {"", "it is not JSON at byte 0"},
      {"{", "it is not JSON at byte 1"},
      {"{}}", "it is not JSON at byte 2"},
      {"{\"\xFF\":1}", "it is not JSON at byte 2"},
      {"1", "a number stands in it where"},
      {"null", "null stands in it where"},
      {"[]", "an array stands in it where"},
      {bottomless, "an array stands in it where"},
      {deep, "it is more than 64 objects and arrays deep"},
      {R"({"x":)" + bottomless, "it is more than 64 objects and arrays deep"},
      {"{}", "it has no model.vocab"},
      {R"({"model":{"type":"BPE"}})", "it has no model.vocab"},
      {R"({"model":[]})", "an array stands in it where"},
      {R"({"model":null})", "null stands in it where"},
      {R"({"model":{"vocab":7}})", "a number stands in its model where"},
      {R"({"model":{"vocab":"x"}})", "a string stands in its model where"},
      {R"({"model":{"type":7,"vocab":{}}})", "a number stands in its model where"},
      {R"({"model":{"type":"CharBPE","vocab":{}}})",
       "its model is of the type 'CharBPE'; WordPiece, BPE, WordLevel and", Code::format_unsupported},
      {model("Unigram", "{}"), "its vocab is not what its model has, Unigram"},
      {model("BPE", "[]"), "its vocab is not what its model has, BPE"},
      {R"({"model":{},"model":{}})", "it has model twice"},
      {R"({"model":{"vocab":{},"vocab":{}}})", "it has vocab twice"},
      {R"({"model":{"type":"BPE","type":"BPE"}})", "it has type twice"},
      {R"({"added_tokens":[],"added_tokens":[]})", "it has added_tokens twice"},
      {model("BPE", R"({"a":"0"})"), "a string stands in its vocab where"},
      {model("BPE", R"({"a":[0]})"), "an array stands in its vocab where"},
      {model("BPE", R"({"a":{}})"), "an object stands in its vocab where"},
      {model("BPE", R"({"a":null})"), "null stands in its vocab where"},
      {model("BPE", R"({"a":-1})"), "the id -1 is not an unsigned 64-bit integer"},
      {model("BPE", R"({"a":0.0})"), "the id 0.0 is not"},
      {model("BPE", R"({"a":18446744073709551616})"), "the id 18446744073709551616 is not"},
      {model("BPE", R"({"a":18446744073709551615})"),
       "token 'a' has the id 18446744073709551615, and there are only 1"},
      {model("BPE", R"({"a":8589934592})"), "token 'a' has the id 8589934592, and there are only 1 tokens"},
      {model("BPE", R"({"a":0,"b":2})"), "token 'b' has the id 2, and there are only 2 tokens"},
      {model("BPE", R"({"a":0,"b":0})"), "tokens 'a' and 'b' have the same id, 0"},
      {model("BPE", R"({"a":0,"a":0})"), "tokens 'a' and 'a' have the same id, 0"},
      {model("BPE", R"({"a":0,"b":2})", R"([{"id":0,"content":"a"}])"), "no token has the id 1"},
      {model("BPE", R"({"a":0})", R"([{"id":0,"content":"b"}])"), "tokens 'a' and 'b' have the same id, 0"},
      {model("BPE", R"({"a":0})", R"([{"id":2,"content":"b"}])"), "token 'b' has the id 2, and there are only 2"},
      {model("BPE", "{}", R"([{"id":0}])"), "one of its added_tokens lacks id or content"},
      {model("BPE", "{}", R"([{"content":"a"}])"), "one of its added_tokens lacks id or content"},
      {model("BPE", "{}", R"([{"id":0,"id":0,"content":"a"}])"), "it has id twice"},
      {model("BPE", "{}", R"([{"id":0,"content":"a","content":"a"}])"), "it has content twice"},
      {model("BPE", "{}", R"([{"id":"0","content":"a"}])"), "a string stands in its added_tokens where"},
      {model("BPE", "{}", R"([{"id":0,"content":1}])"), "a number stands in its added_tokens where"},
      {model("BPE", "{}", R"([7])"), "a number stands in its added_tokens where"},
      {model("BPE", "{}", R"([[]])"), "an array stands in its added_tokens where"},
      {model("BPE", "{}", "{}"), "an object stands in it where"},
      {model("Unigram", R"(["a"])"), "a string stands in its vocab where"},
      {model("Unigram", R"([{}])"), "an object stands in its vocab where"},
      {model("Unigram", R"([[]])"), "entry 0 of its vocab is not a token and its score"},
      {model("Unigram", R"([["a",0],["a"]])"), "entry 1 of its vocab is not a token and its score"},
      {model("Unigram", R"([["a",0,0]])"), "a number stands in its vocab where"},
      {model("Unigram", R"([["a",0,[]]])"), "an array stands in its vocab where"},
      {model("Unigram", R"([["a",0,null]])"), "null stands in its vocab where"},
      {model("Unigram", R"([[0,"a"]])"), "a number stands in its vocab where"},
      {model("Unigram", R"([["a","b"]])"), "a string stands in its vocab where"},
      {model("Unigram", R"([["a",[0]]])"), "an array stands in its vocab where"},
  };
  for (const Refused& refused : cases) {
    const auto tokens = read(refused.json);
    REQUIRE_MESSAGE(!tokens.ok(), refused.reason);
    CHECK(tokens.error().code == refused.code);
    CHECK(tokens.error().message.starts_with("the/model: its tokenizer.json is refused: "));
    CHECK_MESSAGE(tokens.error().message.find(refused.reason) != std::string::npos, tokens.error().message, " / ",
                  refused.reason);
  }
}

TEST_CASE("a long name is cut where it stands in a sentence") {
  const auto tokens = read(model("BPE", concat("{\"\\n", std::string(5000, 'a'), "\":7}")));
  REQUIRE(!tokens.ok());
  CHECK(tokens.error().message.size() < 300);
  CHECK(tokens.error().message.find("token '\\x0aaaa") != std::string::npos);
}

TEST_CASE("a damaged file is refused or read, and never more than that") {
  const auto read_bytes = [](std::span<const std::byte> bytes) { return read(bytes); };
  test::survive_damage(std::string(whole_file), read_bytes);
  test::survive_damage(model("Unigram", R"([["<s>",0],["\u2581a",-1.5]])", R"([{"id":2,"content":"b"}])"), read_bytes);
}

TEST_CASE("real tokenizers are read") {
  for (const std::string_view name : {"float16", "float32", "int8"}) {
    const auto tokens =
        tokens_of(test::read_file(test::data_file(concat("model2vec/test-model-", name, "/tokenizer.json"))));
    REQUIRE(tokens.size() == 29528);
    CHECK(tokens[0] == "[PAD]");
    CHECK(tokens[4] == "[MASK]");
    CHECK(tokens[1094] == "world");
    CHECK(tokens[6598] == "hello");
  }
  const auto tokens =
      tokens_of(test::read_file(test::data_file("model2vec/test-model-vocab-quantized/tokenizer.json")));
  REQUIRE(tokens.size() == 29524);
  CHECK(tokens[1] == "[UNK]");
  CHECK(tokens[2] == "\xE2\x96\x81!");
  CHECK(tokens[6594] == "\xE2\x96\x81hello");
  CHECK(tokens[29523] == "\xEF\xBD\x9E");
}
