"""Samples: calls of every operator, written once, run on dtrain and on torch.

A family of operators has a file here with a list SAMPLES, one line per operator:

    SAMPLES = [
        sample("lerp", call(T(3, 4), T(3, 4), 0.3), call(T(3, 4), T(4), weight=T(3, 1))),
        sample("log", call(T(3, 4, low=0.1, high=9)), more=HALF + INTS),
        sample("argmax", call(T(3, 4), dim=1), raises(IndexError, T(3), 5, match="out of range")),
        sample("nn.functional.relu", call(T(3, 4))),
        sample("gather", call(T(3, 4), 1, I(3, 2, high=4))),
    ]

Placeholders, filled with numbers that depend on the sample only:

- `T(*shape, low=-2, high=2)` takes the data type of the run; `dtype="..."` fixes it; `grad=False`
  keeps it from requiring a gradient;
- `I(*shape, low=0, high=5)` int64; `B(*shape)` bool; `C(*shape)` complex64;
- `V(values, dtype=None)` these values, for example infinities, ties or a permutation.

They may stand anywhere in lists, tuples and keywords. `once(...)` is a call whose second gradient
is left out, `raises(Error, ..., match="words")` one that must fail in both. A name may have dots
("linalg.inv") and may be that of a tensor method only ("new_zeros").

`sample(name, *calls, ...)` takes:

- `torch`: torch's name where it is another;
- `more`: further data types beside float32 and float64: HALF, INTS, COMPLEX or names; `base`: the
  types instead of those two;
- `grad=False`, `gradgrad=False` where torch's gradients are not to be compared;
- `tol`: a factor on the tolerances; `key`: a function applied to both results before they are
  compared;
- `inplace`, `out`, `method`: False where that form is not to be tried; by default each is, where
  torch has it.

tests/tensor/test_ops.py checks of each call: value, dtype, shape, requires_grad, gradient, second
gradient, gradient of one input alone, method, name_, out=, inputs that are not contiguous, errors;
and of elementwise operators on their own: 0-d, empty.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "COMPLEX", "HALF", "INTS", "B", "C", "Call", "I", "Sample", "Spec", "T", "V", "all_samples",
    "call", "once", "raises", "sample",
]  # fmt: skip

HALF = ("float16", "bfloat16")
INTS = ("int64", "int32", "uint8", "bool")
COMPLEX = ("complex64", "complex128")


@dataclass(frozen=True)
class Spec:
    """A tensor to be made: shape and range, or the values themselves."""

    shape: tuple[int, ...] = ()
    low: float = -2.0
    high: float = 2.0
    dtype: str | None = None
    grad: bool = True
    values: Any = None


@dataclass(frozen=True)
class Call:
    """One call of an operator; `error` is the class that it raises, `match` words of its text."""

    args: tuple[Any, ...]
    kw: dict[str, Any]
    error: type[Exception] | tuple[type[Exception], ...] | None = None
    match: str = ""
    gradgrad: bool = True


@dataclass(frozen=True)
class Sample:
    """The calls of one operator and how to compare them."""

    name: str
    calls: tuple[Call, ...]
    torch: str
    base: tuple[str, ...] = ("float32", "float64")
    more: tuple[str, ...] = ()
    grad: bool = True
    gradgrad: bool = True
    tol: float = 1.0
    inplace: bool = True
    out: bool = True
    method: bool = True
    key: Callable[[Any], Any] = field(default=lambda result: result)


def T(*shape: int, low: float = -2, high: float = 2, dtype: str | None = None,  # noqa: N802
      grad: bool = True) -> Spec:  # fmt: skip
    return Spec(shape, low, high, dtype, grad)


def I(*shape: int, low: int = 0, high: int = 5, dtype: str = "int64") -> Spec:  # noqa: E743, N802
    return Spec(shape, low, high, dtype, grad=False)


def B(*shape: int) -> Spec:  # noqa: N802
    return Spec(shape, 0, 2, "bool", grad=False)


def C(*shape: int, low: float = -2, high: float = 2, dtype: str = "complex64") -> Spec:  # noqa: N802
    return Spec(shape, low, high, dtype)


def V(values: Any, dtype: str | None = None, grad: bool = True) -> Spec:  # noqa: N802
    return Spec(values=values, dtype=dtype, grad=grad)


def call(*args: Any, **kw: Any) -> Call:
    return Call(args, kw)


def once(*args: Any, **kw: Any) -> Call:
    """Return a call whose second gradient is not compared."""
    return Call(args, kw, gradgrad=False)


def raises(
    error: type[Exception] | tuple[type[Exception], ...], *args: Any, match: str = "", **kw: Any
) -> Call:
    return Call(args, kw, error, match)


def sample(name: str, *calls: Call, torch: str | None = None, **how: Any) -> Sample:
    return Sample(name, calls, torch or name, **how)


def all_samples() -> list[Sample]:
    """Return the samples of every family."""
    found: list[Sample] = []
    for info in pkgutil.iter_modules(__path__):
        found += importlib.import_module(f"{__name__}.{info.name}").SAMPLES
    return found
