// Tensors in what a PyTorch checkpoint's pickle holds.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/formats/found.hpp"
#include "engine/formats/pickle.hpp"
#include "engine/formats/torch_names.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// The Error that refused a checkpoint's pickle, with advice where it holds something else than tensors.
Error with_advice(const Error& error);

/// A storage as a persistent id has it: ('storage', type, key, location, elements), in old checkpoints with a view.
struct TorchStorage {
  std::string_view key;                   ///< bytes of the pickle
  const TorchElement* element = nullptr;  ///< null: untyped, and of bytes
  std::uint64_t elements = 0;

  /// Of its data; empty where they do not fit 64 bits.
  std::optional<std::uint64_t> bytes() const noexcept;
};

/// The storage that the persistent value `ref` names.
Result<TorchStorage> torch_storage(const Pickle& pickle, PickleRef ref, const std::string& subject);

/// Where a storage's data lie, all of TorchStorage::bytes().
struct TorchData {
  std::uint64_t offset = 0;  ///< in the file or, where deflated, in what that becomes
  std::optional<Deflated> deflated = {};
};
using FindTorchData = std::function<Result<TorchData>(const TorchStorage&)>;

/// All tensors of the pickle, by their dotted path in its dicts, lists and tuples ("model.embedding.weight"; the
/// places of a list are numbers; the name of a lone tensor is empty). Each lies within its storage. What several names
/// reach is read under the first, unless it is a tensor, which has them all. Code::malformed_file where arguments of
/// tensors contradict each other, or two tensors have one name.
Result<void> find_tensors(const Pickle& pickle, const FindTorchData& find_data, bool big_endian,
                          const std::string& subject, FoundFile& found);

}  // namespace rowan::detail
