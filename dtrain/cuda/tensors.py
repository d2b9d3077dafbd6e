"""The constructors of old for CUDA devices: torch.cuda.FloatTensor(...) and its kin."""

from __future__ import annotations

from dtrain.tensor import dtype as dt
from dtrain.tensor.legacy import TypedTensor

__all__ = [
    "BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor",
    "HalfTensor", "IntTensor", "LongTensor", "ShortTensor",
]  # fmt: skip

BFloat16Tensor = TypedTensor("BFloat16Tensor", dt.bfloat16, "cuda")
BoolTensor = TypedTensor("BoolTensor", dt.bool_, "cuda")
ByteTensor = TypedTensor("ByteTensor", dt.uint8, "cuda")
CharTensor = TypedTensor("CharTensor", dt.int8, "cuda")
DoubleTensor = TypedTensor("DoubleTensor", dt.float64, "cuda")
FloatTensor = TypedTensor("FloatTensor", dt.float32, "cuda")
HalfTensor = TypedTensor("HalfTensor", dt.float16, "cuda")
IntTensor = TypedTensor("IntTensor", dt.int32, "cuda")
LongTensor = TypedTensor("LongTensor", dt.int64, "cuda")
ShortTensor = TypedTensor("ShortTensor", dt.int16, "cuda")
