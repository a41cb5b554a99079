// Real checkpoints, with what PyTorch reads of them.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <set>

#include "engine/formats/registry.hpp"
#include "tests/formats/samples.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using namespace rowan::test;
using detail::Encoding;
using detail::FoundTensor;

namespace {

struct Expected {
  const char* file;
  const char* name;
  const char* dtype;
  std::vector<std::uint64_t> shape;
  double first, last;
};

const double nan = std::nan("");

// Tensors of a file stand in its order.
const Expected all_expected[] = {
    {"bfloat16", "tensor", "bfloat16", {3}, 1.5, 3.5},
    {"bool", "tensor", "bool", {5}, 1, 0},
    {"buffers", "buffer1", "int32", {3}, 1, 3},
    {"buffers", "buffer2", "bool", {2}, 1, 0},
    {"candle-test", "test", "int64", {2, 4}, 1, 8},
    {"candle-test_with_key", "model_state_dict.test", "int64", {2, 4}, 1, 8},
    {"complex_structure", "state.encoder.layer_0.weight", "float32", {4, 3}, -1.19159734249115, -0.3319321870803833},
    {"complex_structure", "state.encoder.layer_0.bias", "float32", {4}, 1.6390759944915771, -0.07412451505661011},
    {"complex_structure", "state.encoder.layer_1.weight", "float32", {2, 4}, 0.16108323633670807, -0.9220622181892395},
    {"complex_structure", "state.encoder.layer_1.bias", "float32", {2}, 1.5613698959350586, 0.6987990736961365},
    {"complex_structure", "state.decoder.weight", "float32", {3, 2}, 0.006007743999361992, 0.429300457239151},
    {"complex_structure", "state.decoder.bias", "float32", {3}, -1.0023829936981201, 1.7130820751190186},
    {"embedding", "embed.weight", "float32", {10, 3}, -1.5255959033966064, -1.0373387336730957},
    {"empty", "tensor", "float32", {0}, nan, nan},
    {"extreme_values", "tensor", "float32", {4}, 1.0000000031710769e-30, -1.0000000150474662e+30},
    {"float16", "tensor", "float16", {3}, 1.5, 3.125},
    {"float32", "tensor", "float32", {4}, 1, 0},
    {"float64", "tensor", "float64", {3}, 1.1, 3.3},
    {"int16", "tensor", "int16", {3}, 1000, 3000},
    {"int32", "tensor", "int32", {3}, 10, -30},
    {"int64", "tensor", "int64", {4}, 100, 0},
    {"int8", "tensor", "int8", {4}, 127, 50},
    {"large_shape", "tensor", "float32", {100, 100}, 1, 3},
    {"legacy_shared_storage", "view1", "float32", {10}, 1.0439505577087402, -0.3219364881515503},
    {"legacy_shared_storage", "view2", "float32", {20}, 0.5303624272346497, 0.9274455308914185},
    {"legacy_shared_storage", "view3", "float32", {10}, 0.153853639960289, -0.9001213312149048},
    {"legacy_uncloned_views", "tensor1", "float32", {10}, 10, 19},
    {"legacy_uncloned_views", "tensor2", "float32", {10}, 50, 59},
    {"mixed_types", "float32", "float32", {2}, 1, 2},
    {"mixed_types", "int64", "int64", {2}, 100, 200},
    {"mixed_types", "bool", "bool", {2}, 1, 0},
    {"mixed_types", "float64", "float64", {2}, 1.1, 2.2},
    {"nested_dict", "layer1.weight", "float32", {2, 3}, 0.019150810316205025, 1.5980384349822998},
    {"nested_dict", "layer1.bias", "float32", {2}, 0.11148621141910553, -0.03919669985771179},
    {"nested_dict", "layer2.weight", "float32", {4, 2}, 1.4111539125442505, -2.475163221359253},
    {"nested_dict", "layer2.bias", "float32", {4}, -0.931602954864502, -0.07157137989997864},
    {"non_contiguous_indexes", "fc.0.weight", "float32", {2, 2, 3, 3}, 0.12144870311021805, -0.11368677020072937},
    {"non_contiguous_indexes", "fc.0.bias", "float32", {2}, 0.2069729119539261, -0.03926068916916847},
    {"non_contiguous_indexes", "fc.2.weight", "float32", {2, 2, 3, 3}, 0.1008710116147995, 0.013437370769679546},
    {"non_contiguous_indexes", "fc.2.bias", "float32", {2}, 0.077391617000103, 0.05182826146483421},
    {"non_contiguous_indexes", "fc.4.weight", "float32", {2, 2, 3, 3}, 0.08570120483636856, 0.17605982720851898},
    {"non_contiguous_indexes", "fc.4.bias", "float32", {2}, 0.22349633276462555, -0.15640754997730255},
    {"non_contiguous_indexes", "fc.6.weight", "float32", {2, 2, 3, 3}, 0.02946961112320423, 0.15873219072818756},
    {"non_contiguous_indexes", "fc.6.bias", "float32", {2}, -0.07982121407985687, 0.23028714954853058},
    {"non_contiguous_indexes", "fc.8.weight", "float32", {2, 2, 3, 3}, -0.027249004691839218, -0.18372583389282227},
    {"non_contiguous_indexes", "fc.8.bias", "float32", {2}, -0.00800357386469841, -0.12744785845279694},
    {"parameter", "param", "float32", {3, 3}, 1.024911880493164, -0.8965914845466614},
    {"scalar", "tensor", "float32", {}, 42, 42},
    {"simple_legacy", "weight", "float32", {2, 3}, -1.8129550218582153, 2.087892770767212},
    {"simple_legacy", "bias", "float32", {2}, 1, 1},
    {"simple_legacy", "running_mean", "float32", {2}, 0, 0},
    {"special_values", "tensor", "float32", {5}, nan, 1},
    {"state_dict", "weight", "float32", {3, 4}, 0.4679030478000641, -1.0935109853744507},
    {"state_dict", "bias", "float32", {3}, 1.1351022720336914, -3.594468832015991},
    {"state_dict", "running_mean", "float32", {3}, 0, 0},
    {"state_dict", "running_var", "float32", {3}, 1, 1},
    {"tensor_2d", "tensor", "float32", {3, 2}, 1, 6},
    {"tensor_3d", "tensor", "float32", {2, 3, 4}, 19.269149780273438, 3.3089842796325684},
    {"tensor_4d", "tensor", "float32", {2, 3, 2, 2}, 0.03491166606545448, -0.7508036494255066},
    {"uint8", "tensor", "uint8", {4}, 0, 42},
};

template <class Number>
double number_at(const std::string& file, std::uint64_t at) {
  Number number = {};
  REQUIRE(at + sizeof number <= file.size());
  std::memcpy(&number, file.data() + at, sizeof number);
  return static_cast<double>(number);
}

/// Of normal numbers of 1 or more, as those of the files are.
double half_at(const std::string& file, std::uint64_t at) {
  const auto bits = static_cast<unsigned>(number_at<std::uint16_t>(file, at));
  return std::ldexp(1024 + (bits & 1023), static_cast<int>(bits >> 10) - 25);
}

double bfloat_at(const std::string& file, std::uint64_t at) {
  return number_at<float>(std::string(2, '\0') + file.substr(at, 2), 0);
}

struct Element {
  Encoding encoding;
  std::uint64_t bytes;
  double (*at)(const std::string& file, std::uint64_t at);
};
Element element_of(const std::string& dtype) {
  if (dtype == "float32") return {Encoding::f32, 4, number_at<float>};
  if (dtype == "float64") return {Encoding::f64, 8, number_at<double>};
  if (dtype == "float16") return {Encoding::f16, 2, half_at};
  if (dtype == "bfloat16") return {Encoding::bf16, 2, bfloat_at};
  if (dtype == "int8") return {Encoding::i8, 1, number_at<std::int8_t>};
  if (dtype == "int16") return {Encoding::other, 2, number_at<std::int16_t>};
  if (dtype == "int32") return {Encoding::other, 4, number_at<std::int32_t>};
  if (dtype == "int64") return {Encoding::other, 8, number_at<std::int64_t>};
  return {Encoding::other, 1, number_at<std::uint8_t>};  // uint8 and bool
}

bool same(double one, double other) { return one == other || (std::isnan(one) && std::isnan(other)); }

Reader reader_of(const std::string& file) {
  return file.starts_with("PK") ? Reader(detail::zip_format.read) : Reader(detail::pytorch_format.read);
}

void check_tensor(const std::string& file, const FoundTensor& tensor, const Expected& expected) {
  const Element element = element_of(expected.dtype);
  CHECK(tensor.name == expected.name);
  CHECK(tensor.type == std::string("torch.") + expected.dtype);
  CHECK(tensor.encoding == element.encoding);
  CHECK(tensor.shape == expected.shape);
  CHECK(tensor.strides.empty());
  CHECK_FALSE(tensor.big_endian);
  CHECK_FALSE(tensor.deflated);
  std::uint64_t elements = 1;
  for (const std::uint64_t size : tensor.shape) elements *= size;
  if (elements == 0) return;
  CHECK(same(element.at(file, tensor.offset), expected.first));
  CHECK(same(element.at(file, tensor.offset + (elements - 1) * element.bytes), expected.last));
}

}  // namespace

TEST_CASE("every tensor of every checkpoint") {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < std::size(all_expected);) {
    const std::string name = all_expected[i].file;
    CAPTURE(name);
    const std::string file = read_file(data_file("torch/" + name + ".pt"));
    const auto found = read(reader_of(file), file);
    if (!found) FAIL(found.error().message);
    CHECK(found->notes.empty());
    for (const FoundTensor& tensor : found->tensors) {
      REQUIRE(i < std::size(all_expected));
      REQUIRE(all_expected[i].file == name);
      check_tensor(file, tensor, all_expected[i++]);
    }
    CHECK(seen.insert(name).second);  // and so it has no tensor more
  }
  for (const auto& entry : std::filesystem::directory_iterator(data_file("torch"))) {
    const std::string name = entry.path().stem().string();
    CAPTURE(name);
    CHECK((name == "broken" || seen.contains(name)));
  }
}

TEST_CASE("what is no checkpoint is refused") {
  const std::string broken = read_file(data_file("torch/broken.pt"));
  check_refusal(detail::zip_format.read, broken, Code::malformed_file, "no end record");
  check_refusal(detail::pytorch_format.read, broken, Code::malformed_file, "takes a value that is not there");
}

TEST_CASE("damaged checkpoints are read or refused") {
  for (const char* name : {"torch/embedding.pt", "torch/simple_legacy.pt", "torch/legacy_shared_storage.pt"}) {
    const std::string file = read_file(data_file(name));
    check_damage(reader_of(file), file);
  }
}
