"""Grad modes: whether operators record the graph, for the present thread."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = [
    "INFERRING",
    "MODE",
    "decorate",
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]

Fn = TypeVar("Fn", bound=Callable[..., Any])


class _Mode(threading.local):
    grad: bool = True
    inference: bool = False


MODE = _Mode()
"""What the present thread does: `MODE.grad` records, `MODE.inference` makes inference tensors."""

INFERRING: list[int] = []
"""One entry for each inference mode entered by any thread: mostly empty, so a quick question."""


def is_grad_enabled() -> bool:
    """Return True where operators record the graph."""
    return MODE.grad


def is_inference_mode_enabled() -> bool:
    """Return True inside inference_mode()."""
    return MODE.inference


class _GradMode:
    """A context manager and decorator that sets the grad mode of this thread."""

    __slots__ = ("_before", "_mode")

    def __init__(self, mode: bool) -> None:
        self._mode = mode
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(MODE.grad)
        MODE.grad = self._mode and not MODE.inference

    def __exit__(self, *exc: object) -> None:
        MODE.grad = self._before.pop()

    def clone(self) -> _GradMode:
        """Return a fresh context of the same mode."""
        return _GradMode(self._mode)

    def __call__(self, fn: Fn) -> Fn:
        """Decorate a function."""
        decorated: Fn = decorate(self.clone, fn)
        return decorated


def decorate(context: Callable[[], Any], fn: Any) -> Any:
    """Run `fn` inside a fresh `context()`; a generator function is resumed inside it each time."""
    if inspect.isgeneratorfunction(fn):

        @functools.wraps(fn)
        def resumed(*args: Any, **kw: Any) -> Any:
            inner = fn(*args, **kw)
            send: Callable[[Any], Any] = inner.send
            value: Any = None
            while True:
                try:
                    with context():
                        got = send(value)
                except StopIteration as stop:
                    return stop.value
                try:
                    value, send = (yield got), inner.send
                except GeneratorExit:
                    with context():
                        inner.close()
                    raise
                except BaseException as error:  # noqa: BLE001 (the generator's to handle)
                    value, send = error, inner.throw

        return resumed

    @functools.wraps(fn)
    def wrapped(*args: Any, **kw: Any) -> Any:
        with context():
            return fn(*args, **kw)

    return wrapped


class no_grad(_GradMode):
    """Switch recording off in this thread, as torch.no_grad: context manager or decorator."""

    __slots__ = ()

    def __new__(cls, fn: Any = None) -> Any:
        """Return a context; or, for @no_grad without parentheses, the decorated function."""
        return super().__new__(cls) if fn is None else decorate(cls, fn)

    def __init__(self, fn: Any = None) -> None:
        super().__init__(False)


class enable_grad(no_grad):
    """Switch recording on in this thread, as torch.enable_grad."""

    __slots__ = ()

    def __init__(self, fn: Any = None) -> None:
        _GradMode.__init__(self, True)


class inference_mode:
    """Switch recording off, and make inference tensors, which can never be recorded later.

    Args:
        mode: True, or False to leave an inference mode for a while; or the function to decorate.
    """

    __slots__ = ("_before", "_mode")

    def __new__(cls, mode: Any = True) -> Any:
        """Return a context, or the decorated function."""
        return decorate(cls, mode) if callable(mode) else super().__new__(cls)

    def __init__(self, mode: Any = True) -> None:
        self._mode = bool(mode)
        self._before: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._before.append((MODE.grad, MODE.inference))
        MODE.grad, MODE.inference = not self._mode, self._mode
        if self._mode:
            INFERRING.append(threading.get_ident())

    def __exit__(self, *exc: object) -> None:
        MODE.grad, MODE.inference = self._before.pop()
        if self._mode:
            INFERRING.pop()

    def clone(self) -> inference_mode:
        """Return a fresh context of the same mode."""
        return type(self)(self._mode)

    def __call__(self, fn: Fn) -> Fn:
        """Decorate a function."""
        decorated: Fn = decorate(self.clone, fn)
        return decorated


class set_grad_enabled(_GradMode):
    """Set recording in this thread: a function call, a context manager or a decorator."""

    __slots__ = ()

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        self._before.append(MODE.grad)
        MODE.grad = self._mode

    def __enter__(self) -> None:
        MODE.grad = self._mode

    def __call__(self, fn: Fn) -> Fn:
        """Decorate a function, and undo what making this object has set."""
        MODE.grad = self._before.pop()
        return super().__call__(fn)
