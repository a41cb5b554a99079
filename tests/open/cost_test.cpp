// What opening a file costs: the same for any size, and no row of it.
#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "rowan/file.hpp"
#include "rowan/table.hpp"
#include "tests/support/files.hpp"

using namespace rowan;

namespace {

std::string file_of(const test::TemporaryFolder& folder, std::uint64_t mebibytes) {
  const std::string path = folder / ("table" + std::to_string(mebibytes));
  REQUIRE(create_table_file(path, {.rows = mebibytes << 12, .dim = 64, .init = Init::zeros()}).ok());
  return path;
}

/// Takes a file out of the page cache.
void evict(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY);
  REQUIRE(file >= 0);
  REQUIRE(::fsync(file) == 0);
  REQUIRE(::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0);
  ::close(file);
}

/// Pages of a file that are in the page cache.
std::size_t cached_pages(const std::string& path) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t bytes = std::filesystem::file_size(path);
  const int file = ::open(path.c_str(), O_RDONLY);
  void* const mapping = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file, 0);
  REQUIRE(mapping != MAP_FAILED);
  std::vector<unsigned char> cached((bytes + page - 1) / page);
  REQUIRE(::mincore(mapping, bytes, cached.data()) == 0);
  ::munmap(mapping, bytes);
  ::close(file);
  return static_cast<std::size_t>(std::count_if(cached.begin(), cached.end(), [](unsigned char c) { return c & 1; }));
}

long page_faults() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}

/// Page faults of one open, in a process that has done it before.
long faults_of_open(const std::string& path) {
  for (int i = 0; i < 3; ++i) REQUIRE(Table::open(path).ok());
  const long before = page_faults();
  const auto table = Table::open(path);
  const long after = page_faults();
  REQUIRE(table.ok());
  return after - before;
}

}  // namespace

TEST_CASE("opening reads the header and the checksums, no row") {
  const test::TemporaryFolder folder;
  const std::string path = file_of(folder, 64);
  evict(path);
  const std::size_t before = cached_pages(path);  // the kernel may have kept some
  const auto table = Table::open(path);
  REQUIRE(table.ok());
  const std::size_t opened = cached_pages(path);
  // It reads ahead of the header and around the checksums; that it stops there shows that no row was asked for.
  const std::size_t read = opened - before;
  CHECK_MESSAGE(read < 1024, read, " of 16384 pages were read");
  CHECK(opened < 12'000);  // so that what follows can be seen
  // And rows that are asked for do come.
  std::size_t other_than_zero = 0;
  for (std::uint64_t row = 0; row < table->rows(); ++row) {
    other_than_zero += table->view().data()[row * table->row_stride()] == std::byte{0} ? 0 : 1;
  }
  CHECK(other_than_zero == 0);
  CHECK(cached_pages(path) >= 16'384);
}

TEST_CASE("opening costs as many page faults for 64 MiB as for 1 MiB") {
  const test::TemporaryFolder folder;
  const long small = faults_of_open(file_of(folder, 1));
  const long large = faults_of_open(file_of(folder, 64));
  MESSAGE(small, " faults for 1 MiB, ", large, " for 64 MiB");
  CHECK(large <= small + 8);
  CHECK(large < 100);
}
