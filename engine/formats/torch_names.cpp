// PyTorch's types of elements, and its functions that put tensors together again.
#include "engine/formats/torch_names.hpp"

#include <array>

namespace rowan::detail {
namespace {

constexpr std::array elements = {
    TorchElement{"float32", "FloatStorage", 4, Encoding::f32},
    TorchElement{"float16", "HalfStorage", 2, Encoding::f16},
    TorchElement{"bfloat16", "BFloat16Storage", 2, Encoding::bf16},
    TorchElement{"float64", "DoubleStorage", 8, Encoding::f64},
    TorchElement{"int8", "CharStorage", 1, Encoding::i8},
    TorchElement{"uint8", "ByteStorage", 1, Encoding::other},
    TorchElement{"int16", "ShortStorage", 2, Encoding::other},
    TorchElement{"int32", "IntStorage", 4, Encoding::other},
    TorchElement{"int64", "LongStorage", 8, Encoding::other},
    TorchElement{"bool", "BoolStorage", 1, Encoding::other},
    TorchElement{"complex64", "ComplexFloatStorage", 8, Encoding::other},
    TorchElement{"complex128", "ComplexDoubleStorage", 16, Encoding::other},
    TorchElement{"uint16", "", 2, Encoding::other},
    TorchElement{"uint32", "", 4, Encoding::other},
    TorchElement{"uint64", "", 8, Encoding::other},
    TorchElement{"float8_e4m3fn", "", 1, Encoding::f8_e4m3},
    TorchElement{"float8_e5m2", "", 1, Encoding::f8_e5m2},
    TorchElement{"float8_e4m3fnuz", "", 1, Encoding::other},
    TorchElement{"float8_e5m2fnuz", "", 1, Encoding::other},
};

struct Function {
  std::string_view module;
  std::string_view name;
  TorchRole role;
};
constexpr std::array functions = {
    Function{"collections", "OrderedDict", TorchRole::ordered_dict},
    Function{"torch", "Size", TorchRole::size},
    Function{"torch._utils", "_rebuild_tensor", TorchRole::tensor},
    Function{"torch._utils", "_rebuild_tensor_v2", TorchRole::tensor},
    Function{"torch._utils", "_rebuild_tensor_v3", TorchRole::tensor_with_dtype},
    Function{"torch._utils", "_rebuild_parameter", TorchRole::parameter},
    Function{"torch._utils", "_rebuild_parameter_with_state", TorchRole::parameter},
    Function{"torch.storage", "UntypedStorage", TorchRole::untyped_storage},
    Function{"torch", "UntypedStorage", TorchRole::untyped_storage},
};

}  // namespace

std::optional<TorchName> find_torch_name(std::string_view module, std::string_view name) noexcept {
  for (const Function& function : functions) {
    if (module == function.module && name == function.name) return TorchName{function.role, nullptr};
  }
  if (module != "torch" || name.empty()) return std::nullopt;
  for (const TorchElement& element : elements) {
    if (name == element.storage) return TorchName{TorchRole::storage, &element};
    if (name == element.dtype) return TorchName{TorchRole::dtype, &element};
  }
  return std::nullopt;
}

}  // namespace rowan::detail
