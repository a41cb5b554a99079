// PyTorch's checkpoints of before 1.6: five pickles, one behind the other, then the storages, each behind the number
// of its elements. They are little-endian whatever machine wrote them.
#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/formats/cursor.hpp"
#include "engine/formats/pickle.hpp"
#include "engine/formats/registry.hpp"
#include "engine/formats/torch_tensors.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

using namespace std::literals;

constexpr std::string_view checkpoint_magic = "\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19"sv;  // 0x1950a86a20f9469cfc6c
constexpr std::int64_t protocol_version = 1001;
constexpr std::uint64_t too_many = ~std::uint64_t{0};  // bytes for any file

/// A storage of the object, and where the file has it.
struct Placed {
  TorchStorage storage;
  bool found = false;
  std::uint64_t offset = 0;
};

bool before(const Placed& a, std::string_view key) { return a.storage.key < key; }

/// The refusal of a pickle that is not the magic number of a checkpoint.
Error plain_pickle(const std::string& path, std::string_view why) {
  return make_error(Code::format_unsupported, path,
                    " is a Python pickle and not a PyTorch checkpoint, and is not read: ", why,
                    "; gensim's kv.save_word2vec_format(path, binary=True) makes a file that is");
}

class LegacyReader {
 public:
  LegacyReader(std::span<const std::byte> file, const std::string& path) : file_(file), path_(path) {}

  Result<FoundFile> read() {
    const auto number = Pickle::read(file_, "the pickle");
    if (!number && number.error().code == Code::format_unsupported) return plain_pickle(path_, number.error().message);
    if (!number) return make_error(number.error().code, path_, ": ", number.error().message);
    if (number->kind(number->root()) != PickleKind::wide_integer || number->text(number->root()) != checkpoint_magic) {
      return plain_pickle(path_, "it does not start with a checkpoint's magic number");
    }
    at_ = number->bytes();
    const auto version = next();
    if (!version) return version.error();
    if (version->kind(version->root()) != PickleKind::integer ||
        version->integer(version->root()) != protocol_version) {
      return make_error(Code::format_unsupported, path_, " is not a PyTorch checkpoint of version ", protocol_version,
                        ", the only one of its form that is read");
    }
    const auto machine = next();  // sizes of C's types where it was written
    if (!machine) return machine.error();
    const std::string subject = subject_at(at_);
    const auto object = next();
    if (!object) return with_advice(object.error());
    const auto keys = next();
    if (!keys) return keys.error();

    if (auto listed = list_storages(*object, subject); !listed) return listed.error();
    if (auto placed = place_storages(*keys); !placed) return placed.error();
    FoundFile found;
    found.what = "a PyTorch checkpoint of the form before 1.6";
    if (surplus_ != 0) found.notes.push_back(surplus_note(surplus_, "its last storage"));
    const auto find_data = [this](const TorchStorage& storage) { return find(storage); };
    if (auto read = find_tensors(*object, find_data, false, subject, found); !read) return read.error();
    return found;
  }

 private:
  std::string subject_at(std::uint64_t at) const { return concat(path_, ": the pickle at byte ", at); }

  Result<Pickle> next() {
    auto pickle = Pickle::read(file_.subspan(at_), subject_at(at_));
    if (pickle) at_ += pickle->bytes();
    return pickle;
  }

  /// The storages that the object's values refer to, by their keys.
  Result<void> list_storages(const Pickle& object, const std::string& subject) {
    for (PickleRef ref = 0; ref < object.values(); ++ref) {
      if (object.kind(ref) != PickleKind::persistent) continue;
      const auto storage = torch_storage(object, ref, subject);
      if (!storage) return storage.error();
      storages_.push_back({*storage, false, 0});
    }
    std::sort(storages_.begin(), storages_.end(),
              [](const Placed& a, const Placed& b) { return a.storage.key < b.storage.key; });
    const auto same = [](const Placed& a, const Placed& b) { return a.storage.key == b.storage.key; };
    for (std::size_t i = 1; i < storages_.size(); ++i) {
      const TorchStorage& one = storages_[i - 1].storage;
      const TorchStorage& other = storages_[i].storage;
      if (one.key == other.key && (one.element != other.element || one.elements != other.elements)) {
        return make_error(Code::malformed_file, subject, " has the storage ", in_quotes(one.key),
                          " with two types or lengths");
      }
    }
    storages_.erase(std::unique(storages_.begin(), storages_.end(), same), storages_.end());
    return {};
  }

  /// The data behind the pickles are those of the keys, in their order.
  Result<void> place_storages(const Pickle& keys) {
    if (keys.kind(keys.root()) != PickleKind::list) {
      return make_error(Code::malformed_file, path_, ": the pickle before byte ", at_, " is no list of storages");
    }
    Cursor cursor(file_.subspan(at_), concat(path_, ": what is behind its pickles, at byte ", at_, ","));
    for (const PickleRef ref : keys.items(keys.root())) {
      const std::string_view key = keys.kind(ref) == PickleKind::text ? keys.text(ref) : std::string_view();
      const auto placed = std::lower_bound(storages_.begin(), storages_.end(), key, before);
      if (placed == storages_.end() || placed->storage.key != key || std::exchange(placed->found, true)) {
        return make_error(Code::malformed_file, path_, " lists the storage ", in_quotes(key),
                          ", which its tensors do not have, or which it lists twice");
      }
      const auto elements = cursor.take<std::uint64_t>("the length of a storage");
      if (cursor.ok() && elements != placed->storage.elements) {
        return make_error(Code::malformed_file, path_, " has the storage ", in_quotes(key), " with ", elements,
                          " elements, and its pickle says ", placed->storage.elements);
      }
      placed->offset = at_ + cursor.at();
      cursor.skip(placed->storage.bytes().value_or(too_many), "a storage");
      if (!cursor.ok()) return cursor.error();
    }
    surplus_ = cursor.left();
    return {};
  }

  Result<TorchData> find(const TorchStorage& storage) const {
    const auto placed = std::lower_bound(storages_.begin(), storages_.end(), storage.key, before);
    if (!placed->found) {  // all of the object's are in storages_
      return make_error(Code::malformed_file, path_, " lacks the storage ", in_quotes(storage.key),
                        ", which its pickle refers to");
    }
    return TorchData{placed->offset, {}};
  }

  std::span<const std::byte> file_;
  const std::string& path_;
  std::uint64_t at_ = 0;
  std::vector<Placed> storages_;
  std::uint64_t surplus_ = 0;  ///< bytes behind them
};

Result<FoundFile> read_torch_legacy(std::span<const std::byte> file, const std::string& path) {
  return LegacyReader(file, path).read();
}

/// A pickle of protocol 2 to 5. Its third byte is an opcode, where numbers of 32 bits have another 0: those of 640 to
/// 1408 start as pickles do.
bool probe_pickle(std::string_view start) {
  return start.size() >= 2 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5 &&
         (start.size() == 2 || start[2] != '\0');
}

}  // namespace

constinit const Format pytorch_format = {.id = SourceFormat::pytorch,
                                         .spelling = "pytorch",
                                         .noun = "a Python pickle",
                                         .family = "PyTorch",
                                         .endings = {".pt", ".pth"},
                                         .probe = probe_pickle,
                                         .container = &zip_format,
                                         .often_others = true,
                                         .read = read_torch_legacy};

}  // namespace rowan::detail
