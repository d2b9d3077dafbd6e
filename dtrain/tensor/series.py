"""Number series: arange, range, linspace, logspace."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from dtrain.errors import DtypeError, OpTypeError, ShapeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.create import fill_out, finish, np_type, on
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["arange", "linspace", "logspace", "range"]


def arange(
    *args: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, **named: Any,
) -> Tensor:  # fmt: skip
    """Return the values from start (0) up to, without, end in steps of step (1).

    arange(end), arange(start, end) or arange(start, end, step), also by these names. Integers give
    int64, and one float among them the default floating type.

    Raises:
        ShapeError: The step is 0 or leads away from end, or a bound is not finite.
    """
    start, end, step = _bounds("arange", args, named)
    _check_step(start, end, step)
    whole = not any(isinstance(v, float) for v in (start, end, step))
    if dtype is not None or out is not None:
        target = np_type(out.dtype if dtype is None else dtype)
        _check_type("arange", target)
    else:
        target = dt.int64.np if whole else np_type(None)
    array = on(device, lambda xp: _arange(xp, start, end, step, target))
    return finish(array, requires_grad) if out is None else fill_out("arange", array, out, dtype)


def _arange(xp: Xp, start: Any, end: Any, step: Any, target: Any) -> Array:
    if target.kind in "iu":  # torch counts in the type of the result
        start, end, step = int(start), int(end), int(step)
        if not step:
            raise ShapeError("step must be nonzero")
        return xp.arange(start, end, step).astype(target)
    count = math.ceil((end - start) / step)
    return (start + step * xp.arange(count, dtype=np.float64)).astype(target)


def range(
    *args: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, **named: Any,
) -> Tensor:  # fmt: skip
    """Return the values from start up to end inclusive, in the default floating type."""
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is "
        "inconsistent with Python's range builtin. Instead, use torch.arange, which produces "
        "values in [start, end).",
        UserWarning,
        stacklevel=2,
    )
    start, end, step = _bounds("range", args, named)
    _check_step(start, end, step)
    count, target = math.floor((end - start) / step) + 1, np_type(dtype)
    array = on(
        device, lambda xp: (start + step * xp.arange(count, dtype=np.float64)).astype(target)
    )
    return finish(array, requires_grad) if out is None else fill_out("range", array, out, dtype)


def linspace(
    start: Any, end: Any, steps: int, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return `steps` evenly spaced values from start to end, both included.

    Raises:
        ShapeError: `steps` is negative.
    """
    start, end, steps = _number(start), _number(end), _steps("linspace", steps)
    target = _spaced_type("linspace", start, end, dtype, out)
    array = on(device, lambda xp: _linspace(xp, start, end, steps, target))
    return finish(array, requires_grad) if out is None else fill_out("linspace", array, out, dtype)


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return `steps` values from base**start to base**end, evenly spaced in the exponent.

    Raises:
        ShapeError: `steps` is negative.
    """
    start, end, steps = _number(start), _number(end), _steps("logspace", steps)
    target = _spaced_type("logspace", start, end, dtype, out)
    work = np.dtype(np.complex128 if target.kind == "c" else np.float64)
    if target.kind in "iu":  # torch counts in the type of the result
        start, end = int(start), int(end)
    array = on(device, lambda xp: (base ** _linspace(xp, start, end, steps, work)).astype(target))
    return finish(array, requires_grad) if out is None else fill_out("logspace", array, out, dtype)


def _linspace(xp: Xp, start: Any, end: Any, steps: int, target: Any) -> Array:
    """Count from both ends, as torch does, so that both are exact."""
    if steps == 1:
        return xp.full(1, start).astype(target)
    work = np.complex128 if target.kind == "c" else np.float64
    step = (end - start) / max(steps - 1, 1)
    count = xp.arange(steps, dtype=work)
    values = xp.where(
        xp.arange(steps) < steps // 2, start + step * count, end - step * (steps - 1 - count)
    )
    return (xp.trunc(values) if target.kind in "iu" else values).astype(target)


def _number(x: Any) -> Any:
    return x.item() if isinstance(x, (Tensor, np.generic)) else x


def _steps(where: str, steps: Any) -> int:
    """Return how many values are wanted.

    Raises:
        OpTypeError: `steps` is no integer.
        ShapeError: It is negative.
    """
    if isinstance(steps, (bool, float)) or not hasattr(steps, "__index__"):
        raise OpTypeError(f"{where}(): argument 'steps' must be int, not {type(steps).__name__}")
    count = int(steps.__index__())
    if count < 0:
        raise ShapeError(f"{where}(): number of steps must be non-negative, got {count}")
    return count


def _spaced_type(where: str, start: Any, end: Any, dtype: Any, out: Any) -> Any:
    is_complex = isinstance(start, complex) or isinstance(end, complex)
    if dtype is None and out is None:
        real = dt.get_default_dtype()
        return (real.to_complex() if is_complex else real).np
    target = np_type(out.dtype if dtype is None else dtype)
    if is_complex and target.kind != "c":
        raise DtypeError(
            f"torch.{where}(): inferred dtype {dt.get_default_dtype().to_complex()} can't be "
            f"safely cast to passed dtype {dt.of(target)}"
        )
    if target.kind == "b":
        _check_type(where, target)
    return target


def _check_type(where: str, target: Any) -> None:
    if target.kind in "bc":
        raise DtypeError(f'"{where}_cpu" not implemented for {dt.of(target)}')


def _bounds(where: str, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Any, Any]:
    names = ("end",) if len(args) == 1 and "end" not in named else ("start", "end", "step")
    given = dict(zip(names, args, strict=False))
    for key, value in named.items():
        if key not in ("start", "end", "step"):
            raise OpTypeError(f"{where}() got an unexpected keyword argument '{key}'")
        given[key] = value
    if "end" not in given or len(args) > 3:
        raise OpTypeError(f"{where}(): expected (end), (start, end) or (start, end, step)")
    start, end, step = given.get("start", 0), given["end"], given.get("step", 1)
    return _number(start), _number(end), _number(step)


def _check_step(start: Any, end: Any, step: Any) -> None:
    if any(isinstance(v, complex) for v in (start, end, step)):
        raise DtypeError("value cannot be converted to type double without overflow")
    if step == 0:
        raise ShapeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise ShapeError(f"unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise ShapeError("upper bound and lower bound inconsistent with step sign")
