"""Questions about tensors and types, as functions."""

from __future__ import annotations

from typing import Any

from dtrain.tensor import dtype as dt
from dtrain.tensor.tensor import Tensor

__all__ = [
    "finfo", "iinfo", "is_complex", "is_floating_point", "is_nonzero",
    "is_tensor", "numel",
]  # fmt: skip


def is_tensor(obj: Any) -> bool:
    """Return True for a tensor."""
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> bool:
    """Return True for a tensor of a real floating type."""
    return input.is_floating_point()


def is_complex(input: Tensor) -> bool:
    """Return True for a tensor of a complex type."""
    return input.is_complex()


def is_nonzero(input: Tensor) -> bool:
    """Return True for a tensor whose only element is not zero."""
    return bool(input)


def numel(input: Tensor) -> int:
    """Return the number of elements."""
    return input.numel()


class _Info:
    """Limits of a type; a thin cover of NumPy's."""

    def __init__(self, dtype: dt.dtype, limits: Any) -> None:
        self.dtype = dtype.name
        self.bits = 8 * dtype.itemsize
        self._limits = limits

    def __getattr__(self, name: str) -> Any:
        got = getattr(self._limits, name)
        return got if isinstance(got, int) else float(got)


class finfo(_Info):
    """Limits of a floating type: eps, max, min, tiny, smallest_normal, resolution, bits."""

    def __init__(self, type: dt.dtype | None = None) -> None:
        import numpy as np

        kind = (dt.get_default_dtype() if type is None else type).to_real()
        if kind is dt.bfloat16:
            import ml_dtypes

            super().__init__(kind, ml_dtypes.finfo(kind.np))
        else:
            super().__init__(kind, np.finfo(kind.np))

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution}, min={self.min}, max={self.max}, eps={self.eps}, "
            f"smallest_normal={self.smallest_normal}, tiny={self.tiny}, dtype={self.dtype})"
        )


class iinfo(_Info):
    """Limits of an integer type: min, max, bits."""

    def __init__(self, type: dt.dtype) -> None:
        import numpy as np

        super().__init__(type, np.iinfo(type.np))

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
