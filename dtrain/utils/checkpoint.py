"""checkpoint: compute a part of the model again in backward instead of keeping what it saves.

Without reentry, hooks stand in for each saved value; the first one that backward asks for runs the
function again and fills all of them. With reentry, the part is one node, whose backward runs the
function and a backward of its own inside the one under way.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from dtrain.autograd.engine import current_run
from dtrain.autograd.function import Function
from dtrain.autograd.run import backward
from dtrain.autograd.saved_hooks import saved_tensors_hooks
from dtrain.errors import GradError, OpValueError
from dtrain.tensor.grad_mode import is_grad_enabled, no_grad
from dtrain.tensor.tensor import Tensor
from dtrain.utils.recompute import CheckpointError, Conditions, Segment

__all__ = [
    "CheckpointError", "CheckpointFunction", "checkpoint", "checkpoint_sequential",
    "detach_variable", "noop_context_fn", "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
]  # fmt: skip

Fn = Callable[..., Any]
Contexts = tuple[AbstractContextManager[Any], AbstractContextManager[Any]]


class _Settings:
    early_stop: bool | None = None
    debug: bool | None = None


_SETTINGS = _Settings()


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Say for all checkpoints made inside whether running again ends with the last saved value."""
    before, _SETTINGS.early_stop = _SETTINGS.early_stop, enable
    try:
        yield
    finally:
        _SETTINGS.early_stop = before


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """Say for all checkpoints made inside whether errors list all saved values; None: `debug`."""
    before, _SETTINGS.debug = _SETTINGS.debug, enabled
    try:
        yield
    finally:
        _SETTINGS.debug = before


def noop_context_fn() -> Contexts:
    """Return two contexts that do nothing."""
    return nullcontext(), nullcontext()


def checkpoint(
    function: Fn,
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], Contexts] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """Return function(*args, **kwargs), whose saved values are computed again in backward.

    Args:
        function: The part of the model; it must do the same when it is run again.
        args: Its arguments.
        use_reentrant: True for a backward inside backward, which takes no keywords and does not go
            with grad(); False is better. None is True, with a warning.
        context_fn: Gives the contexts for the first run and for the second.
        determinism_check: "default" compares shape and dtype of all values, "none" does not.
        debug: List all values in the error for a difference.
        early_stop: End the second run with the last value that is needed.
        kwargs: Keyword arguments of the function; and preserve_rng_state, True by default: the
            second run draws the same random numbers as the first.

    Raises:
        OpValueError: Arguments that do not go together.
        CheckpointError: In backward, the second run differs from the first.
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. "
            "use_reentrant=False is recommended, but if you need to preserve the current default "
            "behavior, you can pass use_reentrant=True.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise OpValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug:
            raise OpValueError(
                "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
            )
        return CheckpointFunction.apply(function, preserve, *args)
    if determinism_check not in {"default", "none"}:
        raise OpValueError(
            f"determinism_check should be one of ['default', 'none'], but got {determinism_check}"
        )
    first, again = context_fn()
    if not is_grad_enabled():
        with first:
            return function(*args, **kwargs)
    segment = Segment(function, args, kwargs, again, preserve)
    segment.check = determinism_check == "default"
    segment.debug = debug if _SETTINGS.debug is None else _SETTINGS.debug
    segment.early_stop = early_stop if _SETTINGS.early_stop is None else _SETTINGS.early_stop
    with saved_tensors_hooks(segment.pack, segment.unpack), first:
        return function(*args, **kwargs)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Run functions one after the other, all but the last segment of them under checkpoint().

    Args:
        functions: A Sequential, or a list of functions of one argument.
        segments: How many parts to make.
        input: The argument of the first.
        use_reentrant: As in checkpoint().
        kwargs: preserve_rng_state.

    Raises:
        OpValueError: A keyword is unknown.
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be "
            "passed explicitly. use_reentrant=False is recommended, but if you need to preserve "
            "the current default behavior, you can pass use_reentrant=True.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise OpValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    steps = list(functions.children()) if hasattr(functions, "children") else list(functions)
    size = len(steps) // segments

    def part(start: int, stop: int) -> Fn:
        def run(x: Any) -> Any:
            for step in steps[start:stop]:
                x = step(x)
            return x

        return run

    for i in range(segments - 1):
        input = checkpoint(
            part(i * size, (i + 1) * size), input,
            use_reentrant=use_reentrant, preserve_rng_state=preserve,
        )  # fmt: skip
    return part((segments - 1) * size, len(steps))(input)


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the inputs, tensors without history and requiring grad as before."""
    return tuple(
        [x.detach().requires_grad_(x.requires_grad) if isinstance(x, Tensor) else x for x in inputs]
    )


class CheckpointFunction(Function):
    """A part of the model as one node, whose backward runs it again with a backward of its own."""

    @staticmethod
    def forward(ctx: Any, run_function: Fn, preserve_rng_state: bool, *args: Any) -> Any:
        """Run the function without recording."""
        if not any(isinstance(a, Tensor) and a.requires_grad for a in args):
            warnings.warn(
                "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=4
            )
        ctx.run_function = run_function
        ctx.conditions = Conditions(preserve_rng_state)
        ctx.others = [None if isinstance(a, Tensor) else a for a in args]
        ctx.save_for_backward(*[a if isinstance(a, Tensor) else None for a in args])
        with no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Run the function again, recording, and go backward through it.

        Raises:
            GradError: The backward under way is for chosen inputs only; or no output requires grad.
        """
        walk = current_run()
        if walk is not None and walk.wanted is not None:
            raise GradError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or "
                "passing an `inputs` parameter to .backward(). To resolve this error, you can "
                "either set use_reentrant=False, or call .backward() without passing the `inputs` "
                "argument."
            )
        saved = ctx.saved_tensors
        args = [o if t is None else t for t, o in zip(saved, ctx.others, strict=True)]
        inputs = detach_variable(tuple(args))
        with ctx.conditions.again():
            made = ctx.run_function(*inputs)
        outputs: Sequence[Any] = made if isinstance(made, tuple) else (made,)
        pairs = [
            (t, g)
            for t, g in zip(outputs, grads, strict=True)
            if isinstance(t, Tensor) and t.requires_grad
        ]
        if not pairs:
            raise GradError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        backward([t for t, _ in pairs], [g for _, g in pairs])
        found = [t.grad if isinstance(t, Tensor) else None for t in inputs]
        return None, None, *found
