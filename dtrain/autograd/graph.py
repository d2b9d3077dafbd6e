"""The graph in users' hands, as torch.autograd.graph: nodes, edges, hooks on saved tensors."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dtrain.autograd.edge import GradientEdge, get_gradient_edge
from dtrain.autograd.engine import at_end, current_run
from dtrain.autograd.saved_hooks import (
    disable_saved_tensors_hooks,
    save_on_cpu,
    saved_tensors_hooks,
)
from dtrain.errors import GradError, OpValueError
from dtrain.tensor.graph import Node, RemovableHandle, bump
from dtrain.tensor.tensor import Tensor

__all__ = [
    "GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks",
    "get_gradient_edge", "increment_version", "register_multi_grad_hook", "save_on_cpu",
    "saved_tensors_hooks",
]  # fmt: skip


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Count a change in place that nobody else has counted, of one tensor or several."""
    for t in (tensor,) if isinstance(tensor, Tensor) else tensor:
        bump(t)


class _Handles:
    """The handles of one hook on several tensors, removed together."""

    def __init__(self, handles: Sequence[RemovableHandle]) -> None:
        self._handles = handles

    def remove(self) -> None:
        """Take the hook out."""
        for handle in self._handles:
            handle.remove()

    def __enter__(self) -> _Handles:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[[Any], Any], *, mode: str = "all"
) -> _Handles:
    """Call `fn` once per backward, for the gradients of several tensors.

    Args:
        tensors: Tensors that require grad.
        fn: Gets in mode "all" the list of gradients (None for tensors that get none), when the last
            one is there; in mode "any" the first gradient.
        mode: "all" or "any".

    Raises:
        OpValueError: `mode` is neither.
    """
    if mode not in {"all", "any"}:
        raise OpValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    make = _all_hook if mode == "all" else _any_hook
    hooks = make([t._node for t in tensors], fn)
    return _Handles([t.register_hook(h) for t, h in zip(tensors, hooks, strict=True)])


def _all_hook(nodes: Sequence[Any], fn: Callable[[Any], Any]) -> list[Callable[[Tensor], None]]:
    came: dict[Any, tuple[int, list[Tensor | None]]] = {}  # by walk
    lock = threading.Lock()

    def hook_of(i: int) -> Callable[[Tensor], None]:
        def hook(g: Tensor) -> None:
            run = current_run()
            assert run is not None
            with lock:
                if run not in came:
                    came[run] = sum(run.will_reach(n) for n in nodes), [None] * len(nodes)
                    at_end(lambda well: came.pop(run, None) and None)
                left, grads = came[run]
                grads[i] = g
                came[run] = left - 1, grads
            if left == 1:
                fn(grads)

        return hook

    return [hook_of(i) for i in range(len(nodes))]


def _any_hook(nodes: Sequence[Any], fn: Callable[[Any], Any]) -> list[Callable[[Tensor], None]]:
    seen: set[Any] = set()  # walks
    lock = threading.Lock()

    def hook(g: Tensor) -> None:
        run = current_run()
        with lock:
            first = run not in seen
            if first:
                seen.add(run)
                at_end(lambda well: seen.discard(run))
        if first:
            fn(g)

    return [hook] * len(nodes)


class _Mutations:
    """What allow_mutation_on_saved_tensors() gives: the copies made inside of it."""

    def __init__(self) -> None:
        self.copies: dict[int, Tensor] = {}
        self.keys = itertools.count()
        self.open = True

    def clear(self) -> None:
        """Forget the copies: graphs recorded so far can no longer be walked."""
        self.copies.clear()

    def pack(self, t: Tensor) -> int:
        """Keep a copy of a tensor."""
        key = next(self.keys)
        self.copies[key] = t.clone()
        return key

    def unpack(self, key: int) -> Tensor:
        """Return a copy.

        Raises:
            GradError: The block has been left, or the copies cleared.
        """
        if not self.open or key not in self.copies:
            raise GradError(
                "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context in "
                "which the graph was originally recorded."
            )
        return self.copies[key]


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[_Mutations]:
    """Let tensors be changed in place after they were saved; backward reads them as they were.

    Note: every saved tensor is copied when it is saved; torch copies those that are changed.
    """
    kept = _Mutations()
    try:
        with saved_tensors_hooks(kept.pack, kept.unpack):
            yield kept
    finally:
        kept.open = False
        kept.clear()
