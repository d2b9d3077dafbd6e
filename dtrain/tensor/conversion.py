"""A tensor as Python numbers, as nested lists and as a NumPy array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from dtrain.backend.module import to_host
from dtrain.errors import GradError, OpError, OpTypeError, OpValueError
from dtrain.tensor.graph import Leaf, Node
from dtrain.tensor.memory import Memory

if TYPE_CHECKING:
    from dtrain.tensor.tensor import Tensor

__all__ = ["Conversion"]


class Conversion(Memory):
    """The part of Tensor that leads out to Python and NumPy."""

    __slots__ = ()
    _node: Node | Leaf | None

    def numpy(self, *, force: bool = False) -> Any:
        """Return the memory as a numpy.ndarray, without a copy.

        Args:
            force: Detach, and copy from a device, where that is needed.

        Raises:
            GradError: The tensor requires grad (use detach() first, or force=True).
            OpTypeError: The memory lies on a device.
        """
        if force:
            return to_host(self._a)
        if self._node is not None:
            raise GradError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() "
                "instead."
            )
        if not isinstance(self._a, np.ndarray):
            raise OpTypeError(
                f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to "
                "copy the tensor to host memory first."
            )
        return self._a

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        a = self.numpy()
        return np.array(a, dtype, copy=copy) if dtype is not None or copy else a

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        from dtrain.tensor.tensor import wrap

        return wrap(np.asarray(array))

    def item(self) -> Any:
        """Return the only element as a Python number.

        Raises:
            OpError: There is not exactly one element.
        """
        a = self._a
        if a.size != 1:
            raise OpError(f"a Tensor with {a.size} elements cannot be converted to Scalar")
        got = a.item()
        return float(got) if a.dtype.kind == "V" else got

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers."""
        a = to_host(self._a)
        return (a.astype(np.float32) if a.dtype.kind == "V" else a).tolist()

    def __len__(self) -> int:
        if self._a.ndim == 0:
            raise OpTypeError("len() of a 0-d tensor")
        return cast(int, self._a.shape[0])

    def __bool__(self) -> bool:
        if self._a.size != 1:
            what = "no values" if self._a.size == 0 else "more than one value"
            raise OpError(f"Boolean value of Tensor with {what} is ambiguous")
        return bool(self._a.item())

    def _number(self) -> Any:
        if self._a.size != 1:
            raise OpValueError("only one element tensors can be converted to Python scalars")
        return self.item()

    def __float__(self) -> float:
        return float(_real(self._number()))

    def __int__(self) -> int:
        return int(_real(self._number()))

    def __complex__(self) -> complex:
        return complex(self._number())

    def __index__(self) -> int:
        if self._a.size != 1 or self._a.dtype.kind not in "iub":
            raise OpTypeError(
                "only integer tensors of a single element can be converted to an index"
            )
        return int(self._a.item())

    def __repr__(self, *, tensor_contents: str | None = None) -> str:
        from dtrain.tensor.show import tensor_repr

        return tensor_repr(cast("Tensor", self))

    def __format__(self, spec: str) -> str:
        if self._a.ndim == 0:
            return format(self.item(), spec)
        return object.__format__(self, spec)

    def __contains__(self, element: Any) -> bool:
        if not isinstance(element, (Conversion, bool, int, float, complex, np.generic)):
            raise OpError(
                "Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
                f"{type(element)}."
            )
        return bool((self == element).any())


def _real(value: Any) -> Any:
    """Refuse a complex number that has no real value.

    Raises:
        OpError: Its imaginary part is not zero.
    """
    if not isinstance(value, complex):
        return value
    if value.imag:
        raise OpError(f"value cannot be converted to type double without overflow: {value}")
    return value.real
