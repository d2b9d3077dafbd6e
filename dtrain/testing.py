"""torch.testing's face: comparisons for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dtrain.backend.module import to_host
from dtrain.errors import OpValueError
from dtrain.tensor import dtype as dt
from dtrain.tensor.random import rand, randint
from dtrain.tensor.tensor import Tensor, wrap

__all__ = ["assert_close", "make_tensor"]

_TOLERANCES = {  # relative and absolute, by type; 0 for the others
    "float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5), "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7), "complex64": (1.3e-6, 1e-5), "complex128": (1e-7, 1e-7),
}  # fmt: skip
Message = str | Callable[[str], str] | None


class _Comparison:
    """The options of one assert_close."""

    def __init__(self, rtol: float | None, atol: float | None, **checks: bool) -> None:
        if (rtol is None) != (atol is None):
            raise OpValueError(
                "rtol and atol must both be specified or both be unspecified, but got "
                f"rtol={rtol} and atol={atol}."
            )
        self.rtol, self.atol, self.checks = rtol, atol, checks

    def problem(self, actual: Any, expected: Any, at: str = "") -> str:
        """Return what differs; nothing where all is close."""
        if isinstance(actual, Mapping) and isinstance(expected, Mapping):
            if actual.keys() != expected.keys():
                return f"The keys of the mappings do not match: {list(actual)}, {list(expected)}"
            pairs = [(f"{at}[{key!r}]", actual[key], expected[key]) for key in actual]
        elif _is_list(actual) and _is_list(expected):
            if len(actual) != len(expected):
                return f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
            pairs = [
                (f"{at}[{i}]", a, e) for i, (a, e) in enumerate(zip(actual, expected, strict=True))
            ]
        else:
            found = self._leaf(actual, expected)
            return f"{found}\n\nThe failure occurred for item {at}" if found and at else found
        return next(filter(None, (self.problem(a, e, name) for name, a, e in pairs)), "")

    def _leaf(self, actual: Any, expected: Any) -> str:
        if isinstance(actual, str) or actual is None or expected is None:
            return "" if actual == expected else f"{actual!r} is not {expected!r}"
        if not self.checks["allow_subclasses"] and type(actual) is not type(expected):
            return f"Types do not match: {type(actual)} and {type(expected)}"
        kind = "Tensor-likes" if isinstance(actual, (Tensor, np.ndarray)) else "Scalars"
        a, e = _tensor(actual), _tensor(expected)
        for name, check, one, other in (
            ("shape", True, tuple(a.shape), tuple(e.shape)),
            ("device", self.checks["check_device"], a.device, e.device),
            ("dtype", self.checks["check_dtype"] and kind != "Scalars", a.dtype, e.dtype),
            ("stride()", self.checks["check_stride"], a.stride(), e.stride()),
        ):
            if check and one != other:
                return f"The values for attribute '{name}' do not match: {one} != {other}."
        return self._values(kind, a, e)

    def _values(self, kind: str, a: Tensor, e: Tensor) -> str:
        if self.rtol is None or self.atol is None:
            known = [_TOLERANCES.get(t.dtype.name, (0.0, 0.0)) for t in (a, e)]
            rtol, atol = max(k[0] for k in known), max(k[1] for k in known)
        else:
            rtol, atol = self.rtol, self.atol
        one, other = _wide(a), _wide(e)
        with np.errstate(invalid="ignore", over="ignore"):
            apart = np.abs(one - other)
            good = (one == other) | (apart <= atol + rtol * np.abs(other))
        if self.checks["equal_nan"]:
            good |= np.isnan(one) & np.isnan(other)
        if good.all():
            return ""
        worst = float(np.where(good, 0, apart).max())
        if kind == "Scalars":
            return (
                f"Scalars are not close!\n\nExpected {e.item()} but got {a.item()}.\nAbsolute "
                f"difference: {worst} (up to {atol} allowed)"
            )
        wrong = int(np.count_nonzero(~good))
        words = "close" if rtol or atol else "equal"
        return (
            f"{kind} are not {words}!\n\nMismatched elements: {wrong} / {good.size} "
            f"({100 * wrong / good.size:.1f}%)\nGreatest absolute difference: {worst} (up to "
            f"{atol} allowed, with a relative tolerance of {rtol})"
        )


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else wrap(np.asarray(value))


def _wide(t: Tensor) -> Any:
    """Return the values in the widest type of their kind."""
    a = to_host(t._a)
    return a.astype(np.complex128 if a.dtype.kind == "c" else np.float64)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: Message = None,
) -> None:
    """Assert that |actual - expected| <= atol + rtol * |expected|, element by element.

    Args:
        actual: A tensor, array or number, or sequences and mappings of them.
        expected: The same.
        allow_subclasses: Different classes may be compared.
        rtol: The relative tolerance; None for the one of the type.
        atol: The absolute tolerance; None for the one of the type.
        equal_nan: nan equals nan.
        check_device: The devices have to agree.
        check_dtype: The types have to agree.
        check_layout: The layouts have to agree; there is one.
        check_stride: The strides have to agree.
        msg: What to say instead, or a function of what would be said.

    Raises:
        AssertionError: They differ; the message says where and how much.
        OpValueError: Only one tolerance is given.
    """
    checks = {
        "allow_subclasses": allow_subclasses, "equal_nan": equal_nan, "check_device": check_device,
        "check_dtype": check_dtype, "check_stride": check_stride,
    }  # fmt: skip
    found = _Comparison(rtol, atol, **checks).problem(actual, expected)
    if found:
        raise AssertionError(msg(found) if callable(msg) else msg or found)


def make_tensor(
    *shape: Any,
    dtype: dt.dtype,
    device: Any = "cpu",
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor of random numbers, between -9 and 9 if nothing else is said."""
    sizes = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
    least = 0 if dtype.name in {"bool", "uint8"} else -9
    a, b = (
        least if low is None else low,
        (2 if dtype.name == "bool" else 9) if high is None else high,
    )
    if dtype.category < 2:
        made = randint(int(a), int(b), sizes, device=device).to(dtype)
    else:
        made = (rand(sizes, device=device) * (b - a) + a).to(dtype)
    return made.requires_grad_() if requires_grad else made
