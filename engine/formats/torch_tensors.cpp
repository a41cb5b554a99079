// The graph of values is walked with a limit on its depth, every container once, and the names that come of it are held
// against what the pickle's bytes warrant: sharing could make of a small pickle any number of long names.
#include "engine/formats/torch_tensors.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "engine/support/checked.hpp"
#include "engine/support/error.hpp"

namespace rowan::detail {
namespace {

constexpr std::size_t deepest = 100;
constexpr std::size_t most_dimensions = 64;
constexpr std::size_t longest_key = 256;      // of a storage; they are numbers
constexpr std::uint64_t found_per_byte = 64;  // bytes of what is found, for each of the pickle's

/// The first elements of a tensor's shape and strides in a storage.
struct View {
  std::uint64_t offset = 0;
  std::vector<std::uint64_t> shape;
  std::vector<std::uint64_t> strides;

  bool empty() const { return std::find(shape.begin(), shape.end(), 0U) != shape.end(); }
  /// One behind its last element; empty where that, or the number of elements, does not fit 64 bits.
  std::optional<std::uint64_t> end() const {
    if (empty()) return offset;
    std::uint64_t elements = 1;
    std::uint64_t last = offset;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      const auto product = checked_multiply(elements, shape[i]);
      const auto reach = checked_multiply(shape[i] - 1, strides[i]);
      const auto sum = reach ? checked_add(last, *reach) : std::nullopt;
      if (!product || !sum) return std::nullopt;
      elements = *product;
      last = *sum;
    }
    return checked_add(last, 1);
  }
  /// Whether its elements lie one behind the other. Requires an end().
  bool dense() const {
    if (empty()) return true;
    std::uint64_t expected = 1;
    for (std::size_t i = shape.size(); i-- > 0;) {
      if (shape[i] != 1 && strides[i] != expected) return false;
      expected *= shape[i];
    }
    return true;
  }
};

class Walk {
 public:
  Walk(const Pickle& pickle, const FindTorchData& find_data, bool big_endian, const std::string& subject,
       FoundFile& found)
      : pickle_(pickle),
        find_data_(find_data),
        big_endian_(big_endian),
        subject_(subject),
        found_(found),
        seen_(pickle.values()) {
    if (const auto budget = checked_multiply(pickle.bytes(), found_per_byte)) budget_ = *budget;
  }

  Result<void> run() {
    if (auto visited = visit(pickle_.root(), 0); !visited) return visited;
    if (seen_again_) {
      found_.notes.emplace_back("a dict or list that several names reach is read under the first of them");
    }
    if (unnamed_) {
      found_.notes.emplace_back("what stands under keys that are neither texts nor numbers was left out");
    }
    note_words();
    return check_names();
  }

 private:
  Error malformed(std::string_view what) const {
    return make_error(Code::malformed_file, subject_, ": tensor ", in_quotes(name_), " ", what);
  }

  Result<void> visit(PickleRef ref, std::size_t depth) {
    const PickleKind kind = pickle_.kind(ref);
    if (kind == PickleKind::call) return visit_tensor(ref);
    if (!is_container(kind)) return {};
    if (depth == deepest) {
      return make_error(Code::malformed_file, subject_, " nests values more than ", deepest, " deep");
    }
    const auto items = pickle_.items(ref);
    if (seen_[ref]) {
      seen_again_ = seen_again_ || !items.empty();
      return {};
    }
    seen_[ref] = true;
    const std::size_t length = name_.size();
    const bool dict = kind == PickleKind::dict;
    for (std::size_t i = dict ? 1 : 0; i < items.size(); i += dict ? 2 : 1) {
      const PickleKind item = pickle_.kind(items[i]);
      if (item != PickleKind::call && !is_container(item)) continue;
      if (depth > 0) name_ += '.';
      if (!dict) {
        name_ += concat(i);
      } else if (!append_key(items[i - 1])) {
        unnamed_ = true;
        name_.resize(length);
        continue;
      }
      if (auto warranted = spend(name_.size() - length); !warranted) return warranted;
      auto visited = visit(items[i], depth + 1);
      if (!visited) return visited;
      name_.resize(length);
    }
    return {};
  }

  /// A list of as many texts as a matrix has rows may be their words.
  void note_words() {
    for (PickleRef ref = 0; ref < pickle_.values(); ++ref) {
      if (pickle_.kind(ref) != PickleKind::list) continue;
      const auto items = pickle_.items(ref);
      const bool as_many = std::any_of(found_.tensors.begin(), found_.tensors.end(), [&](const FoundTensor& tensor) {
        return tensor.shape.size() == 2 && tensor.shape[0] == items.size() && !items.empty();
      });
      if (!as_many || !std::all_of(items.begin(), items.end(),
                                   [&](PickleRef item) { return pickle_.kind(item) == PickleKind::text; })) {
        continue;
      }
      found_.notes.push_back(concat("a list of ", items.size(), " texts in it, ", in_quotes(pickle_.text(items[0])),
                                    " first, may be the words of its rows; they are not taken as keys"));
      return;
    }
  }

  static bool is_container(PickleKind kind) {
    return kind == PickleKind::dict || kind == PickleKind::list || kind == PickleKind::tuple;
  }

  bool append_key(PickleRef key) {
    const PickleKind kind = pickle_.kind(key);
    if (kind == PickleKind::text) name_ += pickle_.text(key);
    if (kind == PickleKind::integer) name_ += concat(pickle_.integer(key));
    return kind == PickleKind::text || kind == PickleKind::integer;
  }

  Result<void> visit_tensor(PickleRef ref) {
    TorchRole role = pickle_.name(ref).role;
    auto arguments = pickle_.items(ref);
    for (std::size_t depth = 0; role == TorchRole::parameter || role == TorchRole::from_type; ++depth) {
      if (depth == deepest) return malformed("is a parameter of what is not a tensor");
      if (role == TorchRole::parameter) {  // which is called with its tensor first
        if (arguments.empty() || pickle_.kind(arguments[0]) != PickleKind::call) {
          return malformed("is a parameter of what is not a tensor");
        }
        role = pickle_.name(arguments[0]).role;
        arguments = pickle_.items(arguments[0]);
      } else {  // with a function, a type and the function's arguments
        if (arguments.size() < 3 || pickle_.kind(arguments[0]) != PickleKind::name ||
            pickle_.kind(arguments[2]) != PickleKind::tuple) {
          return malformed("is made of other arguments than those of its type");
        }
        role = pickle_.name(arguments[0]).role;
        arguments = pickle_.items(arguments[2]);
      }
    }
    if (role == TorchRole::other_value) return {};
    if (role == TorchRole::other_tensor) {
      found_.notes.push_back(concat("the tensor ", in_quotes(name_), " is quantised or sparse and was left out"));
      return {};
    }
    const bool with_dtype = role == TorchRole::tensor_with_dtype;
    if (!with_dtype && role != TorchRole::tensor) return malformed("is made by what makes no tensors");
    if (arguments.size() < (with_dtype ? 7U : 4U)) return malformed("is made of too few arguments");

    if (pickle_.kind(arguments[0]) != PickleKind::persistent) return malformed("has no storage");
    const auto storage = torch_storage(pickle_, arguments[0], subject_);
    if (!storage) return storage.error();
    const TorchElement* element = storage->element;
    if (with_dtype) {
      const PickleRef dtype = arguments[6];
      const bool is_dtype = pickle_.kind(dtype) == PickleKind::name && pickle_.name(dtype).role == TorchRole::dtype;
      if (!is_dtype) return malformed("has no dtype");
      element = pickle_.name(dtype).element;
    }
    if (element == nullptr) return malformed("has an untyped storage and no dtype");

    auto view = take_view(arguments);
    if (!view) return view.error();
    const auto bytes = storage->bytes();
    const auto end = view->end();
    if (!bytes || !end || *end > *bytes / element->bytes) {
      return malformed(
          concat("passes the end of its storage ", in_quotes(storage->key), " of ", storage->elements, " elements"));
    }
    return add(*std::move(view), *element, *storage);
  }

  Result<View> take_view(std::span<const PickleRef> arguments) const {
    View view;
    const auto offset = size(arguments[1]);
    if (!offset) return malformed("has a storage offset that is not a number from 0 on");
    view.offset = *offset;
    for (const auto& [argument, sizes] : {std::pair{arguments[2], &view.shape}, {arguments[3], &view.strides}}) {
      if (pickle_.kind(argument) != PickleKind::tuple || pickle_.items(argument).size() > most_dimensions) {
        return malformed(concat("has a shape or strides that are not tuples of up to ", most_dimensions, " numbers"));
      }
      for (const PickleRef item : pickle_.items(argument)) {
        const auto number = size(item);
        if (!number) return malformed("has a shape or strides that are not numbers from 0 on");
        sizes->push_back(*number);
      }
    }
    if (view.shape.size() != view.strides.size()) {
      return malformed(concat("has ", view.shape.size(), " dimensions and ", view.strides.size(), " strides"));
    }
    return view;
  }

  std::optional<std::uint64_t> size(PickleRef ref) const {
    if (pickle_.kind(ref) != PickleKind::integer || pickle_.integer(ref) < 0) return std::nullopt;
    return static_cast<std::uint64_t>(pickle_.integer(ref));
  }

  Result<void> add(View view, const TorchElement& element, const TorchStorage& storage) {
    const std::uint64_t dimensions = view.shape.size();
    auto warranted = spend(sizeof(FoundTensor) + name_.size() + 2 * sizeof(std::uint64_t) * dimensions);
    if (!warranted) return warranted;
    auto data = find_data_(storage);
    if (!data) return data.error();
    FoundTensor tensor;
    tensor.name = name_;
    tensor.type = concat("torch.", element.dtype);
    tensor.encoding = element.encoding;
    tensor.codes = element.codes;
    tensor.big_endian = big_endian_ && element.bytes > 1;
    tensor.offset = data->offset + view.offset * element.bytes;  // an empty one's may be anywhere in its storage
    tensor.deflated = data->deflated;
    if (!view.dense()) tensor.strides = std::move(view.strides);
    tensor.shape = std::move(view.shape);
    found_.tensors.push_back(std::move(tensor));
    return {};
  }

  Result<void> spend(std::uint64_t bytes) {
    if (bytes > budget_) {
      return make_error(Code::malformed_file, subject_, " repeats its values under more names than its bytes warrant");
    }
    budget_ -= bytes;
    return {};
  }

  Result<void> check_names() const {
    std::vector<std::string_view> names;
    for (const FoundTensor& tensor : found_.tensors) names.push_back(tensor.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice == names.end()) return {};
    return make_error(Code::malformed_file, subject_, " has the tensor ", in_quotes(*twice), " twice");
  }

  const Pickle& pickle_;
  const FindTorchData& find_data_;
  const bool big_endian_;
  const std::string& subject_;
  FoundFile& found_;
  std::vector<bool> seen_;
  bool seen_again_ = false;
  bool unnamed_ = false;
  std::string name_;
  std::uint64_t budget_ = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace

Error with_advice(const Error& error) {
  if (error.code != Code::format_unsupported) return error;
  return make_error(
      error.code, error.message,
      "; where you trust it, load it with torch.load(path, weights_only=False) and save the tensor alone: "
      "torch.save({\"embedding.weight\": tensor}, path)");
}

std::optional<std::uint64_t> TorchStorage::bytes() const noexcept {
  return element == nullptr ? elements : checked_multiply(elements, element->bytes);
}

Result<TorchStorage> torch_storage(const Pickle& pickle, PickleRef ref, const std::string& subject) {
  const auto id = pickle.items(ref);
  const auto is = [&](std::size_t i, PickleKind kind) { return pickle.kind(id[i]) == kind; };
  const bool storage = (id.size() == 5 || id.size() == 6) && is(0, PickleKind::text) &&
                       pickle.text(id[0]) == "storage" && is(1, PickleKind::name) && is(2, PickleKind::text) &&
                       is(4, PickleKind::integer) && pickle.integer(id[4]) >= 0 &&
                       pickle.text(id[2]).size() <= longest_key;
  const TorchRole role = storage ? pickle.name(id[1]).role : TorchRole::dtype;
  if (role != TorchRole::storage && role != TorchRole::untyped_storage) {
    return make_error(Code::malformed_file, subject, " has a persistent id that is not that of a storage");
  }
  if (id.size() == 6 && !is(5, PickleKind::none)) {
    return make_error(Code::format_unsupported, subject, " has the storage ", in_quotes(pickle.text(id[2])),
                      " as a view of another, as PyTorch wrote them before 0.4; whole ones are read");
  }
  return TorchStorage{pickle.text(id[2]), pickle.name(id[1]).element,
                      static_cast<std::uint64_t>(pickle.integer(id[4]))};
}

Result<void> find_tensors(const Pickle& pickle, const FindTorchData& find_data, bool big_endian,
                          const std::string& subject, FoundFile& found) {
  return Walk(pickle, find_data, big_endian, subject, found).run();
}

}  // namespace rowan::detail
