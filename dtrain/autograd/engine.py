"""The engine: walks the graph that operators recorded, from the newest node to the oldest.

Nodes are numbered as they are made, so sorting by number is a topological order. A leaf is served
as soon as the last node that leads to it has run, which is what lets DDP send gradients while the
rest of backward still computes. All state of a run is local to it: a leaf may take part in several
backwards at once, in other threads or inside one another (checkpointing).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import Any

import numpy as np

from dtrain.autograd.anomaly_mode import ANOMALY, run_watched
from dtrain.backend.module import module_of
from dtrain.errors import GradError, ShapeError
from dtrain.tensor.grad_mode import MODE
from dtrain.tensor.graph import Leaf, Node, Parts, bump
from dtrain.tensor.op import GRAPH, RAW
from dtrain.tensor.rules import run_node
from dtrain.tensor.sparse_array import SparseArray
from dtrain.tensor.tensor import More, Tensor, wrap

__all__ = ["Run", "accumulate", "at_end", "current_run", "grad_mode"]

_seq = attrgetter("seq")
_ADDING = threading.Lock()  # a leaf may get gradients from several threads


class _Active(threading.local):
    run: Run | None = None
    inner: Run | None = None


_ACTIVE = _Active()
"""The walk under way in this thread: the outermost one and, inside of it, the innermost."""


def current_run() -> Run | None:
    """Return the innermost walk under way in this thread, if there is one."""
    return _ACTIVE.inner


def at_end(fn: Callable[[bool], None]) -> None:
    """Call `fn(well)` when the backward under way in this thread is over.

    Args:
        fn: Called once, after the last leaf; `well` is False if backward raised an error.

    Raises:
        GradError: There is no backward under way.
    """
    run = _ACTIVE.run
    if run is None:
        raise GradError("at_end(): no backward is under way in this thread; call it from a hook")
    run.endings.append(fn)


class Run:
    """One walk over a graph.

    Args:
        retain_graph: Keep the saved values for another backward.
        create_graph: Record the computation of the gradients.
        wanted: Nodes whose gradients are asked for, filled in by the walk. Leaves are then not
            accumulated, and only what leads to a wanted node is run. None for backward().
    """

    __slots__ = (
        "create_graph", "endings", "ends", "grads", "order", "pending", "retain_graph", "wanted",
    )  # fmt: skip

    def __init__(
        self, retain_graph: bool, create_graph: bool, wanted: dict[Any, Any] | None = None
    ) -> None:
        self.retain_graph, self.create_graph, self.wanted = retain_graph, create_graph, wanted
        self.grads: dict[Any, Any] = {}
        self.pending: dict[Leaf, int] = {}
        self.endings: list[Callable[[bool], None]] = []
        self.order: list[Node] = []
        self.ends: set[Any] = set()  # wanted nodes that lead to no other

    def will_reach(self, node: Any) -> bool:
        """Return True for a node that this walk comes to."""
        return node in self.pending if node.__class__ is Leaf else node in self.order

    def walk(self, roots: Sequence[tuple[Any, Any]]) -> None:
        """Send gradients from the roots ((node, gradient) pairs) down the graph.

        Gradients are bare arrays, and tensors under create_graph.
        """
        outer, _ACTIVE.inner = _ACTIVE.inner, self
        if outer is None:
            _ACTIVE.run = self
        well = False
        try:
            self._descend(roots)
            well = True
        finally:
            _ACTIVE.inner = outer
            if outer is None:  # inside another walk, that one's end counts
                _ACTIVE.run = None
                for fn in self.endings:
                    fn(well)

    def _descend(self, roots: Sequence[tuple[Any, Any]]) -> None:  # noqa: C901, PLR0912 (hot)
        order = self.order = self._order([n for n, _ in roots])
        run = run_watched if ANOMALY.enabled else run_node
        grads, pending, wanted, create = self.grads, self.pending, self.wanted, self.create_graph
        for n, _ in roots:
            if n.__class__ is Leaf:
                pending[n] = pending.get(n, 0) + 1
        for n, d in roots:
            self._deliver(n, d, False)
        for node in order:
            g = grads.pop(node, None)
            if g is None:
                for n in node.edges:
                    if n.__class__ is Leaf and n in pending:
                        self._deliver(n, None, False)
                continue
            hooks = node.hooks
            if hooks is not None:
                g = _on_tensor(node, g, create)
            if wanted is not None and node in wanted:
                held = wanted[node]
                wanted[node] = g if held is None else held + g
                if node in self.ends:
                    continue
            if hooks is not None and "pre" in hooks:
                g = _on_node(node, g, create)
            outs = run(node, GRAPH if create else _raw(g), g, create)
            if hooks is not None and "post" in hooks:
                outs = _after(node, outs, g, create)
            fresh = node.plan is not None
            for n, d in zip(node.edges, outs):  # noqa: B905 (equal by construction, hot)
                if n is None:
                    continue
                if n.__class__ is Leaf:
                    if n in pending:
                        self._deliver(n, d, fresh and d is not g)
                elif d is not None:
                    held = grads.get(n)
                    grads[n] = d if held is None else held + d
            if not self.retain_graph and node.saved and (node.checks or node.plan is None):
                node.saved = None  # shapes and options alone may serve again

    def _order(self, roots: list[Any]) -> list[Node]:
        """Return the nodes to run, newest first, and count the ways into each leaf."""
        pending = self.pending
        stack = [n for n in dict.fromkeys(roots) if n.__class__ is not Leaf]
        seen = set(stack)
        order: list[Node] = []
        while stack:
            node = stack.pop()
            order.append(node)
            for n in node.edges:
                if n is None:
                    continue
                if n.__class__ is Leaf:
                    pending[n] = pending.get(n, 0) + 1
                elif n not in seen:
                    seen.add(n)
                    stack.append(n)
        order.sort(key=_seq, reverse=True)
        return order if self.wanted is None else self._prune(order)

    def _prune(self, order: list[Node]) -> list[Node]:
        """Keep what leads to a wanted node."""
        assert self.wanted is not None
        useful: set[Any] = set(self.wanted)
        kept = []
        for node in reversed(order):
            leads_on = any(n in useful for n in node.edges)
            if leads_on or node in useful:
                useful.add(node)
                kept.append(node)
                if not leads_on:
                    self.ends.add(node)
        pending = {leaf: 0 for leaf in self.wanted if leaf.__class__ is Leaf}
        for node in kept:
            for n in node.edges:
                if n in pending:
                    pending[n] += 1
        self.pending = pending
        kept.reverse()
        return kept

    def _deliver(self, n: Any, d: Any, fresh: bool) -> None:
        """Add a gradient to a node's; serve a leaf when its last one has come."""
        grads = self.grads
        if n.__class__ is not Leaf:
            held = grads.get(n)
            grads[n] = d if held is None else held + d
            return
        left = self.pending[n] = self.pending[n] - 1
        held = grads.get(n)
        if held is None:
            if d is None:
                return
            total = d
        elif d is None:
            total = held
        elif self.create_graph or d.__class__ is SparseArray or not isinstance(held, np.ndarray):
            total = held + d
        else:
            total = np.add(held, d, out=held) if held.dtype == d.dtype else held + d
            fresh = True
        if left:
            if held is None and not self.create_graph and (not fresh or total.base is not None):
                total = _own(total)  # more will be added to it
            grads[n] = total
            return
        grads.pop(n, None)
        if n.hooks is not None:
            total = _on_tensor(n, total, self.create_graph)
            fresh = False
        if self.wanted is not None:
            self.wanted[n] = total
        else:
            if n.hooks is not None and "pre" in n.hooks:
                total = _on_node(n, total, self.create_graph)
            accumulate(n, total, fresh or held is not None, self.create_graph)


def _own(g: Any) -> Any:
    return np.array(g) if isinstance(g, (np.ndarray, np.generic)) else g.copy()


def _raw(g: Any) -> Any:
    """Return the operator namespace for bare gradients like `g`."""
    if g.__class__ is Parts:
        g = next(p for p in g if p is not None)
    return RAW[g.__class__]


def accumulate(leaf: Leaf, g: Any, fresh: bool, create_graph: bool) -> None:
    """Add a complete gradient to a leaf's `.grad` and run the leaf's ready-hooks."""
    tensor = leaf.ref()
    if tensor is None:
        return
    a = g._a if g.__class__ is Tensor else g
    target = tensor._a
    if a.shape != target.shape:
        raise ShapeError(
            f"backward(): a gradient of shape {list(a.shape)} came for a leaf of shape "
            f"{list(target.shape)}"
        )
    with _ADDING:
        _add_to_grad(tensor, g, fresh, create_graph)
    if leaf.ready:
        for hook in tuple(leaf.ready.values()):
            got = hook(tensor)
            if got is not None and got is not tensor:
                raise GradError("Tensor post accumulate grad hooks should return None.")


def _add_to_grad(tensor: Tensor, g: Any, fresh: bool, create_graph: bool) -> None:
    a, target = g._a if g.__class__ is Tensor else g, tensor._a
    more = tensor._more
    if more is None:
        more = tensor._more = More()
    held = more.grad
    if create_graph:
        more.grad = g if held is None else held + g
    elif SparseArray in (a.__class__, target.__class__):
        more.grad = wrap(a if held is None else held._a + a)
    elif held is None:
        if a.dtype != target.dtype or a.__class__ is not target.__class__:
            a = _like(a, target)
        elif not fresh or a.base is not None or a.strides != target.strides:
            a = _like(a, target)  # somebody else may hold this memory
        more.grad = wrap(a)
    else:
        h = held._a
        if 0 in h.strides or (h.__class__ is np.ndarray and not h.flags.writeable):
            more.grad = wrap(h + a)
        else:
            h += _like(a, target) if a.dtype != target.dtype else a
            bump(held)


def _like(a: Any, target: Any) -> Any:
    """Return a gradient as an array of its own, in the leaf's type and order of dimensions.

    A real leaf takes the real part.
    """
    xp = module_of(target.__class__)
    a = xp.asarray(a)
    if a.dtype.kind == "c" and target.dtype.kind != "c":
        a = a.real
    made = xp.empty_like(target, order="C" if 0 in target.strides else "K")
    made[...] = a
    return made


def _lifted(g: Any, create_graph: bool) -> Any:
    """Return a gradient as hooks see it: a tensor, or None."""
    if create_graph or g is None:
        return g
    return wrap(np.asarray(g) if isinstance(g, np.generic) else g)


def _on_tensor(node: Any, g: Any, create_graph: bool) -> Any:
    """Run the hooks of the tensor whose gradient comes into a node; they may replace it."""
    hooks = node.hooks
    if g.__class__ is Parts:
        return g
    t = _lifted(g, create_graph)
    for hook in tuple(hooks.get("tensor", {}).values()):
        t = _replaced(hook(t), t, "hook")
    for hook in tuple(hooks.get("retain", {}).values()):
        hook(t)
    return t if create_graph else t._a


def _on_node(node: Any, g: Any, create_graph: bool) -> Any:
    """Run the hooks before a node, which see all its gradients and may replace them."""
    several = g.__class__ is Parts
    given = tuple([_lifted(d, create_graph) for d in (g if several else (g,))])
    for hook in tuple(node.hooks["pre"].values()):
        got = hook(given)
        if got is not None:
            given = got if isinstance(got, tuple) else (got,)
    bare = [d if d is None or create_graph else d._a for d in given]
    return Parts(bare) if several else bare[0]


def _replaced(got: Any, given: Tensor, what: str) -> Tensor:
    if got is None:
        return given
    if not isinstance(got, Tensor):
        raise GradError(f"{what}: expected a Tensor or None, got {type(got).__name__}")
    if got._a.shape != given._a.shape:
        raise GradError(
            f"hook has changed the size of value: {list(given._a.shape)} to {list(got._a.shape)}"
        )
    return got


def _after(node: Node, outs: Any, g: Any, create_graph: bool) -> Any:
    """Run the hooks that see, and may replace, the gradients that leave a node."""
    inputs = tuple([_lifted(d, create_graph) for d in outs])
    given = tuple([_lifted(d, create_graph) for d in (g if g.__class__ is Parts else (g,))])
    assert node.hooks is not None
    for hook in tuple(node.hooks["post"].values()):
        got = hook(inputs, given)
        if got is not None:
            inputs = tuple(got) if isinstance(got, (tuple, list)) else (got,)
    return inputs if create_graph else tuple(None if t is None else t._a for t in inputs)


@contextmanager
def grad_mode(mode: bool) -> Iterator[None]:
    """Set the grad mode of this thread for the time of a walk."""
    before = MODE.grad
    MODE.grad = mode
    try:
        yield
    finally:
        MODE.grad = before
