// Real arrays, with what NumPy reads of them.
#include <doctest/doctest.h>

#include <cstring>

#include "engine/formats/registry.hpp"
#include "tests/formats/samples.hpp"
#include "tests/support/files.hpp"

using namespace rowan;
using namespace rowan::test;
using detail::Encoding;
using detail::FoundTensor;

namespace {

template <class Number>
Number number_at(const std::string& file, std::uint64_t offset) {
  Number number = {};
  REQUIRE(offset + sizeof number <= file.size());
  std::memcpy(&number, file.data() + offset, sizeof number);
  return number;
}

}  // namespace

TEST_CASE("arrays") {
  struct Expected {
    const char* file;
    const char* type;
    Encoding encoding;
    std::vector<std::uint64_t> shape;
    double first, last;
  };
  const Expected files[] = {
      {"npy/atmodel_3_0_1_model.expElogbeta.npy",
       "<f8",
       Encoding::f64,
       {2, 12},
       0.07600497617983885,
       0.12816197785778985},
      {"npy/doc2vec_old_sep.syn0_lockf.npy", "<f4", Encoding::f32, {3955}, 1, 1},
      {"npy/word2vec_old_sep.syn1neg.npy", "<f4", Encoding::f32, {12, 100}, -3.4314813e-05F, -7.725333e-05F},
      {"npy/word2vec_pre_kv_sep_py3_4.syn0.npy", "<f4", Encoding::f32, {9, 2}, 4.725899F, 0.69769436F},
  };
  for (const Expected& expected : files) {
    CAPTURE(expected.file);
    const std::string file = read_file(data_file(expected.file));
    const auto found = read(detail::npy_format.read, file);
    REQUIRE(found.ok());
    REQUIRE(found->tensors.size() == 1);
    const FoundTensor& tensor = found->tensors[0];
    CHECK(tensor.type == expected.type);
    CHECK(tensor.encoding == expected.encoding);
    CHECK(tensor.shape == expected.shape);
    CHECK(tensor.strides.empty());
    if (tensor.encoding == Encoding::f64) {
      CHECK(number_at<double>(file, tensor.offset) == expected.first);
      CHECK(number_at<double>(file, file.size() - 8) == expected.last);
    } else {
      CHECK(double{number_at<float>(file, tensor.offset)} == expected.first);
      CHECK(double{number_at<float>(file, file.size() - 4)} == expected.last);
    }
  }
  const std::string integers = read_file(data_file("npy/candle-test.npy"));
  const auto found = read(detail::npy_format.read, integers);
  REQUIRE(found.ok());
  CHECK(found->tensors[0].type == "<i8");
  CHECK(found->tensors[0].encoding == Encoding::other);
  CHECK(found->tensors[0].offset == 128);
}

TEST_CASE("an archive of two") {
  const std::string file = read_file(data_file("npy/candle-test.npz"));
  const auto found = read(detail::zip_format.read, file);
  REQUIRE(found.ok());
  REQUIRE(found->tensors.size() == 2);
  CHECK(found->tensors[0].name == "x");
  CHECK(found->tensors[1].name == "x_plus_one");
  for (const std::int64_t i : {0, 1}) {
    const FoundTensor& tensor = found->tensors[static_cast<std::size_t>(i)];
    CHECK(tensor.type == "<i8");
    CHECK(tensor.shape == std::vector<std::uint64_t>{10});
    CHECK(number_at<std::int64_t>(file, tensor.offset) == i);
    CHECK(number_at<std::int64_t>(file, tensor.offset + 72) == 9 + i);
  }
}

TEST_CASE("arrays of objects are refused") {
  for (const char* name : {"npy/py2-np0-objarr.npy", "npy/py2-objarr.npy", "npy/py3-objarr.npy"}) {
    check_refusal(detail::npy_format.read, read_file(data_file(name)), Code::format_unsupported,
                  "array of Python objects");
  }
  check_refusal(detail::zip_format.read, read_file(data_file("npy/py3-objarr.npz")), Code::format_unsupported,
                "member 'x.npy' holds a NumPy array of Python objects, '|O'");
}

TEST_CASE("damaged files are read or refused") {
  check_damage(detail::npy_format.read, read_file(data_file("npy/word2vec_pre_kv_sep_py3_4.syn0.npy")));
  check_damage(detail::zip_format.read, read_file(data_file("npy/candle-test.npz")));
}
