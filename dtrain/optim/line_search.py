"""The line search of LBFGS: a step length that fulfils the strong Wolfe conditions.

Source: Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from dtrain.tensor.tensor import Tensor

__all__ = ["Point", "strong_wolfe"]

DESCENT, CURVATURE = 1e-4, 0.9


class Point(NamedTuple):
    """A step length `t`, the loss there, its gradient, and its slope along the direction."""

    t: Any
    loss: float
    grad: Tensor
    slope: Any


def strong_wolfe(
    evaluate: Callable[[Any], Point],
    start: Point,
    t: Any,
    reach: Any,
    most: int,
    tolerance: float = 1e-9,
) -> tuple[Point, int]:
    """Search a step length that lowers the loss enough and lands where it is flat enough.

    Args:
        evaluate: Gives the point at a step length.
        start: The point at step length 0.
        t: The first length to try.
        reach: The greatest element of the direction: how far a step of length 1 leads.
        most: How many more points may be evaluated after the first.
        tolerance: Brackets that lead less far are not divided any more.

    Returns:
        The point found, and how many were evaluated.
    """
    bracket, evaluated = _bracket(evaluate, start, t, most)
    low = _lower(bracket)
    stalled = False
    while len(bracket) == 2 and evaluated <= most:
        first, last = sorted(point.t for point in bracket)
        if (last - first) * reach < tolerance:
            break
        t, stalled = _away_from_ends(_cubic(bracket[0], bracket[1]), first, last, stalled)
        new = evaluate(t)
        evaluated += 1
        if _too_high(new, start) or new.loss >= bracket[low].loss:
            bracket[1 - low] = new
            low = _lower(bracket)
            continue
        flat = _flat(new, start)
        if not flat and new.slope * (bracket[1 - low].t - bracket[low].t) >= 0:
            bracket[1 - low] = bracket[low]
        bracket[low] = new
        if flat:
            break
    return bracket[low], evaluated


def _bracket(
    evaluate: Callable[[Any], Point], start: Point, t: Any, most: int
) -> tuple[list[Point], int]:
    """Go on until two points enclose a length that will do; return one point where it does."""
    before, new = start, evaluate(t)
    for steps in range(most):
        if _too_high(new, start) or (steps > 1 and new.loss >= before.loss):
            return [before, new], steps + 1
        if _flat(new, start):
            return [new], steps + 1
        if new.slope >= 0:
            return [before, new], steps + 1
        least = new.t + 0.01 * (new.t - before.t)
        t = _cubic(before, new, (least, new.t * 10))
        before, new = new, evaluate(t)
    return [start, new], most + 1


def _lower(bracket: list[Point]) -> int:
    return 0 if bracket[0].loss <= bracket[-1].loss else 1


def _too_high(point: Point, start: Point) -> bool:
    """Return True where the loss has not fallen in proportion to the length (Armijo)."""
    return bool(point.loss > start.loss + DESCENT * point.t * start.slope)


def _flat(point: Point, start: Point) -> bool:
    """Return True where the slope is small beside that at the start."""
    return bool(abs(point.slope) <= -CURVATURE * start.slope)


def _cubic(a: Point, b: Point, bounds: tuple[Any, Any] | None = None) -> Any:
    """Return where the cubic through two points with their slopes is least, within bounds."""
    if a.t > b.t:
        a, b = b, a
    first, last = bounds or (a.t, b.t)
    bend = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = bend**2 - a.slope * b.slope
    if not square >= 0:
        return (first + last) / 2.0
    root = square.sqrt()
    place = b.t - (b.t - a.t) * ((b.slope + root - bend) / (b.slope - a.slope + 2 * root))
    return min(max(place, first), last)


def _away_from_ends(t: Any, first: Any, last: Any, stalled: bool) -> tuple[Any, bool]:
    """Move a length that is too near to an end of its bracket for the second time."""
    margin = 0.1 * (last - first)
    if min(last - t, t - first) >= margin:
        return t, False
    if not stalled and first < t < last:
        return t, True
    return (last - margin if abs(t - last) < abs(t - first) else first + margin), False
