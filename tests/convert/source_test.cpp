// What a source may be: plain, gzip of one or several members, a pipe; what it may not be.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "engine/files/batch_reader.hpp"
#include "tests/convert/conversion.hpp"

using namespace rowan;
using namespace rowan::test;
using Values = std::vector<float>;

namespace {

const std::string text = "a 1 2\nb 3 4\nc 5 6\n";
const Values values = {1, 2, 3, 4, 5, 6};

Result<detail::ByteSource> source_of(const std::string& path) {
  return detail::ByteSource::of(detail::OpenedFile::open(path, detail::OpenedFile::Purpose::reading).value());
}

}  // namespace

TEST_CASE("gzip, of one member and of several") {
  Conversion conversion;
  CHECK(conversion.rows(gzip(text)).values == values);
  CHECK(conversion.rows(gzip(text.substr(0, 7)) + gzip("") + gzip(text.substr(7))).values == values);
  const Rows binary{.dim = 2, .tokens = {"a", "b", "c"}, .values = values};
  CHECK(conversion.rows(gzip(word2vec_binary(binary, true))).values == values);
}

TEST_CASE("gzip cut at any byte, followed by other bytes, or damaged") {
  Conversion conversion;
  conversion.options.from = SourceFormat::glove_text;
  const std::string whole = gzip(text);
  for (std::size_t size = 2; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(conversion.refusal(whole.substr(0, size)) == "FILE: the gzip data is cut short: the file ends inside it");
  }
  CHECK(conversion.refusal(whole + "x") == "FILE: the gzip data is followed by bytes that are not gzip");
  CHECK(conversion.refusal(whole + "rubbish") == "FILE: the gzip data is followed by bytes that are not gzip");
  CHECK(conversion.refusal(whole + std::string(20, '\0')) ==
        "FILE: the gzip data is followed by bytes that are not gzip");
  CHECK(conversion.refusal(whole + whole.substr(0, 12)) == "FILE: the gzip data is cut short: the file ends inside it");
  for (std::size_t at = whole.size() - 8; at < whole.size(); ++at) {  // checksum and length
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    CHECK(conversion.refusal(damaged).starts_with("FILE: the gzip data is damaged: "));
  }
}

TEST_CASE("a header in a small gzip file cannot promise more than deflate can hold") {
  Conversion conversion;
  conversion.options.from = SourceFormat::word2vec_text;
  CHECK(conversion.refusal(gzip("100000 300\na 1 2\n")).ends_with("bytes can hold: is it truncated?"));
  CHECK(conversion.rows(gzip("2 3\na 1 2 3\nb 4 5 6\n")).values == values);
}

TEST_CASE("a pipe is read as a stream") {
  Conversion conversion;
  const std::string pipe = conversion.folder() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  std::thread writer([&] { write_file(pipe, text); });
  const auto report = convert(pipe, conversion.target());
  writer.join();
  REQUIRE_MESSAGE(report.ok(), (report.ok() ? "" : report.error().message));
  CHECK(conversion.read_back().values == values);
}

TEST_CASE("no such file, a folder, and the target itself") {
  Conversion conversion;
  const auto missing = convert(conversion.folder() / "missing", conversion.target());
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == Code::not_found);
  const auto folder = convert(conversion.folder().path().string(), conversion.target());
  REQUIRE_FALSE(folder.ok());
  CHECK(folder.error().message.ends_with(" is a folder; a file with a table is needed"));

  write_file(conversion.source(), text);
  const std::string other_name = conversion.folder() / "other";
  std::filesystem::create_hard_link(conversion.source(), other_name);
  for (const std::string& target : {conversion.source(), other_name}) {
    const auto same = convert(conversion.source(), target, {.overwrite = true});
    REQUIRE_FALSE(same.ok());
    CHECK(same.error().code == Code::invalid_argument);
    CHECK(read_file(conversion.source()) == text);
  }
}

TEST_CASE("an existing target is kept unless overwriting is asked for, and through a failure") {
  Conversion conversion;
  write_file(conversion.source(), text);
  write_file(conversion.target(), "precious");
  const auto refused = convert(conversion.source(), conversion.target());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::already_exists);
  write_file(conversion.source(), "a 1 2\nb 3\nc 4 5\n");
  CHECK_FALSE(convert(conversion.source(), conversion.target(), {.overwrite = true}).ok());
  CHECK(read_file(conversion.target()) == "precious");
  CHECK(conversion.files() == 2);
}

TEST_CASE("formats that are known are named when they are refused") {
  Conversion conversion;
  using namespace std::literals;
  CHECK(conversion.refusal("\x93NUMPY\x01\x00v\x00{}"s, Code::malformed_file).starts_with("FILE"));
  CHECK(conversion.refusal("PK\x03\x04 and so on"s, Code::malformed_file).find("zip") != std::string::npos);
  CHECK(conversion.refusal("\x80\x02}q\x00."s, Code::format_unsupported).find("pickle") != std::string::npos);
  CHECK(conversion.refusal(gzip(gzip(text)), Code::format_unsupported).find("gzip -d") != std::string::npos);
  CHECK(conversion.refusal("once upon a time\nthere was a file\n", Code::format_unsupported)
            .find("line 1 ends in \"time\"") != std::string::npos);
  REQUIRE(conversion.run(text).ok());
  const std::string native = read_file(conversion.target());
  CHECK(conversion.refusal(gzip(native), Code::format_unsupported).find("compressed Rowan file") != std::string::npos);
}

TEST_CASE("a format that is none is refused") {
  Conversion conversion;
  conversion.options.from = static_cast<SourceFormat>(200);
  CHECK(conversion.refusal(text, Code::invalid_argument) == "there is no such format");
}

TEST_CASE("progress: on the calling thread, growing, to the end") {
  Conversion conversion;
  std::string long_text;
  for (int row = 0; row < 5000; ++row) long_text.append(std::to_string(row)).append(" 0.25 -1.5 3\n");
  conversion.sizes = {.batch = 4096, .head = 4096, .row = 1 << 20, .chunk = 512};
  conversion.options.threads = Threads::own(2);
  for (const std::string& bytes : {long_text, gzip(long_text)}) {
    std::vector<Progress> steps;
    const auto caller = std::this_thread::get_id();
    conversion.options.progress = [&](const Progress& progress) {
      CHECK(std::this_thread::get_id() == caller);
      if (!steps.empty()) CHECK(progress.rows > steps.back().rows);
      steps.push_back(progress);
    };
    REQUIRE(conversion.run(bytes).ok());
    REQUIRE(steps.size() > 5);
    CHECK(steps.back().rows == 5000);
    CHECK(steps.back().bytes_read == bytes.size());
    CHECK(steps.back().bytes_total == bytes.size());
  }
}

TEST_CASE("a source that grows after it was opened is read on") {
  const TemporaryFolder folder;
  const std::string path = folder / "growing";
  write_file(path, std::string(100, 'a'));
  auto source = source_of(path);
  REQUIRE(source.ok());
  write_file(path, std::string(1000, 'a'));  // the same file, longer than what was seen of its size
  detail::BatchReader reader(*source);
  std::size_t got = 0;
  for (int i = 0; i < 5 && got < 1000; ++i) {
    const auto peeked = reader.peek(1000);
    REQUIRE(peeked.ok());
    got = peeked->size();
  }
  CHECK(got == 1000);
}

TEST_CASE("what was consumed stays where it is while the next batch is parsed and the one after it is read") {
  const TemporaryFolder folder;
  std::string content;
  for (int i = 0; i < 2000; ++i) content += std::to_string(i) + " ";
  write_file(folder / "source", content);
  for (const std::size_t batch : {std::size_t{7}, std::size_t{64}, std::size_t{1000}, content.size()}) {
    for (const std::size_t left : {std::size_t{0}, std::size_t{1}, batch / 2}) {
      auto source = source_of(folder / "source");
      REQUIRE(source.ok());
      detail::BatchReader reader(*source);
      std::string seen;
      std::string_view before;
      std::string copy_of_before;
      for (bool end = false; !end;) {
        const auto peeked = reader.peek(batch);
        REQUIRE(peeked.ok());
        end = reader.at_end();
        const std::string_view bytes = peeked->substr(0, end ? peeked->size() : peeked->size() - left);
        const std::string copy(bytes);
        reader.consume(bytes.size());
        reader.read_ahead(batch);
        CHECK(before == copy_of_before);
        CHECK(bytes == copy);
        seen += bytes;
        before = bytes;
        copy_of_before = copy;
      }
      CHECK(seen == content);
    }
  }
}

TEST_CASE("what goes wrong in reading ahead is told where its bytes are needed, and a fault before them comes first") {
  Conversion conversion;
  conversion.sizes.batch = conversion.sizes.head = 1000;
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "w" + std::to_string(i) + " 1 2\n";
  std::string damaged = gzip(lines);
  damaged[damaged.size() - 8] ^= 1;  // of the checksum
  for (const int threads : {1, 2}) {
    conversion.options.threads = Threads::own(threads);
    const auto refused = conversion.run(damaged);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().message.find("gzip data") != std::string::npos);
    conversion.options.limit = 100;  // whose rows end before that
    CHECK(conversion.run(damaged).ok());
    conversion.options.limit = 0;
  }
  lines.replace(lines.find("w700"), 8, "w700 1 x");
  damaged = gzip(lines);
  damaged[damaged.size() - 8] ^= 1;
  const auto refused = conversion.run(damaged);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("line 701") != std::string::npos);
}
