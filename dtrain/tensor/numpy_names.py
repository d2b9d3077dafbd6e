"""NumPy's names for arguments, which torch takes as well: axis for dim, keepdims for keepdim."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

__all__ = ["numpy_names"]

Fn = TypeVar("Fn", bound=Callable[..., Any])
_TORCH_NAMES = {"axis": "dim", "keepdims": "keepdim"}


def numpy_names(fn: Fn) -> Fn:
    """Let a function composed of operators take NumPy's names; operators do so by themselves.

    >>> dtrain.ones(2, 3).std(axis=0, keepdims=True).shape
    torch.Size([1, 3])
    """

    @functools.wraps(fn)
    def call(*args: Any, **kw: Any) -> Any:
        if kw:
            kw = {_TORCH_NAMES.get(key, key): value for key, value in kw.items()}
        return fn(*args, **kw)

    return cast("Fn", call)
