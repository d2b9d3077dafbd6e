"""Backward hooks of modules: identities in the graph at a module's inputs and outputs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dtrain.backend.module import module_of
from dtrain.errors import OpError
from dtrain.tensor.grad_mode import MODE
from dtrain.tensor.graph import Leaf, Node, Parts, Pick, new_version, next_seq
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array

if TYPE_CHECKING:
    from dtrain.nn.module import Module

__all__ = ["BackwardHook", "hook_first_node"]

Hook = Callable[..., Any]
Gradients = tuple[Any, ...]


class BackwardHookFunctionBackward(Node):
    """The identity on several tensors; the gradients that pass are shown to `receive`."""

    __slots__ = ("receive",)
    receive: Callable[[Gradients], Gradients]

    def __init__(
        self, tensors: Sequence[Tensor], receive: Callable[[Gradients], Gradients]
    ) -> None:
        self.plan = self.hooks = self.meta = self.shapes = None
        self.edges = tuple([t._node for t in tensors])
        self.saved = self.checks = ()
        self.seq = next_seq()
        self.receive = receive

    def apply(self, _: Any, g: Any, create_graph: bool) -> Gradients:
        """Hand the gradients on, as `receive` leaves them."""
        given = tuple(g) if g.__class__ is Parts else (g,)
        if create_graph:
            return self.receive(given)
        got = self.receive(tuple([_lifted(d) for d in given]))
        return tuple([None if t is None else t._a for t in got])


def _lifted(g: Any) -> Tensor | None:
    if g is None:
        return None
    return wrap(np.asarray(g) if isinstance(g, np.generic) else g)


class BackwardHook:
    """What one call of a module with backward hooks remembers until its backward.

    Args:
        module: The module.
        hooks: Called as hook(module, grad_input, grad_output) when both are there.
        pre_hooks: Called as hook(module, grad_output) when that is there.
    """

    def __init__(self, module: Module, hooks: Sequence[Hook], pre_hooks: Sequence[Hook]) -> None:
        self.module, self.hooks, self.pre_hooks = module, hooks, pre_hooks
        self.grad_outputs: Gradients | None = None
        self.input_count = 0
        self.input_places: list[int] = []
        self.zeros: dict[int, Array] = {}  # gradients by place, for tensors that need none
        self.output_count = 0
        self.output_places: list[int] = []

    def watch_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the arguments of forward, tensors with the identity behind them."""
        watched, places = _watch(args, self._after_inputs)
        self.input_count, self.input_places = len(args), places
        if places:
            tensors = {i: v._a for i, v in enumerate(args) if isinstance(v, Tensor)}
            self.zeros = {i: _zeros(a) for i, a in tensors.items() if i not in places}
        return watched

    def watch_outputs(self, result: Any) -> Any:
        """Return the result of forward, tensors with the identity behind them."""
        if not isinstance(result, (Tensor, tuple)):
            return result
        outputs = result if isinstance(result, tuple) else (result,)
        self.output_count = len(outputs)
        watched, self.output_places = _watch(outputs, self._before_outputs)
        if not isinstance(result, tuple):
            return watched[0]
        if type(result) is tuple:
            return watched
        make = getattr(type(result), "_make", type(result))
        return make(watched)

    def _before_outputs(self, grads: Gradients) -> Gradients:
        """Run the pre-hooks; and the hooks as well, where no input has a gradient."""
        self.grad_outputs = _spread(grads, self.output_places, self.output_count)
        for hook in self.pre_hooks:
            got = hook(self.module, self.grad_outputs)
            if got is not None:
                self.grad_outputs = _checked(got, self.grad_outputs, "pre hook", "grad_output")
        replaced = tuple([self.grad_outputs[i] for i in self.output_places])
        if self.hooks and not self.input_places:
            warnings.warn(
                "Full backward hook is firing when gradients are computed with respect to module "
                "outputs since no inputs require gradients. See "
                "https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module."
                "register_full_backward_hook for more details.",
                stacklevel=5,
            )
            nothing: Gradients = (None,) * self.input_count
            for hook in self.hooks:
                got = hook(self.module, nothing, self.grad_outputs)
                if got is not None and not all(g is None for g in _as_tuple(got)):
                    raise OpError(
                        "Backward hook for Modules where no input requires gradient should "
                        "always return None or None for all gradients."
                    )
            self.grad_outputs = None
        return replaced

    def _after_inputs(self, grads: Gradients) -> Gradients:
        """Run the hooks on the gradients of the inputs."""
        if self.grad_outputs is None:  # only some of the outputs took part in this backward
            return grads
        inputs = _spread(grads, self.input_places, self.input_count, self.zeros)
        for hook in self.hooks:
            got = hook(self.module, inputs, self.grad_outputs)
            if got is not None:
                inputs = _checked(got, inputs, "hook", "grad_input")
        self.grad_outputs = None
        return tuple([inputs[i] for i in self.input_places])


def _watch(
    values: tuple[Any, ...], receive: Callable[[Gradients], Gradients]
) -> tuple[tuple[Any, ...], list[int]]:
    """Put the identity behind the tensors that require grad and return where they stand."""
    if not MODE.grad:
        return values, []
    places = [i for i, v in enumerate(values) if isinstance(v, Tensor) and v._node is not None]
    if not places:
        return values, []
    node = BackwardHookFunctionBackward([values[i] for i in places], receive)
    out = list(values)
    for k, i in enumerate(places):
        source = values[i]
        out[i] = made = wrap(source._a)
        made._cell = source._cell or new_version(source)
        made._node = Pick(node, k, len(places)) if len(places) > 1 else node
    return tuple(out), places


def _spread(
    grads: Gradients, places: list[int], count: int, zeros: dict[int, Array] | None = None
) -> Gradients:
    """Return the gradients of tensors at their places among all arguments."""
    out: list[Any] = [None] * count
    for i, zero in (zeros or {}).items():
        out[i] = wrap(zero)
    for i, g in zip(places, grads, strict=True):
        out[i] = g
    return tuple(out)


def _zeros(a: Array) -> Array:
    """Return zeros like `a` that take no memory."""
    xp = module_of(a.__class__)
    return xp.broadcast_to(xp.zeros((), a.dtype), a.shape)


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _checked(got: Any, given: Gradients, kind: str, what: str) -> Gradients:
    values = _as_tuple(got)
    if len(values) != len(given):
        raise OpError(
            f"Backward {kind} returned an invalid number of {what}, got {len(values)}, but "
            f"expected {len(given)}"
        )
    return values


def hook_first_node(
    module: Module, hooks: Sequence[Hook], args: tuple[Any, ...], result: Any
) -> None:
    """Register hooks of the old kind on the node that made the result."""
    first = result
    while not isinstance(first, Tensor):
        values = first.values() if isinstance(first, dict) else first
        first = next(v for v in values if isinstance(v, (Tensor, tuple, list, dict)))
    node = first._node
    if node is None or isinstance(node, Leaf):
        return
    for hook in hooks:
        node.register_hook(lambda inputs, outputs, hook=hook: hook(module, inputs, outputs))
    inputs = {a._node for a in args if isinstance(a, Tensor) and a._node is not None}
    if not inputs <= set(node.edges):
        warnings.warn(
            "Using a non-full backward hook when the forward contains multiple autograd Nodes is "
            "deprecated and will be removed in future versions. This hook will be missing some "
            "grad_input. Please use register_full_backward_hook to get the documented behavior.",
            FutureWarning,
            stacklevel=5,
        )
