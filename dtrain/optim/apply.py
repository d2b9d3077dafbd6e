"""How an optimizer's update is applied: in blocks, to rows, with complex numbers as real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dtrain.backend.module import module_of
from dtrain.errors import OpError
from dtrain.optim.threads import run_in_blocks
from dtrain.tensor.graph import bump
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array

if TYPE_CHECKING:
    from dtrain.optim.optimizer import Optimizer

__all__ = ["check_capturable", "plain_options", "update_array", "update_rows"]

# Elements that are updated at a time: what an update reads, writes and keeps in between then stays
# in the cache of a core from the first pass over it to the last.
BLOCK = 1 << 16


def plain_options(group: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a group with tensors as Python numbers."""
    return {k: _plain(v) for k, v in group.items() if k != "params"}


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.item()
    if isinstance(value, tuple):
        return tuple(_plain(v) for v in value)
    return value


def check_capturable(p: Tensor) -> None:
    """Refuse `capturable` on a device without graphs.

    Raises:
        AssertionError: The parameter lies in the memory of the host.
    """
    if p._a.__class__ is np.ndarray:
        raise AssertionError(
            "If capturable=True, params and state_steps must be on supported devices: ['cuda']; "
            "expected capturable=False on the CPU"
        )


def update_array(
    optimizer: Optimizer, p: Array, g: Array, state: dict[str, Any], group: dict[str, Any]
) -> None:
    """Update the array of one parameter.

    Args:
        optimizer: The optimizer.
        p: The parameter.
        g: Its gradient.
        state: What update() gets, arrays as tensors.
        group: The options.
    """
    xp = np if p.__class__ is np.ndarray else module_of(p.__class__)
    state = {k: v._a if isinstance(v, Tensor) else v for k, v in state.items()}
    if p.dtype.kind == "c":
        p, g, state = _as_real(p), _as_real(g), {k: _as_real(v) for k, v in state.items()}
    arrays = {k: v for k, v in state.items() if hasattr(v, "reshape")}
    large = optimizer.elementwise and p.size > BLOCK and xp is np
    in_order = all(x.flags.c_contiguous for x in (p, g, *arrays.values()))
    if not (p.ndim == 0 or large) or not in_order:
        optimizer.update(xp, p, g, state, group)
        return
    numbers = {k: v for k, v in state.items() if k not in arrays}
    size = p.size
    p, g = p.reshape(-1), g.reshape(-1)
    flat = {k: v.reshape(-1) for k, v in arrays.items()}

    def update_block(start: int, stop: int) -> None:
        block = slice(start, stop)
        part = {k: v[block] for k, v in flat.items()}
        optimizer.update(xp, p[block], g[block], {**part, **numbers}, group)

    run_in_blocks(update_block, size, BLOCK)


def _as_real(value: Any) -> Any:
    """Return a complex array as real numbers, (..., 2); anything else as it is."""
    if getattr(value, "dtype", None) is None or value.dtype.kind != "c":
        return value
    return value[..., None].view(value.real.dtype)


def update_rows(
    optimizer: Optimizer, p: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]
) -> None:
    """Update the rows of a parameter that a sparse gradient has.

    Raises:
        OpError: The optimizer has no such update, or it would decay the other rows as well.
    """
    if not optimizer.sparse:
        raise OpError(f"{type(optimizer).__name__} does not support sparse gradients")
    if group.get("weight_decay"):
        raise OpError("weight_decay option is not compatible with sparse gradients")
    sparse = grad._a.coalesce()
    if group.get("momentum"):  # moves the other rows as well
        update_array(optimizer, p._a, sparse.dense(), state, group)
        bump(p)
        return
    rows, values = tuple(sparse.indices), sparse.values
    if not values.size:
        return
    held = {k: v._a for k, v in state.items() if isinstance(v, Tensor)}
    part = {k: v[rows] for k, v in held.items()}
    changed = p._a[rows]
    numbers = {k: v for k, v in state.items() if k not in held}
    update_array(optimizer, changed, values, {**part, **numbers}, group)
    p._a[rows] = changed
    for name, array in held.items():
        array[rows] = part[name]
    bump(p)
