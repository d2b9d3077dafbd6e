"""Type names shared by all layers. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["Array", "Arrays", "F", "Number", "Rule", "Scalar", "Shape", "Xp"]

Array = Any
"""An array of whichever array module is at work: numpy.ndarray, cupy.ndarray."""

Arrays = Sequence[Any]
"""A sequence of arrays: how an operator's body marks the parameter that takes many tensors."""

Xp = Any
"""An array module: numpy or cupy."""

F = Any
"""The operator namespace that a derivative rule computes with."""

Scalar = bool | int | float | complex
Number = int | float
Shape = Sequence[int]
Rule = Callable[..., Any]
