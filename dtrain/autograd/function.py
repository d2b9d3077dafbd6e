"""Function: operators that users write, with a forward and a backward of their own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from dtrain.autograd.engine import grad_mode
from dtrain.backend.module import module_of
from dtrain.errors import GradError, OpTypeError, VersionError
from dtrain.tensor import dtype as dt
from dtrain.tensor.grad_mode import MODE
from dtrain.tensor.graph import Node, Parts, Pick, bump, new_version, next_seq
from dtrain.tensor.rules import freed_error
from dtrain.tensor.tensor import Tensor, alias, wrap

__all__ = ["Context", "Function", "once_differentiable"]


class Context(Node):
    """What `forward` and `backward` of a Function share; also the node in the graph.

    Attributes:
        needs_input_grad: For each argument of apply(), whether its gradient is wanted.
    """

    needs_input_grad: tuple[bool, ...]
    function: type[Function]

    def __init__(self) -> None:
        self.plan = self.hooks = self.meta = self.shapes = None
        self.edges = self.saved = self.checks = ()
        self.seq = 0
        self.to_save: tuple[Any, ...] = ()
        self.dirty: tuple[Tensor, ...] = ()
        self.non_differentiable: tuple[Tensor, ...] = ()
        self.materialize_grads = True
        self.outputs: list[tuple[tuple[int, ...], Any, type]] = []

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs or outputs of forward for backward, which finds them in `saved_tensors`."""
        for t in tensors:
            if t is not None and not isinstance(t, Tensor):
                raise OpTypeError(
                    f"save_for_backward can only save variables, but argument is of type "
                    f"{type(t).__name__}"
                )
        self.to_save = tensors

    def mark_dirty(self, *args: Tensor) -> None:
        """Say which inputs forward has changed in place."""
        self.dirty = args

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Say which outputs have no gradient."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Say whether backward gets zeros (True) or None for outputs without a gradient."""
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors given to save_for_backward.

        Raises:
            GradError: Backward has freed them.
            VersionError: One was changed in place since.
        """
        if self.saved is None:
            raise freed_error()
        out: list[Tensor | None] = []
        item: Any
        for i, item in enumerate(self.saved):
            if item is None:
                out.append(None)
                continue
            array, node, cell, count = item
            if cell[0] != count:
                raise VersionError(
                    "one of the variables needed for gradient computation has been modified by an "
                    f"inplace operation: saved tensor {i} of {self.name()} is at version {cell[0]}; "
                    f"expected version {count} instead."
                )
            t = wrap(array)
            t._node, t._cell = (self._output(node) if isinstance(node, int) else node), cell
            out.append(t)
        return tuple(out)

    saved_variables = saved_tensors

    def _output(self, index: int) -> Node:
        return Pick(self, index, len(self.outputs)) if len(self.outputs) > 1 else self

    def keep(self, outputs: tuple[Any, ...]) -> None:
        """Store what save_for_backward named; outputs by number, so that there is no cycle."""
        saved: list[Any] = []
        for t in self.to_save:
            if t is None:
                saved.append(None)
                continue
            number = next((i for i, o in enumerate(outputs) if o is t), None)
            cell = t._cell or new_version(t)
            saved.append((t._a, t._node if number is None else number, cell, cell[0]))
        self.saved = tuple(saved)
        self.to_save = ()

    def apply(self, F: Any, g: Any, create_graph: bool) -> list[Any]:
        """Run the user's backward."""
        given = list(g) if g.__class__ is Parts else [g]
        grads: list[Any] = []
        for d, (shape, kind, cls) in zip(given, self.outputs, strict=True):
            if d is None:
                zero = wrap(module_of(cls).zeros(shape, kind)) if self.materialize_grads else None
                grads.append(zero)
            else:
                grads.append(d if create_graph else wrap(np.asarray(d) if cls is np.ndarray else d))
        with grad_mode(create_graph):
            got = self.function.backward(self, *grads)
        got = got if isinstance(got, tuple) else (got,)
        needs = self.needs_input_grad
        if len(got) > len(needs) and any(d is not None for d in got[len(needs) :]):
            raise GradError(
                f"function {self.name()} returned an incorrect number of gradients (expected "
                f"{len(needs)}, got {len(got)})"
            )
        if len(got) < len(needs):
            raise GradError(
                f"function {self.name()} returned an incorrect number of gradients (expected "
                f"{len(needs)}, got {len(got)})"
            )
        wanted = [d for d, need in zip(got, needs, strict=False) if need]
        return [d if d is None or create_graph else d._a for d in wanted]


class Function:
    """Base of custom operators: define `forward` and `backward` as static methods, call `apply`.

    Either `forward(ctx, *args)`, or `forward(*args)` with `setup_context(ctx, inputs, output)`.
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the outputs from bare inputs; the graph is not recorded here."""
        raise GradError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Return one gradient (or None) for each argument of forward."""
        raise GradError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Fill ctx, where forward does not take it."""

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward, and record a node where an input requires a gradient."""
        context_class = cls.__dict__.get("_context_class")
        if context_class is None:
            context_class = type(f"{cls.__name__}Backward", (Context,), {"function": cls})
            cls._context_class = context_class  # type: ignore[attr-defined]
        ctx = context_class()
        needs = tuple(isinstance(a, Tensor) and a._node is not None for a in args)
        recorded = MODE.grad and True in needs
        ctx.needs_input_grad = needs if recorded else (False,) * len(args)
        ctx.edges = tuple(a._node for a, need in zip(args, needs, strict=True) if need)
        with grad_mode(False):
            if cls.setup_context is Function.setup_context:
                got = cls.forward(ctx, *args, **kwargs)
            else:
                got = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, got)
        outputs = got if isinstance(got, tuple) else (got,)
        for t in ctx.dirty:
            bump(t)
        if recorded:
            outputs = _record(ctx, args, outputs)
        return outputs if isinstance(got, tuple) else outputs[0]


def _record(ctx: Context, args: tuple[Any, ...], outputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Make `ctx` the history of the outputs."""
    made: list[Any] = []
    for t in outputs:
        returned_input = isinstance(t, Tensor) and any(t is a for a in args)
        changed = any(t is d for d in ctx.dirty)
        made.append(alias(t._a, t) if returned_input and not changed else t)
    ctx.seq = next_seq()
    tensors = [t for t in made if isinstance(t, Tensor)]
    ctx.outputs = [(t._a.shape, t._a.dtype, t._a.__class__) for t in tensors]
    ctx.keep(tuple(tensors))
    for i, t in enumerate(tensors):
        if dt.of(t._a.dtype).category >= 2 and not any(t is n for n in ctx.non_differentiable):
            t._node = Pick(ctx, i, len(tensors)) if len(tensors) > 1 else ctx
    return tuple(made)


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a backward that must not be differentiated again."""

    @functools.wraps(fn)
    def wrapper(ctx: Any, *args: Any) -> Any:
        with grad_mode(False):
            out = fn(ctx, *args)
        if not MODE.grad or not any(isinstance(a, Tensor) and a.requires_grad for a in args):
            return out
        outs = out if isinstance(out, tuple) else (out,)
        blocked = tuple(_Once.apply(o, *args) if isinstance(o, Tensor) else o for o in outs)
        return blocked if isinstance(out, tuple) else blocked[0]

    return wrapper


class _Once(Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, *grads: Any) -> Tensor:
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise GradError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )
