// gensim, which loads word vectors, in a Python of its own.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace rowan::perf {

class Gensim {
 public:
  /// `python` is a program; empty where that has no gensim.
  static std::optional<Gensim> find(const std::string& python);

  const std::string& name() const noexcept { return name_; }  ///< "gensim 4.2.0"

  struct Loaded {
    double seconds = 0;         ///< in load_word2vec_format() alone
    std::vector<float> values;  ///< of the rows that were asked for
  };
  /// Loads a word2vec file, in a new process.
  Loaded load(const std::string& path, bool binary, std::span<const std::size_t> rows) const;

 private:
  std::string python_;
  std::string name_;
};

inline constexpr const char* gensim_absent =
    "gensim: absent; name a Python that has it with --python (Debian's package python3-gensim, /usr/bin/python3)";

}  // namespace rowan::perf
