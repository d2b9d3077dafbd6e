"""State dicts of optimizers, in torch's format.

{"state": {number: {name: value}}, "param_groups": [{option: value, "params": [number]}]}, where
parameters are numbered through all groups.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from dtrain.errors import OpValueError
from dtrain.tensor.tensor import Tensor, wrap

if TYPE_CHECKING:
    from dtrain.optim.optimizer import Optimizer

__all__ = ["pack", "unpack"]


def pack(optimizer: Optimizer) -> dict[str, Any]:
    """Return an optimizer's state and options, parameters by number; the memory is shared."""
    for hook in _hooks(optimizer, "state_dict_pre"):
        hook(optimizer)
    numbers: dict[int, int] = {}
    groups = []
    start = 0
    for group in optimizer.param_groups:
        params = group["params"]
        for i, p in enumerate(params, start):
            numbers.setdefault(id(p), i)
        start += len(params)
        packed = {k: v for k, v in group.items() if k != "params"}
        groups.append({**packed, "params": [numbers[id(p)] for p in params]})
    state = {numbers[id(k)] if isinstance(k, Tensor) else k: v for k, v in optimizer.state.items()}
    packed = {"state": state, "param_groups": groups}
    for hook in _hooks(optimizer, "state_dict_post"):
        got = hook(optimizer, packed)
        if got is not None:
            packed = got
    return packed


def unpack(optimizer: Optimizer, given: dict[str, Any]) -> None:
    """Take over state and options; tensors get the type and device of their parameter.

    Raises:
        OpValueError: The groups differ in number or size.
    """
    given = given.copy()
    for hook in _hooks(optimizer, "load_state_dict_pre"):
        got = hook(optimizer, given)
        if got is not None:
            given = got
    ours, theirs = optimizer.param_groups, copy.deepcopy(given["param_groups"])
    if len(ours) != len(theirs):
        raise OpValueError("loaded state dict has a different number of parameter groups")
    by_number: dict[Any, Tensor] = {}
    for group, saved in zip(ours, theirs, strict=True):
        if len(group["params"]) != len(saved["params"]):
            raise OpValueError(
                "loaded state dict contains a parameter group that doesn't match the size of "
                "optimizer's group"
            )
        by_number.update(zip(saved["params"], group["params"], strict=True))
        saved["params"] = group["params"]
        if "param_names" in group:
            saved.setdefault("param_names", group["param_names"])
    state: defaultdict[Any, Any] = defaultdict(dict)
    for number, values in given["state"].items():
        p = by_number.get(number)
        if p is None:
            state[number] = values
        else:
            fitted = _fitted(p, values)
            state[p] = {k: v for k, v in fitted.items() if v is not None}
    optimizer.__setstate__({"state": state, "param_groups": theirs})
    for hook in _hooks(optimizer, "load_state_dict_post"):
        hook(optimizer)


def _hooks(optimizer: Optimizer, when: str) -> list[Any]:
    return list(optimizer.__dict__[f"_optimizer_{when}_hooks"].values())


def _fitted(p: Tensor, value: Any, name: Any = None) -> Any:
    """Return a value of the state as it goes with a parameter."""
    if name == "step":
        # Old files count in Python numbers; the count stays in memory of the host.
        return value if isinstance(value, Tensor) else wrap(np.array(value, np.float32))
    if isinstance(value, Tensor):
        if p.is_floating_point():
            return value.to(dtype=p.dtype, device=p.device)
        return value.to(device=p.device)
    if isinstance(value, dict):
        return {k: _fitted(p, v, k) for k, v in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return type(value)(_fitted(p, v) for v in value)  # type: ignore[call-arg]
    return value
