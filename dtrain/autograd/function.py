"""Function: operators that users write, with a forward and a backward of their own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from dtrain.autograd.context import FunctionCtx
from dtrain.autograd.engine import grad_mode
from dtrain.errors import GradError
from dtrain.tensor import dtype as dt
from dtrain.tensor.grad_mode import MODE
from dtrain.tensor.graph import WATCHERS, Leaf, Pick, bump, next_seq, watch
from dtrain.tensor.inplace import rebase
from dtrain.tensor.tensor import Tensor, alias

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class Function:
    """Base of custom operators: define `forward` and `backward` as static methods, call `apply`.

    Either `forward(ctx, *args)`, or `forward(*args)` with `setup_context(ctx, inputs, output)`.
    `vmap`, `jvp` and `generate_vmap_rule` may stand in the class; they are not used.
    """

    generate_vmap_rule = False

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
        ctx = _context_class(cls)()
        separate = cls.setup_context is not Function.setup_context
        if separate:
            bound = inspect.signature(cls.forward).bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        ctx.take_inputs(args)
        with grad_mode(False):
            if separate:
                got = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, got)
            else:
                got = cls.forward(ctx, *args, **kwargs)
        outputs = got if isinstance(got, tuple) else (got,)
        for t in ctx.dirty:
            _check_dirty(t, outputs)
            bump(t)
        outputs = _finish(ctx, args, outputs)
        return outputs if isinstance(got, tuple) else outputs[0]


def _context_class(function: type[Function]) -> type[FunctionCtx]:
    """Return (and keep) the class of a function's nodes."""
    made = function.__dict__.get("_context_class")
    if made is None:
        rule = function.backward
        if rule is Function.backward and hasattr(function, "vjp"):
            rule = function.vjp
        made = type(f"{function.__name__}Backward", (FunctionCtx,), {"rule": staticmethod(rule)})
        function._context_class = made  # type: ignore[attr-defined]
    return made


def _check_dirty(t: Tensor, outputs: tuple[Any, ...]) -> None:
    """Refuse what mark_dirty() cannot stand for.

    Raises:
        GradError: The tensor is a leaf, or a view of one, or not returned.
    """
    if not any(t is o for o in outputs):
        raise GradError(
            "Some elements marked as dirty during the forward method were not returned as output. "
            "The inputs that are modified inplace must all be outputs of the Function."
        )
    if not MODE.grad:
        return
    if t._node.__class__ is Leaf:
        raise GradError(
            "a leaf Variable that requires grad has been used in an in-place operation."
        )
    if t._base is not None and t._base._node.__class__ is Leaf:
        raise GradError(
            "a view of a leaf Variable that requires grad is being used in an in-place operation."
        )


def _finish(ctx: FunctionCtx, args: tuple[Any, ...], outputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Make `ctx` the history of the outputs, where an input requires grad."""
    made: list[Any] = []
    for t in outputs:
        returned_input = isinstance(t, Tensor) and any(t is a for a in args)
        changed = any(t is d for d in ctx.dirty)
        made.append(alias(t._a, t) if returned_input and not changed else t)
    if not (MODE.grad and True in ctx.needs_input_grad):
        return tuple(made)
    ctx.seq = next_seq()
    ctx.keep(outputs, made)
    several = len(made) > 1
    for i, t in enumerate(made):
        if not isinstance(t, Tensor) or dt.of(t._a.dtype).category < 2:
            continue
        if any(t is n or outputs[i] is n for n in ctx.non_differentiable):
            continue
        node = Pick(ctx, i, len(made)) if several else ctx
        if any(t is d for d in ctx.dirty):
            rebase(t, node)
        else:
            t._node = node
    if WATCHERS:
        watch(ctx)
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
    """The identity on a gradient that has no derivative."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, *grads: Any) -> Tensor:
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise GradError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )
