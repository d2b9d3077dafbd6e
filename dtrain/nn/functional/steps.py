"""What recurrent layers share: the order of the steps, and gradients of gradients.

A layer works on rows: the inputs of all steps below one another, those of one step together. The
sequences are sorted by length, so that a step's rows are those of the first so many sequences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dtrain.autograd.run import grad
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["Sizes", "recorded_grads", "states_before", "steps_of"]

Sizes = tuple[int, ...]
"""How many sequences each step has."""


def steps_of(sizes: Sizes, reverse: bool) -> list[tuple[int, int]]:
    """Return each step's first row and the end of its rows, in the order of processing."""
    steps, start = [], 0
    for size in sizes:
        steps.append((start, start + size))
        start += size
    return steps[::-1] if reverse else steps


def states_before(xp: Xp, states: Array, first: Array, sizes: Sizes, reverse: bool) -> Array:
    """Return the state that each row's step began with.

    Args:
        xp: The array module.
        states: (rows, H), the state after each row's step.
        first: (N, H), the state before the first step.
        sizes: How many sequences each step has.
        reverse: The steps were processed from the last to the first.
    """
    if sizes[0] == sizes[-1]:
        kept = len(states) - len(first)
        return xp.concatenate((states[-kept:], first) if reverse else (first, states[:kept]))
    made, held = xp.empty_like(states), first.copy()
    for start, stop in steps_of(sizes, reverse):
        made[start:stop] = held[: stop - start]
        held[: stop - start] = states[start:stop]
    return made


def recorded_grads(
    compose: Callable[..., Sequence[Any]], args: Sequence[Any], wanted: Sequence[bool], g: Any
) -> tuple[Any, ...]:
    """Return the gradients of `compose(*args)`, recorded: for gradients of gradients.

    Args:
        compose: The layer as a function made of operators.
        args: Its tensors; None where there is none.
        wanted: Which of them need a gradient.
        g: The gradient of each result; None where none has come.
    """
    own = [a.clone() if w else a for a, w in zip(args, wanted, strict=True)]
    results = [(y, d) for y, d in zip(compose(*own), g, strict=False) if d is not None]
    inputs = [a for a, w in zip(own, wanted, strict=True) if w]
    outputs: list[Tensor] = [y for y, _ in results]
    found = iter(grad(outputs, inputs, [d for _, d in results], None, True, True, True))
    return tuple([next(found) if w else None for w in wanted])
