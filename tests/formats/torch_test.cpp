// PyTorch's checkpoints of both forms, put together by hand.
#include <doctest/doctest.h>

#include "engine/formats/registry.hpp"
#include "tests/formats/samples.hpp"

using namespace rowan;
using namespace rowan::test;
using detail::Encoding;
using detail::FoundFile;
using detail::FoundTensor;
using detail::pytorch_format;
using detail::zip_format;

namespace {

using Sizes = std::vector<std::uint64_t>;

FoundFile found_in(const ZipSample& checkpoint) {
  auto found = read(zip_format.read, checkpoint.bytes);
  if (!found) FAIL(found.error().message);
  CHECK(found->what == "a PyTorch checkpoint");
  CHECK(found->table.empty());
  CHECK(found->keys.empty());
  return *std::move(found);
}

const std::vector<LegacyStorage> six_floats = {{"0", 6, floats(6)}};

}  // namespace

TEST_CASE("tensors by their paths") {
  TensorSample other;
  other.key = "1";
  other.elements = 2;
  other.shape = {2};
  other.strides = {1};
  const ZipSample checkpoint = checkpoint_of(dict_of(
      {{"model", dict_of({{"embedding.weight", tensor_of()}})},
       {"list", "](K\x07" + tensor_of(other) + "N" + tensor_of(other) + "\x86"s + "e"},
       {"epoch", "K\x03"},
       {"parameter", global("torch._utils", "_rebuild_parameter") + "(" + tensor_of() + "\x88}tR"},
       {"with state", global("torch._utils", "_rebuild_parameter_with_state") + "(" + tensor_of() + "\x88}}tR"}}));
  const FoundFile found = found_in(checkpoint);
  REQUIRE(found.tensors.size() == 5);
  CHECK(found.tensors[0].name == "model.embedding.weight");
  CHECK(found.tensors[0].type == "torch.float32");
  CHECK(found.tensors[0].encoding == Encoding::f32);
  CHECK(found.tensors[0].shape == Sizes{2, 3});
  CHECK(found.tensors[0].strides.empty());
  CHECK_FALSE(found.tensors[0].big_endian);
  CHECK(found.tensors[0].offset == checkpoint.data[2]);
  CHECK_FALSE(found.tensors[0].deflated);
  CHECK_FALSE(found.tensors[0].product);
  CHECK(found.tensors[1].name == "list.1");
  CHECK(found.tensors[1].shape == Sizes{2});
  CHECK(found.tensors[1].offset == checkpoint.data[3]);
  CHECK(found.tensors[2].name == "list.2.1");
  CHECK(found.tensors[3].name == "parameter");
  CHECK(found.tensors[4].name == "with state");
  CHECK(found.notes.empty());
}

TEST_CASE("a lone tensor, and none") {
  const FoundFile lone = found_in(checkpoint_of(tensor_of()));
  REQUIRE(lone.tensors.size() == 1);
  CHECK(lone.tensors[0].name.empty());
  CHECK(found_in(checkpoint_of("N")).tensors.empty());
}

TEST_CASE("types of elements") {
  struct Spelling {
    const char* storage;
    const char* dtype;
    Encoding encoding;
    std::uint64_t bytes;
  };
  const Spelling spellings[] = {
      {"FloatStorage", "torch.float32", Encoding::f32, 4},
      {"HalfStorage", "torch.float16", Encoding::f16, 2},
      {"BFloat16Storage", "torch.bfloat16", Encoding::bf16, 2},
      {"DoubleStorage", "torch.float64", Encoding::f64, 8},
      {"CharStorage", "torch.int8", Encoding::i8, 1},
      {"ByteStorage", "torch.uint8", Encoding::other, 1},
      {"LongStorage", "torch.int64", Encoding::other, 8},
      {"BoolStorage", "torch.bool", Encoding::other, 1},
      {"ComplexDoubleStorage", "torch.complex128", Encoding::other, 16},
  };
  for (const Spelling& spelling : spellings) {
    for (const std::string order : {"little", "big"}) {
      TensorSample sample;
      sample.storage = spelling.storage;
      sample.offset = 3;
      sample.shape = {3};
      sample.strides = {1};
      const ZipSample checkpoint = checkpoint_of(tensor_of(sample), std::string(6 * spelling.bytes, 'x'), order);
      const FoundTensor tensor = found_in(checkpoint).tensors[0];
      CHECK(tensor.type == spelling.dtype);
      CHECK(tensor.encoding == spelling.encoding);
      CHECK(tensor.big_endian == (order == "big" && spelling.bytes > 1));
      CHECK(tensor.offset == checkpoint.data[2] + 3 * spelling.bytes);
    }
  }
}

TEST_CASE("an untyped storage has the dtype of its tensor") {
  const auto tensor = [](const std::string& dtype, std::uint64_t bytes) {
    return global("torch._utils", "_rebuild_tensor_v3") + "((" + text("storage") +
           global("torch.storage", "UntypedStorage") + text("0") + text("cpu") + integer(bytes) + "tQ" + integer(1) +
           numbers({5}) + numbers({1}) + "\x89" + global("collections", "OrderedDict") + ")R" + global("torch", dtype) +
           "tR";
  };
  const ZipSample checkpoint = checkpoint_of(tensor("float8_e4m3fn", 6), "sixsix");
  const FoundTensor found = found_in(checkpoint).tensors[0];
  CHECK(found.type == "torch.float8_e4m3fn");
  CHECK(found.encoding == Encoding::f8_e4m3);
  CHECK(found.offset == checkpoint.data[2] + 1);
  check_refusal(zip_format.read, checkpoint_of(tensor("uint16", 6), "sixsix").bytes, Code::malformed_file,
                "passes the end of its storage '0'");
  check_refusal(zip_format.read, checkpoint_of(tensor("FloatStorage", 6), "sixsix").bytes, Code::malformed_file,
                "has no dtype");
}

TEST_CASE("views lie in their storage") {
  struct View {
    std::uint64_t offset;
    Sizes shape, strides, found_strides;
  };
  const View good[] = {
      {0, {3, 2}, {1, 3}, {1, 3}},  // transposed
      {1, {2, 2}, {3, 1}, {3, 1}},  // columns
      {5, {4}, {0}, {0}},           // one element, four times
      {0, {1, 6}, {77, 1}, {}},     // the stride of a dimension of 1 says nothing
      {0, {6, 1}, {1, 9}, {}},
      {6, {0, 3}, {3, 1}, {}},  // nothing, at the end
      {0, {0, 1ULL << 62, 8}, {1, 1, 1}, {}},
      {2, {}, {}, {}},
  };
  for (const View& view : good) {
    TensorSample sample;
    sample.offset = view.offset;
    sample.shape = view.shape;
    sample.strides = view.strides;
    for (const bool deflate : {false, true}) {
      const ZipSample checkpoint = checkpoint_of(tensor_of(sample), floats(6), "little", deflate);
      const FoundTensor tensor = found_in(checkpoint).tensors[0];
      CHECK(tensor.shape == view.shape);
      CHECK(tensor.strides == view.found_strides);
      CHECK(tensor.offset == (deflate ? 0 : checkpoint.data[2]) + 4 * view.offset);
      REQUIRE(tensor.deflated.has_value() == deflate);
      if (deflate) {
        CHECK(tensor.deflated->offset == checkpoint.data[2]);
        CHECK(tensor.deflated->bytes == deflated(floats(6)).size());
        CHECK(tensor.deflated->inflated == 24);
      }
    }
  }
  const View bad[] = {
      {1, {2, 3}, {3, 1}, {}},
      {6, {1}, {1}, {}},
      {7, {0}, {1}, {}},
      {0, {2, 3}, {4, 1}, {}},
      {~0ULL >> 1, {2}, {~0ULL >> 1}, {}},
      {0, {~0ULL >> 1}, {~0ULL >> 1}, {}},
      {~0ULL >> 1, {~0ULL >> 1, 3}, {1, ~0ULL >> 1}, {}},
      {0, {1ULL << 32, 1ULL << 32}, {0, 0}, {}},
  };
  for (const View& view : bad) {
    TensorSample sample;
    sample.offset = view.offset;
    sample.shape = view.shape;
    sample.strides = view.strides;
    check_refusal(zip_format.read, checkpoint_of(tensor_of(sample)).bytes, Code::malformed_file,
                  "passes the end of its storage '0' of 6 elements");
  }
}

TEST_CASE("what is shared is found once, tensors under every name") {
  const std::string tensor = tensor_of() + "q\x01";
  FoundFile found = found_in(checkpoint_of(dict_of({{"a", tensor}, {"b", "h\x01"}})));
  REQUIRE(found.tensors.size() == 2);
  CHECK(found.tensors[1].name == "b");
  CHECK(found.tensors[0].offset == found.tensors[1].offset);
  CHECK(found.notes.empty());

  found = found_in(checkpoint_of(dict_of({{"a", dict_of({{"t", tensor}}) + "q\x02"}, {"b", "h\x02"}})));
  REQUIRE(found.tensors.size() == 1);
  CHECK(found.tensors[0].name == "a.t");
  REQUIRE(found.notes.size() == 1);
  CHECK(found.notes[0].find("under the first") != std::string::npos);

  // A list that holds itself, and 64 lists that each hold the next twice.
  CHECK(found_in(checkpoint_of("]q\x01h\x01"s + "a")).tensors.empty());
  std::string doubling = tensor_of();
  for (int i = 0; i < 64; ++i) doubling += "q\x01h\x01\x86";
  CHECK(found_in(checkpoint_of(doubling)).tensors.size() == 2);
}

TEST_CASE("sharing does not multiply") {
  // A tensor under 10,000 names of 100,000 bytes, for which the pickle has a key and its references.
  std::string names = "}(" + text(std::string(100000, 'k')) + "}(";
  for (int i = 0; i < 10000; ++i) names += integer(static_cast<std::uint64_t>(i)) + "h\x01";
  check_refusal(zip_format.read, checkpoint_of("]q\x02(" + tensor_of() + "q\x01"s + names + "uue").bytes,
                Code::malformed_file, "more names than its bytes warrant");
  std::string keys = "]q\x01" + text(std::string(100000, 'k')) + "q\x02"s + "}(";
  for (int i = 0; i < 10000; ++i) keys += "h\x02h\x01";
  check_refusal(zip_format.read, checkpoint_of("(" + keys + "ut").bytes, Code::malformed_file,
                "more names than its bytes warrant");
}

TEST_CASE("contradictions are refused") {
  constexpr Code malformed = Code::malformed_file;
  constexpr Code unsupported = Code::format_unsupported;
  const auto pickled = [](const std::string& opcodes) { return checkpoint_of(opcodes).bytes; };
  const auto sampled = [&](const auto& change) {
    TensorSample sample;
    change(sample);
    return pickled(tensor_of(sample));
  };
  const std::string rebuild = global("torch._utils", "_rebuild_tensor_v2");
  const std::string storage = storage_of({});
  std::string deep = tensor_of();
  for (int i = 0; i < 101; ++i) deep += "\x85";
  const Refusal refusals[] = {
      {pickled(global("os", "system") + text("echo owned") + "\x85R"), unsupported, "it asks for 'os.system'"},
      {pickled(global("os", "system") + "N\x85R"), unsupported, "torch.load(path, weights_only=False)"},
      {pickled(deep), malformed, "more than 100 deep"},
      {pickled(dict_of({{"a.b", tensor_of()}, {"a", dict_of({{"b", tensor_of()}})}})), malformed,
       "has the tensor 'a.b' twice"},
      {sampled([](auto& sample) { sample.elements = 7; }), malformed, "has 24 bytes, and the pickle says 7 elements"},
      {sampled([](auto& sample) { sample.elements = 1ULL << 62; }), malformed, "passes the end of its storage"},
      {sampled([](auto& sample) { sample.elements = ~0ULL; }), malformed, "not that of a storage"},
      {sampled([](auto& sample) { sample.key = "9"; }), malformed, "lacks the member 'm/data/9'"},
      {sampled([](auto& sample) { sample.key = std::string(257, '0'); }), malformed, "not that of a storage"},
      {sampled([](auto& sample) { sample.storage = "float32"; }), malformed, "not that of a storage"},
      {sampled([](auto& sample) { sample.storage = "UntypedStorage"; }), malformed, "untyped storage and no dtype"},
      {sampled([](auto& sample) { sample.storage = "QInt9Storage"; }), unsupported, "'torch.QInt9Storage'"},
      {sampled([](auto& sample) { sample.offset = ~0ULL; }), malformed, "storage offset that is not"},
      {sampled([](auto& sample) {
         sample.shape = {2, ~0ULL};
       }),
       malformed, "not numbers from 0 on"},
      {sampled([](auto& sample) {
         sample.strides = {~0ULL, 1};
       }),
       malformed, "not numbers from 0 on"},
      {sampled([](auto& sample) { sample.strides = {1}; }), malformed, "2 dimensions and 1 strides"},
      {sampled([](auto& sample) { sample.shape = sample.strides = Sizes(65, 1); }), malformed, "tuples of up to 64"},
      {pickled(rebuild + storage + "\x85R"), malformed, "too few arguments"},
      {pickled(rebuild + "(NK\x00))tR"s), malformed, "has no storage"},
      {pickled(rebuild + "(" + storage + "K\x00NNtR"s), malformed, "not tuples"},
      {pickled(rebuild + "((" + text("module") + "NNNNtQK\x00))tR"s), malformed, "not that of a storage"},
      {pickled(global("torch", "float32") + ")R"), malformed, "made by what makes no tensors"},
      {pickled(global("torch._utils", "_rebuild_parameter") + ")R"), malformed, "parameter of what is not a tensor"},
      {checkpoint_of(tensor_of(), floats(5)).bytes, malformed, "has 20 bytes, and the pickle says 6 elements of 4"},
      {checkpoint_of(tensor_of(), floats(6), "middle").bytes, malformed, "'middle'; 'little' and 'big'"},
      {checkpoint_of(tensor_of(), floats(6), std::string(65, 'l')).bytes, unsupported, "at most 64"},
      {zip_of({{"a/data.pkl", "N."}, {"b/data.pkl", "N."}}).bytes, malformed, "two pickles"},
      {zip_of({{"a/data.pkl", ""}}).bytes, malformed, "ends at byte 0"},
  };
  check_refusals(zip_format.read, refusals);
  // Before 2.1 no order of bytes was said.
  CHECK(read(zip_format.read, zip_of({{"m/data.pkl", pickle_of(tensor_of())}, {"m/data/0", floats(6)}}).bytes).ok());
}

TEST_CASE("the form before 1.6") {
  TensorSample second = legacy_sample();
  second.storage = "HalfStorage";
  second.key = "1";
  second.elements = 4;
  second.offset = 1;
  second.shape = {2};
  second.strides = {2};
  const std::string file = legacy_of(dict_of({{"a", tensor_of(legacy_sample())},
                                              {"b", dict_of({{"c", tensor_of(second)}})},
                                              {"d", tensor_of(legacy_sample())}}),
                                     {{"1", 4, "halfhalf"}, {"0", 6, floats(6)}});
  const auto found = read(pytorch_format.read, file);
  REQUIRE(found.ok());
  CHECK(found->what == "a PyTorch checkpoint of the form before 1.6");
  REQUIRE(found->tensors.size() == 3);
  CHECK(found->tensors[0].name == "a");
  CHECK(found->tensors[0].type == "torch.float32");
  CHECK(found->tensors[0].encoding == Encoding::f32);
  CHECK(found->tensors[0].shape == Sizes{2, 3});
  CHECK(found->tensors[0].strides.empty());
  CHECK_FALSE(found->tensors[0].big_endian);
  CHECK(found->tensors[0].offset == file.size() - 24);
  CHECK(found->tensors[1].name == "b.c");
  CHECK(found->tensors[1].encoding == Encoding::f16);
  CHECK(found->tensors[1].strides == Sizes{2});
  CHECK(found->tensors[1].offset == file.size() - 24 - 8 - 8 + 2);
  CHECK(found->tensors[2].offset == file.size() - 24);
}

TEST_CASE("the form before 1.6: contradictions are refused") {
  constexpr Code malformed = Code::malformed_file;
  constexpr Code unsupported = Code::format_unsupported;
  const std::string tensor = tensor_of(legacy_sample());
  const std::string good = legacy_of(tensor, six_floats);
  TensorSample longer = legacy_sample();
  longer.elements = 7;
  TensorSample huge = legacy_sample();
  huge.elements = 1ULL << 62;
  const auto two = [&](const std::string& other) { return legacy_of("(" + tensor + other + "t", six_floats); };
  const Refusal refusals[] = {
      {replaced(good, "M\xE9\x03", "M\xEA\x03"), unsupported, "not a PyTorch checkpoint of version 1001"},
      {legacy_of(global("os", "system") + text("echo owned") + "\x85R", {}), unsupported, "it asks for 'os.system'"},
      {legacy_of(global("torch.nn.modules.sparse", "Embedding") + ")\x81", {}), unsupported,
       "torch.load(path, weights_only=False)"},
      {good.substr(0, good.size() - 1), malformed, "in a storage"},
      {legacy_of(tensor, {}), malformed, "lacks the storage '0'"},
      {legacy_of(tensor, {{"0", 6, floats(6)}, {"1", 1, floats(1)}}), malformed, "lists the storage '1', which"},
      {legacy_of(tensor, {{"0", 6, floats(6)}, {"0", 6, floats(6)}}), malformed, "which it lists twice"},
      {legacy_of(tensor, {{"0", 5, floats(5)}}), malformed, "with 5 elements, and its pickle says 6"},
      {legacy_of(tensor_of(huge), {{"0", 1ULL << 62, floats(6)}}), malformed, "in a storage"},
      {two(tensor_of(longer)), malformed, "with two types or lengths"},
      {legacy_of(replaced(tensor, "NtQ", "K\x01tQ"), six_floats), unsupported, "as a view of another"},
      {legacy_of(replaced(tensor, text("storage"), text("module?")), six_floats), malformed, "not that of a storage"},
      {replaced(good, "](", "N("), malformed, "adds to a value of another kind"},
      {replaced(good, "](" + text("0") + "e", "N"), malformed, "is no list of storages"},
  };
  check_refusals(pytorch_format.read, refusals);
}

TEST_CASE("a pickle that is no checkpoint is refused with advice") {
  constexpr auto advice = "gensim's kv.save_word2vec_format(path, binary=True) makes a file that is";
  const auto check = [&](const std::string& file, std::string_view piece) {
    check_refusal(pytorch_format.read, file, Code::format_unsupported,
                  "is a Python pickle and not a PyTorch checkpoint");
    check_refusal(pytorch_format.read, file, Code::format_unsupported, piece);
    check_refusal(pytorch_format.read, file, Code::format_unsupported, advice);
  };
  check(pickle_of(global("gensim.models.keyedvectors", "KeyedVectors") + ")\x81}b"),
        "it asks for 'gensim.models.keyedvectors.KeyedVectors'");
  check(
      "\x80\x04\x95\x40\x00\x00\x00\x00\x00\x00\x00\x8C\x1Agensim.models.keyedvectors\x94\x8C\x0CKeyedVectors"
      "\x94\x93\x94)\x81\x94}\x94\x8C\x04name\x94K\x01sb....."s,
      "it asks for 'gensim.models.keyedvectors.KeyedVectors'");
  check(pickle_of(global("os", "system") + text("echo owned") + "\x85R"), "it asks for 'os.system'");
  check(pickle_of("K\x01"), "magic number");
  check(pickle_of("\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x18"), "magic number");
  check(pickle_of("I1\n"), "opcode 73");
  check_refusal(pytorch_format.read, "\x80\x02", Code::malformed_file, "without its STOP");
  check_refusal(pytorch_format.read, "", Code::malformed_file, "ends at byte 0");
}

TEST_CASE("damaged checkpoints are read or refused") {
  check_damage(zip_format.read, checkpoint_of(dict_of({{"a", tensor_of()}})).bytes);
  check_damage(zip_format.read, checkpoint_of(dict_of({{"a", tensor_of()}}), floats(6), "big", true).bytes);
  check_damage(pytorch_format.read, legacy_of(dict_of({{"a", tensor_of(legacy_sample())}}), six_floats));
}
