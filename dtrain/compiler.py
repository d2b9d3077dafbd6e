"""torch.compile and torch.compiler: dtrain runs operators as they come, so nothing is compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["allow_in_graph", "compile", "disable", "is_compiling", "is_dynamo_compiling", "reset"]


def compile(
    model: Any = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: str | Callable[..., Any] = "inductor",
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    disable: bool = False,
) -> Any:
    """Return the model or function itself; without one, a decorator that does so.

    Args:
        model: A module or function.
        fullgraph: As all that follow: how torch would compile; without a meaning here.
        dynamic: The same.
        backend: The same.
        mode: The same.
        options: The same.
        disable: The same.
    """
    return _itself if model is None else model


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """Return the function itself; without one, a decorator that does so."""
    return _itself if fn is None else fn


def allow_in_graph(fn: Any) -> Any:
    """Return the function itself."""
    return fn


def is_compiling() -> bool:
    """Return False."""
    return False


is_dynamo_compiling = is_compiling


def reset() -> None:
    """Do nothing: there is nothing compiled to forget."""


def _itself(fn: Any) -> Any:
    return fn
