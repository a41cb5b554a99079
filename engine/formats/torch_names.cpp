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
    TorchElement{"uint8", "ByteStorage", 1, Encoding::other, Codes::u8},
    TorchElement{"int16", "ShortStorage", 2, Encoding::other},
    TorchElement{"int32", "IntStorage", 4, Encoding::other, Codes::i32},
    TorchElement{"int64", "LongStorage", 8, Encoding::other},
    TorchElement{"bool", "BoolStorage", 1, Encoding::other},
    TorchElement{"complex64", "ComplexFloatStorage", 8, Encoding::other},
    TorchElement{"complex128", "ComplexDoubleStorage", 16, Encoding::other},
    TorchElement{"uint16", "", 2, Encoding::other},
    TorchElement{"uint32", "", 4, Encoding::other, Codes::u32},
    TorchElement{"uint64", "", 8, Encoding::other},
    TorchElement{"float8_e4m3fn", "", 1, Encoding::f8_e4m3},
    TorchElement{"float8_e5m2", "", 1, Encoding::f8_e5m2},
    TorchElement{"float8_e4m3fnuz", "", 1, Encoding::other},
    TorchElement{"float8_e5m2fnuz", "", 1, Encoding::other},
    TorchElement{"float8_e8m0fnu", "", 1, Encoding::other, Codes::e8m0},
    TorchElement{"qint8", "QInt8Storage", 1, Encoding::other},
    TorchElement{"quint8", "QUInt8Storage", 1, Encoding::other},
    TorchElement{"qint32", "QInt32Storage", 4, Encoding::other},
    TorchElement{"quint4x2", "QUInt4x2Storage", 1, Encoding::other},
    TorchElement{"quint2x4", "QUInt2x4Storage", 1, Encoding::other},
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
    Function{"torch._tensor", "_rebuild_from_type_v2", TorchRole::from_type},
    Function{"torch._utils", "_rebuild_qtensor", TorchRole::other_tensor},
    Function{"torch._utils", "_rebuild_sparse_tensor", TorchRole::other_tensor},
    Function{"torch._utils", "_rebuild_sparse_csr_tensor", TorchRole::other_tensor},
    Function{"torch._utils", "_rebuild_nested_tensor", TorchRole::other_tensor},
    Function{"torch._utils", "_rebuild_meta_tensor_no_storage", TorchRole::other_tensor},
    Function{"torch._utils", "_rebuild_wrapper_subclass", TorchRole::other_tensor},
    Function{"torch", "Tensor", TorchRole::other_value},
    Function{"torch.nn.parameter", "Parameter", TorchRole::other_value},
    Function{"torch", "device", TorchRole::other_value},
    Function{"torch.serialization", "_get_layout", TorchRole::other_value},
    Function{"torch", "strided", TorchRole::other_value},
    Function{"torch", "sparse_coo", TorchRole::other_value},
    Function{"torch", "per_tensor_affine", TorchRole::other_value},
    Function{"torch", "per_tensor_symmetric", TorchRole::other_value},
    Function{"torch", "per_channel_affine", TorchRole::other_value},
    Function{"torch", "per_channel_symmetric", TorchRole::other_value},
    Function{"torch", "per_channel_affine_float_qparams", TorchRole::other_value},
    Function{"collections", "Counter", TorchRole::other_value},
    Function{"_codecs", "encode", TorchRole::other_value},
    Function{"builtins", "set", TorchRole::other_value},
    Function{"builtins", "bytearray", TorchRole::other_value},
    Function{"builtins", "complex", TorchRole::other_value},
    Function{"__builtin__", "set", TorchRole::other_value},  // as protocol 2 has it
    Function{"__builtin__", "bytearray", TorchRole::other_value},
    Function{"__builtin__", "complex", TorchRole::other_value},
    Function{"__builtin__", "bytes", TorchRole::other_value},
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
