// Opens a table of word vectors and prints the mean of two words' rows.
#include <rowan/rowan.hpp>

#include <cstdio>
#include <vector>

int main() {
  const auto table = rowan::Table::open("glove.safetensors");
  if (!table) return std::fprintf(stderr, "%s\n", table.error().message.c_str()), 1;

  const rowan::Vocabulary& words = table->vocabulary();
  const std::int64_t indices[] = {words.find("king"), words.find("queen")};  // -1, which lookups refuse, if unknown
  const std::int64_t offsets[] = {0};                                        // one bag, from here to the end
  std::vector<float> mean(table->dim());

  const rowan::Engine engine;
  const rowan::Status status = engine.embedding_bag(*table, {indices, offsets}, mean);
  if (!status) return std::fprintf(stderr, "%s\n", status.message(*table).c_str()), 1;
  for (const float value : mean) std::printf("%g\n", value);
}
