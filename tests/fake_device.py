"""A device that is not NumPy: arrays that refuse silent conversion, for code without a GPU.

`FakeArray` hides a NumPy array and is no subclass of it; `fake` is its array module. Whatever mixes
the two, or calls NumPy's functions on a device array, fails as it would with CuPy.
"""

from __future__ import annotations

import types
import weakref
from typing import Any

import numpy as np

from dtrain.backend.module import register_array_class
from dtrain.tensor.tensor import Tensor, wrap


class _Device:
    """The only device there is; `with` makes it the current one."""

    id = 0

    def __init__(self, index: int = 0) -> None:
        if index:
            raise IndexError(f"there is no device {index}")

    def __enter__(self) -> _Device:
        return self

    def __exit__(self, *exc: object) -> None:
        pass


class _Flags:
    """The flags that CuPy's arrays have."""

    def __init__(self, flags: Any) -> None:
        self.c_contiguous, self.f_contiguous = flags.c_contiguous, flags.f_contiguous
        self.owndata, self.forc, self.fnc = flags.owndata, flags.forc, flags.fnc


# Every array by the memory it hides: the base of a view is the very object it was cut from.
_known: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()


class FakeArray:
    """A device array: shape and strides can be seen, values cannot without `get()`."""

    __array_priority__ = 100
    __array_ufunc__ = None
    device = _Device()

    def __init__(self, hidden: Any) -> None:
        self._hidden = hidden
        self._base = _owner(hidden)
        _known[id(hidden)] = self

    def __array__(self, *args: Any, **kw: Any) -> Any:
        raise TypeError("implicit conversion of a device array to NumPy")

    def get(self) -> Any:
        return self._hidden.copy()

    def item(self) -> Any:
        return self._hidden.item()

    @property
    def base(self) -> Any:
        return self._base

    @property
    def flags(self) -> _Flags:
        return _Flags(self._hidden.flags)

    @property
    def __array_interface__(self) -> Any:
        raise AttributeError("a device array has no host memory")

    @property
    def data(self) -> Any:
        return types.SimpleNamespace(ptr=self._hidden.__array_interface__["data"][0])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = getattr(self._hidden, name)
        return _lift(found) if callable(found) else _up(found)

    def __len__(self) -> int:
        return len(self._hidden)

    def __bool__(self) -> bool:
        return bool(self._hidden)

    def __index__(self) -> int:
        return self._hidden.__index__()

    def __float__(self) -> float:
        return float(self._hidden)

    def __int__(self) -> int:
        return int(self._hidden)

    def __iter__(self) -> Any:
        raise TypeError("iterating over a device array costs a transfer for each element")

    def __getitem__(self, key: Any) -> Any:
        return _up(self._hidden[_down(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        self._hidden[_down(key)] = _down(value)


def _next(array: Any) -> Any:
    """Return the array that an array is a view of; NumPy's as_strided puts a helper in between."""
    base = array.base
    return base if isinstance(base, np.ndarray) else getattr(base, "base", None)


def _owner(hidden: Any) -> Any:
    """Return the device array that owns the memory of a view; None for an array of its own."""
    base = _next(hidden)
    while base is not None and (further := _next(base)) is not None:
        base = further
    if base is None:
        return None
    known = _known.get(id(base))
    return known if known is not None and known._hidden is base else FakeArray(base)


def _down(x: Any) -> Any:
    if isinstance(x, FakeArray):
        return x._hidden
    if isinstance(x, np.ndarray) and x.ndim:
        raise TypeError("a NumPy array was given to the device")
    if isinstance(x, (tuple, list)):
        return type(x)(_down(y) for y in x)
    return x


def _up(x: Any) -> Any:
    if isinstance(x, (np.ndarray, np.generic)):
        return FakeArray(np.asarray(x))
    if isinstance(x, tuple):
        return tuple(_up(y) for y in x)
    if isinstance(x, list):
        return [_up(y) for y in x]
    return x


def _lift(fn: Any) -> Any:
    def lifted(*args: Any, **kw: Any) -> Any:
        return _up(fn(*_down(args), **{k: _down(v) for k, v in kw.items()}))

    return lifted


def _operator(name: str) -> Any:
    def operate(self: FakeArray, *others: Any) -> Any:
        got = getattr(self._hidden, name)(*_down(others))
        if name.startswith("__i") and name != "__invert__":
            return self
        return got if got is NotImplemented else _up(got)

    return operate


_OPERATORS = """
add sub mul truediv floordiv mod divmod pow matmul and or xor lshift rshift
radd rsub rmul rtruediv rfloordiv rmod rpow rand ror rxor
iadd isub imul itruediv neg abs invert pos eq ne lt le gt ge
"""
for _name in _OPERATORS.split():
    setattr(FakeArray, f"__{_name}__", _operator(f"__{_name}__"))
FakeArray.__hash__ = object.__hash__  # type: ignore[method-assign]


class _Module(types.ModuleType):
    """An array module that covers NumPy, or a part of it such as linalg."""

    def __init__(self, name: str, cover: Any) -> None:
        super().__init__(name)
        self._cover = cover

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._cover, name)
        if isinstance(found, types.ModuleType):
            return _Module(f"fake.{name}", found)
        if isinstance(found, np.ufunc):
            return _Ufunc(found)
        return _lift(found) if callable(found) and not isinstance(found, type) else found


class _Ufunc:
    def __init__(self, ufunc: Any) -> None:
        self._ufunc = ufunc

    def __call__(self, *args: Any, **kw: Any) -> Any:
        return _lift(self._ufunc)(*args, **kw)

    def __getattr__(self, name: str) -> Any:
        return _lift(getattr(self._ufunc, name))


def _upload(x: Any, dtype: Any = None, copy: Any = None, **kw: Any) -> Any:
    """Return a host's array or numbers on the device, as cupy.array does."""
    return FakeArray(np.array(x._hidden if isinstance(x, FakeArray) else x, dtype, **kw))


fake: Any = _Module("fake", np)
fake.ndarray = FakeArray
fake.array = fake.asarray = _upload
fake.cuda = types.SimpleNamespace(
    Device=_Device,
    runtime=types.SimpleNamespace(getDeviceCount=lambda: 1, getDevice=lambda: 0),
)
register_array_class(FakeArray, fake)


def on_fake(t: Tensor) -> Tensor:
    """Return a copy of a CPU tensor on the fake device."""
    made = wrap(FakeArray(t.detach().numpy().copy()))
    return made.requires_grad_(t.requires_grad)


def back(t: Tensor) -> Any:
    """Return a fake tensor's values as a NumPy array."""
    return t._a.get()
