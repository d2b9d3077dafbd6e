"""The same source, run once with dtrain and once with PyTorch under the name `torch`.

    same("torch.tensor([[1, 2], [3]])")
    same("x = torch.zeros(2, 3); y = x[1]; y += 1; x")

The source is a row of statements; the value of the last one, if it has one, is what is compared:
tensors by type, shape, strides, requires_grad and values, other results by their text or value.
Where PyTorch raises, dtrain has to raise an error of the same builtin class.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from typing import Any

import numpy as np
import pytest

__all__ = ["lines", "outcome", "same"]

TOLERANCE = {"float16": 2e-3, "bfloat16": 2e-2, "float32": 2e-6, "float64": 1e-12}


def outcome(source: str, torch: Any) -> Any:
    """Run `source` with this module as `torch`; return its value, or the error it raises."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else ast.Expr(ast.Constant(None))
    space: dict[str, Any] = {"torch": torch, "np": np, "math": math}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            exec(compile(tree, "<twin>", "exec"), space)
            value = eval(
                compile(ast.fix_missing_locations(ast.Expression(last.value)), "<twin>", "eval"),
                space,
            )
        except Exception as error:  # noqa: BLE001 (whatever it is, it is compared)
            value = error
        finally:
            torch.set_default_dtype(torch.float32)
    return value, {
        w.category
        for w in said
        if issubclass(w.category, UserWarning) and "TypedStorage" not in str(w.message)
    }


def seen(x: Any) -> Any:
    """Return a value in a form that both sides have in common."""
    kind = type(x).__name__
    if kind in ("Tensor", "Parameter"):
        plain = x.detach()
        flat = plain.double().reshape(-1) if x.dtype.is_floating_point else plain.reshape(-1)
        return {
            "kind": kind, "dtype": str(x.dtype), "shape": tuple(x.shape),
            "strides": x.stride() if x.numel() else None, "grad": x.requires_grad,
            "leaf": x.is_leaf, "offset": x.storage_offset() if x.numel() else 0,
            "values": flat.tolist(),
        }  # fmt: skip
    if isinstance(x, np.ndarray):
        return {
            "kind": "ndarray",
            "dtype": str(x.dtype),
            "shape": x.shape,
            "values": x.ravel().tolist(),
        }
    if isinstance(x, np.generic):
        return x.dtype.name, x.item()
    if kind in ("dtype", "device", "layout", "memory_format", "Size", "finfo", "iinfo"):
        return kind, repr(x)
    if isinstance(x, dict):
        return {k: seen(v) for k, v in x.items()}
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return kind, [seen(v) for v in x]
    if isinstance(x, (list, tuple)):
        return type(x).__name__, [seen(v) for v in x]
    return x


def close(a: Any, b: Any, tolerance: float) -> bool:
    """Return True where two values agree, numbers up to a tolerance."""
    if isinstance(a, dict) and isinstance(b, dict):
        wide = TOLERANCE.get(str(a.get("dtype", "")).removeprefix("torch."), tolerance)
        return a.keys() == b.keys() and all(close(a[k], b[k], wide) for k in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(close(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, (float, complex)) and isinstance(b, (float, complex)):
        if a == b or str(a) == str(b) == "nan":
            return True
        return abs(a - b) <= tolerance * max(abs(a), abs(b), 1e-30)
    return type(a) is type(b) and bool(a == b)


def builtin_of(error: BaseException) -> type:
    """Return the builtin class of an error; torch's NotImplementedError is a RuntimeError here."""
    found = next(c for c in type(error).__mro__ if c.__module__ == "builtins")
    return RuntimeError if found is NotImplementedError else found


def same(source: str, words: str = "", tolerance: float = 0.0) -> None:
    """Assert that `source` gives with dtrain what it gives with PyTorch.

    Args:
        source: Statements; the last one is an expression.
        words: Words that both error messages have to contain.
        tolerance: Relative, for numbers outside of tensors.
    """
    theirs_module = pytest.importorskip("torch")
    import dtrain

    theirs_module.set_warn_always(True)
    theirs, they_said = outcome(source, theirs_module)
    ours, we_said = outcome(source, dtrain)
    if isinstance(theirs, Exception):
        assert isinstance(ours, Exception), f"torch raises {theirs!r}, dtrain gives {ours!r}"
        assert isinstance(ours, builtin_of(theirs)), f"torch raises {theirs!r}, dtrain {ours!r}"
        assert words in str(theirs), f"torch says {theirs}"
        assert words in str(ours), f"dtrain says {ours}, torch says {theirs}"
        return
    if isinstance(ours, Exception):
        pytest.fail(f"{source}: torch gives {theirs!r}, dtrain raises {ours!r}")
    assert not words, f"no error came, but {theirs!r}"
    expected, got = seen(theirs), seen(ours)
    assert close(got, expected, tolerance), f"{source}\n  dtrain {got}\n  torch  {expected}"
    assert we_said == they_said, f"warnings: dtrain {we_said}, torch {they_said}"


def lines(text: str) -> list[str]:
    """Return the sources in a text: one in a line; a line that ends in ";" goes on in the next."""
    found = [line.strip() for line in re.sub(r";\n\s*", "; ", text).splitlines()]
    return [line for line in found if line and not line.startswith("#")]
