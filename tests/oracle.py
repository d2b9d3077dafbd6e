"""The same call on dtrain and on torch, and what must agree between the two."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dtrain.tensor import dtype as dt
from dtrain.tensor.tensor import Tensor, wrap
from tests.samples import Call, Sample, Spec

torch = pytest.importorskip("torch")

TOLERANCE = {  # (relative, absolute) by the data type of a result
    "float16": (2e-3, 2e-3), "bfloat16": (2e-2, 2e-2), "float32": (1e-5, 1e-5),
    "float64": (1e-9, 1e-9), "complex64": (1e-5, 1e-5), "complex128": (1e-9, 1e-9),
}  # fmt: skip


class Absent(Exception):  # noqa: N818 (says what is so)
    """torch has no function, method or form of that name, or refuses the data type."""


# ---- from placeholders to tensors ----


def draw(spec: Spec, dtype: str, seed: int) -> np.ndarray[Any, Any]:
    """Return the numbers of a placeholder as an array of the data type."""
    name = spec.dtype or dtype
    if spec.values is not None:
        values = np.asarray(spec.values)
        name = spec.dtype or (dtype if values.dtype.kind == "f" else values.dtype.name)
        return values.astype(dt.np_dtype(getattr(dt, name, dt.bool_)))
    rng = np.random.default_rng(seed)
    low, high = spec.low, spec.high
    if name.startswith(("int", "uint")):
        least = max(round(low), 0) if name[0] == "u" else round(low)
        return rng.integers(least, max(round(high), least + 1), spec.shape).astype(name)
    if name == "bool":
        return np.asarray(rng.random(spec.shape) < 0.5)
    values = rng.uniform(low, high, spec.shape)
    if name.startswith("complex"):
        values = values + 1j * rng.uniform(low, high, spec.shape)
    return np.asarray(values).astype(dt.np_dtype(getattr(dt, name)))


def spread_out(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the same values in memory that is not contiguous."""
    if a.ndim == 0:
        return a
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
    wide[..., ::2] = a
    return np.swapaxes(np.swapaxes(wide, 0, -1).copy(), 0, -1)[..., ::2]


def to_dtrain(a: np.ndarray[Any, Any]) -> Tensor:
    return wrap(a.copy() if a.flags.c_contiguous else a)


def to_torch(a: np.ndarray[Any, Any]) -> Any:
    if a.dtype.kind == "V":
        return torch.from_numpy(a.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(a.copy() if a.flags.c_contiguous else a)


class Run:
    """One call with its tensors, made the same for both sides."""

    def __init__(self, sample: Sample, call: Call, dtype: str, strided: bool = False) -> None:
        self.sample, self.call, self.dtype = sample, call, dtype
        seed = zlib.crc32(sample.name.encode())
        self.arrays: list[np.ndarray[Any, Any]] = []
        self.specs: list[Spec] = []
        self._visit((call.args, call.kw), lambda s: self._collect(s, seed, strided))

    @property
    def tol(self) -> float:
        """The factor on the tolerances: larger where a float32 takes part in a float64 run."""
        single = any(s.dtype in ("float32", "complex64") for s in self.specs)
        return self.sample.tol * (1e4 if single else 1)

    def _collect(self, spec: Spec, seed: int, strided: bool) -> None:
        a = draw(spec, self.dtype, seed + len(self.arrays))
        self.arrays.append(spread_out(a) if strided else a)
        self.specs.append(spec)

    def _visit(self, value: Any, fn: Callable[[Spec], Any]) -> Any:
        if isinstance(value, Spec):
            return fn(value)
        if isinstance(value, (list, tuple)):
            return type(value)(self._visit(v, fn) for v in value)
        if isinstance(value, dict):
            return {k: self._visit(v, fn) for k, v in value.items()}
        return value

    def made(self, side: str, grad: bool | int) -> tuple[Any, dict[str, Any], list[Any]]:
        """Return (args, kw, tensors) for "dtrain" or "torch".

        `grad` says whether the tensors are to require it, or which one of them, from 1.
        """
        tensors: list[Any] = []

        def make(spec: Spec) -> Any:
            a = self.arrays[len(tensors)]
            t = to_torch(a) if side == "torch" else to_dtrain(a)
            chosen = grad is True or (grad is not False and grad == len(tensors) + 1)
            if chosen and spec.grad and a.dtype.kind in "fcV":
                t.requires_grad_()
            tensors.append(t)
            return t

        args, kw = self._visit((self.call.args, self.call.kw), make)
        if side == "torch":
            kw = {k: torch_value(v) for k, v in kw.items()}
            args = tuple(torch_value(v) for v in args)
        return args, kw, tensors


def torch_value(value: Any) -> Any:
    """Return torch's counterpart of a dtype or device, and other values as they are."""
    if isinstance(value, dt.dtype):
        return getattr(torch, value.name)
    return value


# ---- functions by name ----


def find(side: str, name: str) -> Callable[..., Any]:
    """Return the function or method `name` of dtrain or torch.

    Raises:
        Absent: There is none.
    """
    if side == "torch":
        root, cls = torch, torch.Tensor
    else:
        import dtrain

        root, cls = dtrain, Tensor
    found: Any = root
    for part in name.split("."):
        found = getattr(found, part, None)
        if found is None:
            break
    if found is None or isinstance(found, (type(pytest), dt.dtype)):
        found = getattr(cls, name, None)
    if not callable(found):
        raise Absent(f"{side} has no {name}")
    return found


def method(side: str, name: str) -> Callable[..., Any]:
    """Return the tensor method `name`.

    Raises:
        Absent: There is none.
    """
    found = getattr(torch.Tensor if side == "torch" else Tensor, name, None)
    if not callable(found):
        raise Absent(f"{side} has no method {name}")
    return found


# ---- comparison ----


def numbers(value: Any) -> Any:
    """Return a tensor as (dtype name, array); containers and numbers as themselves."""
    if isinstance(value, Tensor):
        return value.dtype.name, np.asarray(wide(value._a))
    if isinstance(value, torch.Tensor):
        value = value.detach().resolve_conj().resolve_neg()
        if value._is_zerotensor():
            value = torch.zeros(value.shape, dtype=value.dtype)
        name = str(value.dtype).removeprefix("torch.")
        return name, (value.float() if name == "bfloat16" else value).numpy()
    if isinstance(value, (tuple, list)):
        return [numbers(v) for v in value]
    return value


def wide(a: Any) -> Any:
    return a.astype(np.float32) if a.dtype.kind == "V" else a


def assert_same(got: Any, expected: Any, tol: float = 1.0, what: str = "result") -> None:
    """Assert that two results agree in structure, dtype, shape and value."""
    compare(numbers(got), numbers(expected), tol, what)


def compare(got: Any, expected: Any, tol: float, what: str) -> None:
    if isinstance(expected, list):
        assert isinstance(got, list), f"{what}: a tensor instead of {len(expected)}"
        assert len(got) == len(expected), what
        for i, (a, b) in enumerate(zip(got, expected, strict=True)):
            compare(a, b, tol, f"{what}[{i}]")
        return
    if not isinstance(expected, tuple):
        assert got == expected or (got != got and expected != expected), what  # noqa: PLR0124
        return
    assert isinstance(got, tuple), f"{what}: {got!r} is no tensor"
    assert got[0] == expected[0], f"{what}: dtype"
    assert got[1].shape == expected[1].shape, f"{what}: shape"
    rtol, atol = TOLERANCE.get(expected[0], (0, 0))
    np.testing.assert_allclose(
        got[1], expected[1], rtol * tol, atol * tol, equal_nan=True, err_msg=what
    )


def floating(result: Any) -> list[Any]:
    """Return the tensors in a result that have a history."""
    if isinstance(result, (tuple, list)):
        return [t for r in result for t in floating(r)]
    return [result] if getattr(result, "requires_grad", False) else []
