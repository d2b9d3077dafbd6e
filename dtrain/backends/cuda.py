"""torch.backends.cuda: how matrices are multiplied on GPUs.

The switches keep what is written to them. cuBLAS computes float32 products in float32 unless CuPy
was started with CUPY_TF32=1, whatever `matmul.allow_tf32` says.
"""

from __future__ import annotations

from dataclasses import dataclass

from dtrain.backend.cupy_ import device_count
from dtrain.errors import OpValueError

__all__ = [
    "Matmul", "enable_cudnn_sdp", "enable_flash_sdp", "enable_math_sdp",
    "enable_mem_efficient_sdp", "flash_sdp_enabled", "is_built", "math_sdp_enabled", "matmul",
    "mem_efficient_sdp_enabled", "preferred_linalg_library",
]  # fmt: skip


@dataclass
class Matmul:
    """The switches of matrix products on GPUs.

    Attributes:
        allow_tf32: Round float32 operands to 19 bits.
        allow_fp16_reduced_precision_reduction: Sum up float16 products in float16.
        allow_bf16_reduced_precision_reduction: Sum up bfloat16 products in bfloat16.
    """

    allow_tf32: bool = False
    allow_fp16_reduced_precision_reduction: bool = True
    allow_bf16_reduced_precision_reduction: bool = True


matmul = Matmul()
_attention = {"flash": True, "mem_efficient": True, "math": True, "cudnn": True}


def is_built() -> bool:
    """Return True where CuPy sees a GPU."""
    return device_count() > 0


def flash_sdp_enabled() -> bool:
    """Return what enable_flash_sdp has set; attention is computed in one way all the same."""
    return _attention["flash"]


def enable_flash_sdp(enabled: bool) -> None:
    """Keep the wish for attention in one pass."""
    _attention["flash"] = bool(enabled)


def mem_efficient_sdp_enabled() -> bool:
    """Return what enable_mem_efficient_sdp has set."""
    return _attention["mem_efficient"]


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Keep the wish for attention in little memory."""
    _attention["mem_efficient"] = bool(enabled)


def math_sdp_enabled() -> bool:
    """Return what enable_math_sdp has set."""
    return _attention["math"]


def enable_math_sdp(enabled: bool) -> None:
    """Keep the wish for attention by plain matrix products, which is what dtrain does."""
    _attention["math"] = bool(enabled)


def enable_cudnn_sdp(enabled: bool) -> None:
    """Keep the wish for cuDNN's attention."""
    _attention["cudnn"] = bool(enabled)


def preferred_linalg_library(backend: str | None = None) -> str:
    """Return the library for linear algebra on GPUs: cuSOLVER, which CuPy calls.

    Raises:
        OpValueError: Another one is asked for.
    """
    if backend not in {None, "default", "cusolver"}:
        raise OpValueError(
            f"preferred_linalg_library(backend={backend!r}): not there; expected 'default' or "
            "'cusolver'"
        )
    return "cusolver"
