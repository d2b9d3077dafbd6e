"""Optimizer: parameter groups, their state, and one update function run over all of them.

An optimizer of dtrain is a class with an `update` on bare arrays of about ten lines. What users see
is torch's: `param_groups`, `state`, state dicts that go both ways, hooks. An optimizer that users
write for torch, with a `step` of its own, works as well.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from dtrain.backend.module import module_of
from dtrain.errors import OpTypeError, OpValueError
from dtrain.optim import state_dicts
from dtrain.optim.hooks import (
    Hooked,
    new_tables,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
    with_hooks,
)
from dtrain.tensor import dtype as dt
from dtrain.tensor.grad_mode import enable_grad
from dtrain.tensor.graph import bump
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array, Xp

__all__ = [
    "Optimizer",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "required",
]

Group = dict[str, Any]

# Elements that are updated at a time: what an update reads, writes and keeps in between then stays
# in the cache of a core from the first pass over it to the last.
BLOCK = 1 << 16


class _Required:
    """The value of a default that each group has to give itself."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


class Optimizer(Hooked):
    """Base class of all optimizers, as torch.optim.Optimizer.

    Args:
        params: Parameters, (name, parameter) pairs, or groups: dictionaries with "params" and
            options of their own.
        defaults: Options of groups that do not give them.

    Attributes:
        elementwise: `update` looks at each element alone, so it may be given any part of a
            parameter.
        counts_steps: The state holds "step", a 0-d tensor that is raised before each update.
    """

    elementwise: ClassVar[bool] = True
    counts_steps: ClassVar[bool] = False
    state: defaultdict[Any, Any]
    param_groups: list[Group]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in vars(cls):
            cls.step = with_hooks(vars(cls)["step"])  # type: ignore[method-assign]

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.__dict__.update(new_tables())
        if isinstance(params, Tensor):
            raise OpTypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                "but got torch.FloatTensor"
            )
        self.state = defaultdict(dict)
        self.param_groups = []
        groups = list(params)
        if not groups:
            raise OpValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    # ---- groups ----
    def add_param_group(self, param_group: Group) -> None:
        """Add parameters with options of their own.

        Args:
            param_group: "params" and options; those it does not give are the defaults.

        Raises:
            OpTypeError: The group is no dictionary, or what is in it no tensors in order.
            OpValueError: A parameter is no leaf or in another group, or an option is missing.
        """
        if not isinstance(param_group, dict):
            raise OpTypeError(f"param_group must be a dict, but got {type(param_group)}")
        given = param_group["params"]
        if isinstance(given, set):
            raise OpTypeError(
                "optimizer parameters need to be organized in ordered collections, but the "
                "ordering of tensors in sets will change between runs. Please use a list instead."
            )
        items = [given] if isinstance(given, Tensor) else list(given)
        names = [item[0] for item in items if isinstance(item, tuple)]
        if names:
            if len(names) != len(items):
                raise OpValueError(
                    "all optimizer params should be with/without names. Some param names are "
                    "missing"
                )
            param_group["param_names"] = names
        params = [item[1] if isinstance(item, tuple) else item for item in items]
        param_group["params"] = params
        for p in params:
            self._check_parameter(p)
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise OpValueError(
                    "parameter group didn't specify a value of required optimization parameter "
                    f"{name}"
                )
            param_group.setdefault(name, default)
        self._check_group(param_group)
        self.param_groups.append(param_group)

    def _check_parameter(self, p: Any) -> None:
        if not isinstance(p, Tensor):
            raise OpTypeError(
                f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}"
            )
        if not (p.is_leaf or p.retains_grad):
            raise OpValueError("can't optimize a non-leaf Tensor")

    def _check_group(self, new: Group) -> None:
        """Raise where a new group does not go with those that are there."""
        params = set(new["params"])
        if len(params) != len(new["params"]):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this "
                "will cause an error; see github.com/pytorch/pytorch/issues/40967 for more "
                "information",
                stacklevel=4,
            )
        for group in self.param_groups:
            if ("param_names" in new) != ("param_names" in group):
                named = "with" if "param_names" in new else "without"
                raise OpValueError(
                    "all optimizer param groups should be with/without names. cannot add param "
                    f"group {named} names to the optimizer"
                )
            if not params.isdisjoint(group["params"]):
                raise OpValueError("some parameters appear in more than one parameter group")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zero.

        Args:
            set_to_none: Set `.grad` to None instead of filling it with zeros.
        """
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    if p.grad.grad_fn is not None:
                        p.grad.detach_()
                    else:
                        p.grad.requires_grad_(False)
                    p.grad.zero_()

    # ---- one step ----
    @staticmethod
    def update(xp: Xp, p: Array, g: Array, state: dict[str, Any], group: Group) -> None:
        """Change parameters in place: what a subclass defines.

        Args:
            xp: The array module.
            p: Parameters, with at least one dimension.
            g: Their gradients.
            state: Arrays of the same shape by name, to be changed in place; besides "first", True
                in the step that made them, and "step", where `counts_steps`.
            group: The options.
        """
        raise NotImplementedError("an optimizer defines update() or step()")

    def begin(self, xp: Xp, p: Array, group: Group) -> dict[str, Array]:
        """Return the state of a parameter before its first update: arrays of its shape."""
        return {}

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters that have a gradient.

        Args:
            closure: Computes the loss anew and returns it.

        Returns:
            What `closure` returned.
        """
        if type(self).update is Optimizer.update:
            raise NotImplementedError("an optimizer defines update() or step()")
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                grad = p.grad
                if grad is not None:
                    self._update_parameter(p, grad._a, group)
        return loss

    def _update_parameter(self, p: Tensor, g: Array, group: Group) -> None:
        """Update one parameter in the memory it has."""
        a = p._a
        xp = np if a.__class__ is np.ndarray else module_of(a.__class__)
        held = self.state.get(p)
        first = not held
        if not held:
            held = self._begin(xp, p, group)
        arrays = {k: v._a if isinstance(v, Tensor) else v for k, v in held.items()}
        if self.counts_steps:
            count = arrays["step"]
            count += 1  # in place: the tensor in the state counts
            arrays["step"] = float(count)
        arrays["first"] = first
        if a.dtype.kind == "c":
            a, g, arrays = _as_real(a), _as_real(g), {k: _as_real(v) for k, v in arrays.items()}
        if a.ndim == 0 or (self.elementwise and a.size > BLOCK and xp is np):
            self._update_in_blocks(xp, a, g, arrays, group)
        else:
            self.update(xp, a, g, arrays, group)
        bump(p)

    def _begin(self, xp: Xp, p: Tensor, group: Group) -> dict[str, Any]:
        made = {name: wrap(array) for name, array in self.begin(xp, p._a, group).items()}
        if self.counts_steps:
            made = {"step": wrap(np.zeros((), dt.get_default_dtype().np)), **made}
        if made:
            self.state[p] = made
        return made

    def _update_in_blocks(
        self, xp: Xp, p: Array, g: Array, state: dict[str, Any], group: Group
    ) -> None:
        """Update block by block; all at once where the memory is not in one order."""
        arrays = {k: v for k, v in state.items() if hasattr(v, "reshape")}
        if not all(x.flags.c_contiguous for x in (p, g, *arrays.values())):
            self.update(xp, p, g, state, group)
            return
        numbers = {k: v for k, v in state.items() if k not in arrays}
        size = p.size
        p, g = p.reshape(-1), g.reshape(-1)
        flat = {k: v.reshape(-1) for k, v in arrays.items()}
        for i in range(0, size, BLOCK):
            block = slice(i, i + BLOCK)
            part = {k: v[block] for k, v in flat.items()}
            self.update(xp, p[block], g[block], {**part, **numbers}, group)

    # ---- state, printing ----
    def state_dict(self) -> dict[str, Any]:
        """Return state and options, parameters by number; the memory is shared."""
        return state_dicts.pack(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over state and options.

        Args:
            state_dict: What state_dict() returned, here or in torch.

        Raises:
            OpValueError: The groups differ in number or size.
        """
        state_dicts.unpack(self, state_dict)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name, table in new_tables().items():
            self.__dict__.setdefault(name, table)
        for group in self.param_groups:
            for name, default in self.defaults.items():
                group.setdefault(name, default)  # what an older version did not have

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for i, group in enumerate(self.param_groups):
            text += f"\nParameter Group {i}\n"
            for key in sorted(group):
                if key != "params":
                    text += f"    {key}: {group[key]}\n"
        return text + ")"


Optimizer.step = with_hooks(Optimizer.step)  # type: ignore[method-assign]


def _as_real(value: Any) -> Any:
    """Return a complex array as real numbers, (..., 2); anything else as it is."""
    if getattr(value, "dtype", None) is None or value.dtype.kind != "c":
        return value
    return value[..., None].view(value.real.dtype)
