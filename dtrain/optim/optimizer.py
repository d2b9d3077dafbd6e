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
from dtrain.optim.apply import check_capturable, plain_options, update_array, update_rows
from dtrain.optim.batches import Batches, is_small
from dtrain.optim.differentiable import record
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
        counters: Names of 0-d tensors in the state that change once in each step; see `count`.
        sparse: A sparse gradient changes only the rows that it has.
    """

    elementwise: ClassVar[bool] = True
    counters: ClassVar[tuple[str, ...]] = ()
    sparse: ClassVar[bool] = False
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
        self._batches = Batches()
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
        if not (self.defaults.get("differentiable") or p.is_leaf or p.retains_grad):
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
            state: Arrays of the same shape by name, to be changed in place; what count() returned;
                and "first", True in the step that made the arrays.
            group: The options; learning rate and others that are tensors as Python numbers.
        """
        raise NotImplementedError("an optimizer defines update() or step()")

    def begin(self, xp: Xp, p: Array, group: Group) -> dict[str, Array]:
        """Return the state of a parameter before its first update, but for "step"."""
        return {}

    def count(self, held: dict[str, Any], group: Group) -> dict[str, Any]:
        """Raise the counters in the state of a parameter; return what update() is told of them."""
        counter = held["step"]._a
        step = counter.item() + 1.0
        counter.fill(step)  # in place: the tensor in the state counts
        return {"step": step}

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
        self._batches.begin_step()
        with np.errstate(all="ignore"):  # infinities and NaN are results like others
            for group in self.param_groups:
                self._update_group(group)
        return loss

    def _update_group(self, group: Group) -> None:
        """Update the parameters of a group that have a gradient."""
        recorded = group.get("differentiable", False)
        options = dict(group) if recorded else plain_options(group)
        together = self.elementwise and not recorded
        small = []
        for p in group["params"]:
            grad = p.grad
            if grad is None:
                continue
            if options.get("capturable"):
                check_capturable(p)
            if together and is_small(p, grad):
                small.append((p, grad._a))
            else:
                self.update_parameter(p, grad, options)
        if small:
            self._batches.update(self, small, options)

    def update_parameter(self, p: Tensor, grad: Tensor, group: Group) -> None:
        """Update one parameter in the memory it has."""
        held, numbers = self.advance(p, group)
        state = {**held, **numbers}
        if group.get("differentiable"):
            record(self.update, p, grad, held, state, group)
        elif grad.is_sparse:
            update_rows(self, p, grad, state, group)
        else:
            update_array(self, p._a, grad._a, state, group)
            bump(p)

    def advance(self, p: Tensor, group: Group) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the state of a parameter, made where there is none, and the numbers in it."""
        held = self.state.get(p)
        first = not held
        if not held:
            held = self.begin_state(p, group)
        numbers = self.count(held, group) if self.counters else {}
        numbers["first"] = first
        return held, numbers

    def begin_state(self, p: Tensor, group: Group) -> dict[str, Any]:
        """Make the state of a parameter and keep it."""
        made = {
            name: wrap(np.asarray(a)) if isinstance(a, np.generic) else wrap(a)
            for name, a in self.begin(module_of(p._a.__class__), p._a, group).items()
        }
        if "step" in self.counters:
            made = {"step": wrap(np.zeros((), dt.get_default_dtype().np)), **made}
        if made:
            self.state[p] = made
        return made

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
        self._batches = Batches()
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
