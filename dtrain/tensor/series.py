"""Number series: arange, range, linspace, logspace on bare arrays, with torch's types and checks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dtrain.errors import OpTypeError, OpValueError, ShapeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array, Xp

__all__ = ["arange_array", "linspace_array", "logspace_array", "place_series", "range_array"]


def _number(x: Any) -> Any:
    return x.item() if isinstance(x, (Tensor, np.generic)) else x


def place_series(array: Array, requires_grad: bool, out: Any) -> Tensor:
    """Return the series as a tensor, in `out` where one is given."""
    if out is not None:
        out._a = array.astype(out._a.dtype)
        return out  # type: ignore[no-any-return]
    made = wrap(array)
    return made.requires_grad_() if requires_grad else made


def _bounds(where: str, args: tuple[Any, ...], kw: dict[str, Any]) -> tuple[Any, Any, Any]:
    names = ("end",) if len(args) == 1 and "end" not in kw else ("start", "end", "step")
    given = dict(zip(names, args, strict=False))
    for key, value in kw.items():
        if key not in ("start", "end", "step"):
            raise OpTypeError(f"{where}() got an unexpected keyword argument '{key}'")
        given[key] = value
    if "end" not in given or len(args) > 3:
        raise OpTypeError(f"{where}(): expected (end), (start, end) or (start, end, step)")
    return _number(given.get("start", 0)), _number(given["end"]), _number(given.get("step", 1))


def _check_step(start: Any, end: Any, step: Any) -> None:
    if step == 0:
        raise ShapeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise ShapeError(f"unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise ShapeError("upper bound and lower bound inconsistent with step sign")


def arange_array(args: tuple[Any, ...], kw: dict[str, Any], dtype: Any, xp: Xp) -> Any:
    """Return start, start + step, ... below end; integers give int64, floats the default type."""
    start, end, step = _bounds("arange", args, kw)
    _check_step(start, end, step)
    if dtype is not None:
        target = dt.np_dtype(dtype)
    elif any(isinstance(v, float) for v in (start, end, step)):
        target = dt.get_default_dtype().np
    else:
        target = dt.int64.np
    if target.kind in "iub" and all(isinstance(v, int) for v in (start, end, step)):
        return xp.arange(start, end, step).astype(target)
    count = math.ceil((end - start) / step)
    return (start + step * xp.arange(count, dtype=np.float64)).astype(target)


def range_array(args: tuple[Any, ...], dtype: Any, xp: Xp) -> Any:
    """Return start, start + step, ... up to and with end, in the default floating type."""
    start, end, step = _bounds("range", args, {})
    _check_step(start, end, step)
    count = math.floor((end - start) / step) + 1
    target = dt.get_default_dtype().np if dtype is None else dt.np_dtype(dtype)
    return (start + step * xp.arange(count, dtype=np.float64)).astype(target)


def linspace_array(start: Any, end: Any, steps: int, dtype: Any, xp: Xp) -> Any:
    """Return `steps` values from start to end, counted from both ends as torch does."""
    start, end, steps = _number(start), _number(end), _number(steps)
    if steps < 0:
        raise ShapeError("number of steps must be non-negative")
    if dtype is None:
        real = dt.get_default_dtype()
        target = (real.to_complex() if isinstance(start + end, complex) else real).np
    else:
        target = dt.np_dtype(dtype)
    if steps == 1:
        return xp.full(1, start).astype(target)
    exact = target.kind in "iu"
    work = np.float64 if target.kind in "iubfV" else np.complex128
    step = (end - start) / max(steps - 1, 1)
    up = start + step * xp.arange(steps, dtype=work)
    down = end - step * (steps - 1 - xp.arange(steps, dtype=work))
    values = xp.where(xp.arange(steps) < steps // 2, up, down)
    return (xp.trunc(values) if exact else values).astype(target)


def logspace_array(
    start: Any, end: Any, steps: int, base: float, dtype: Any, xp: Xp
) -> Any:
    """Return base ** linspace(start, end, steps)."""
    if isinstance(steps, float):
        raise OpValueError(f"logspace(): steps must be an integer, got {steps}")
    target = dt.get_default_dtype().np if dtype is None else dt.np_dtype(dtype)
    work = dt.complex128 if target.kind == "c" else dt.float64
    return (base ** linspace_array(start, end, steps, work, xp)).astype(target)
