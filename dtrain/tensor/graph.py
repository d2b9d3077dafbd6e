"""The graph that operators record and `dtrain.autograd.engine` walks.

A tensor that requires a gradient points to a node: a `Leaf` (its own end of the graph) or the
`Node` of the operator that made it. Edges hold nodes, never tensors. A node with several outputs
gives each of them a `Pick`, so an edge is always one object.

Version cells: `[count, views]`, one list shared by a tensor, its views and every saved array. The
count rises with each change in place; `views` are weak references to the views recorded so far
(None until there is one). A list, because it is made four times quicker than an instance.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dtrain.errors import GradError
from dtrain.tensor.grad_mode import MODE

if TYPE_CHECKING:
    from dtrain.tensor.op import Plan
    from dtrain.tensor.tensor import Tensor

__all__ = [
    "WATCHERS",
    "Cell",
    "Leaf",
    "Node",
    "Parts",
    "Pick",
    "RemovableHandle",
    "add_hook",
    "bump",
    "check_inplace",
    "drop_dead",
    "is_inference",
    "mark_inference",
    "new_version",
    "next_seq",
    "track_view",
    "watch",
]

Cell = list[Any]

next_seq = itertools.count(1).__next__

WATCHERS: list[Callable[[Node], None]] = []
"""Called with every new node: anomaly mode, hooks on saved tensors. Mostly there are none."""


class Node:
    """What one operator call left behind for backward.

    Attributes:
        plan: Which rules to run on which saved values (see dtrain.tensor.op); None in the
            subclasses that have an `apply` of their own.
        edges: For each gradient that the rules give, the node it goes to; None where none is
            needed.
        saved: The values that the rules read; None once backward has freed them.
        checks: (cell, count) for every saved array, flattened: the versions at the time of saving.
        shapes: The shapes of the inputs, for operators that broadcast; else None.
        seq: Creation number; backward goes from high to low.
        hooks: Functions on the incoming gradient; None until one is registered.
        meta: Whatever is hung on the node by users or anomaly mode; None until needed.
        custom: Made by a Function, whose backward a change in place of a view would set aside.
    """

    __slots__ = (
        "__weakref__", "checks", "edges", "hooks", "meta", "plan", "saved", "seq", "shapes",
    )  # fmt: skip
    custom = False
    checks: tuple[Any, ...]
    edges: tuple[Any, ...]
    hooks: dict[str, dict[int, Any]] | None
    meta: dict[Any, Any] | None
    plan: Plan | None
    saved: Any
    seq: int
    shapes: tuple[Any, ...] | None

    def name(self) -> str:
        """Return the name that torch prints, for example "MulBackward0"."""
        return type(self).__name__

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes that the gradients go to, each with its output number."""
        return tuple([(n.edges[0], n.index) if isinstance(n, Pick) else (n, 0) for n in self.edges])

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dictionary for the user's own notes on this node."""
        if self.meta is None:
            self.meta = {}
        return self.meta

    def register_hook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call `fn(grad_inputs, grad_outputs)` after this node's rules have run."""
        return add_hook(self, "post", fn)

    def register_prehook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call `fn(grad_outputs)` before this node's rules run; a returned tuple replaces them."""
        return add_hook(self, "pre", fn)


def watch(node: Node) -> None:
    """Show a new node, complete but for the tensors that point to it, to the watchers."""
    for watcher in tuple(WATCHERS):
        watcher(node)


class Parts(list[Any]):
    """The gradients of a node with several outputs; None where one has not come."""

    def __add__(self, other: Any) -> Parts:
        return Parts(
            a if b is None else b if a is None else a + b for a, b in zip(self, other, strict=True)
        )


class Pick(Node):
    """One output of a node with several: hands its gradient on as a part."""

    __slots__ = ("count", "index")
    index: int
    count: int

    def __init__(self, parent: Node, index: int, count: int) -> None:
        self.plan = self.hooks = self.meta = self.shapes = None
        self.edges = (parent,)
        self.saved = self.checks = ()
        self.seq = next_seq()
        self.index, self.count = index, count

    def name(self) -> str:
        """Return the name of the node."""
        return str(self.edges[0].name())

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes that the gradients of the node go to."""
        parent: Node = self.edges[0]
        return parent.next_functions

    def apply(self, F: Any, g: Any, create_graph: bool) -> tuple[Parts]:
        """Return the gradient as one part of several."""
        parts = Parts([None] * self.count)
        parts[self.index] = g
        return (parts,)


class Leaf:
    """The end of the graph at a leaf tensor: accumulates `.grad` and runs the ready-hooks.

    The tensor owns its Leaf; the Leaf knows the tensor weakly, so there is no cycle. The hooks in
    `ready` run each time the tensor's gradient of one backward is complete: the door for DDP.
    """

    __slots__ = ("__weakref__", "hooks", "meta", "ready", "ref")
    edges: tuple[Any, ...] = ()
    seq = 0
    plan = None
    next_functions: tuple[tuple[Any, int], ...] = ()

    def __init__(self, tensor: Tensor) -> None:
        self.ref = weakref.ref(tensor)
        self.hooks: dict[str, dict[int, Any]] | None = None
        self.ready: dict[int, Callable[[Tensor], Any]] | None = None
        self.meta: dict[Any, Any] | None = None

    @property
    def variable(self) -> Tensor | None:
        """The leaf tensor, or None where it is gone."""
        return self.ref()

    def name(self) -> str:
        """Return the name that torch prints."""
        return "torch::autograd::AccumulateGrad"

    register_hook = Node.register_hook
    register_prehook = Node.register_prehook


Leaf.__name__ = Leaf.__qualname__ = "AccumulateGrad"


class RemovableHandle:
    """Returned by every register_*hook: `remove()` takes the hook out again."""

    _ids = itertools.count()
    __slots__ = ("_table", "id")

    def __init__(self, table: dict[int, Any]) -> None:
        self.id = next(RemovableHandle._ids)
        self._table = table

    def remove(self) -> None:
        """Take the hook out; once is enough."""
        self._table.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def add_hook(node: Node | Leaf, kind: str, fn: Callable[..., Any]) -> RemovableHandle:
    """Register `fn` in the hook table `kind` ("tensor", "pre", "post", "retain") of a node."""
    if node.hooks is None:
        node.hooks = {}
    table = node.hooks.setdefault(kind, {})
    handle = RemovableHandle(table)
    table[handle.id] = fn
    return handle


def new_version(tensor: Tensor) -> Cell:
    """Give a tensor its version cell."""
    cell: Cell = [0, None]
    tensor._cell = cell
    return cell


class _NoVersion(list[Any]):
    """The version cell of all inference tensors: it has no count, so they cannot be saved."""

    def __getitem__(self, i: Any) -> Any:
        if i == 0:
            raise GradError(
                "Inference tensors cannot be saved for backward. Please do not use Tensors created "
                "in inference mode in computation tracked by autograd. To work around this, you "
                "can make a clone to get a normal tensor and use it in autograd, or use "
                "`torch.no_grad()` instead of `torch.inference_mode()`."
            )
        return None

    def __setitem__(self, i: Any, value: Any) -> None:
        """Views of inference tensors have no history, so nobody needs to know them."""


_NO_VERSION = _NoVersion([0, None])


def mark_inference(tensor: Tensor) -> None:
    """Make a new tensor an inference tensor, if this thread is in inference mode."""
    if MODE.inference:
        tensor._cell = _NO_VERSION


def is_inference(tensor: Tensor) -> bool:
    """Return True for a tensor that was made in inference mode."""
    return tensor._cell is _NO_VERSION


def bump(tensor: Tensor) -> None:
    """Count one change in place; of an inference tensor there is no count to keep."""
    cell = tensor._cell
    if cell is _NO_VERSION:
        _check_inference("change in place")
    elif cell is not None:  # without a cell nobody saved the tensor and nobody views it
        cell[0] += 1
    else:
        tensor._cell = [1, None]


def track_view(view: Tensor, source: Tensor) -> None:
    """Make `view` share the version cell of `source` and be known to it."""
    cell = source._cell
    if cell is None:
        cell = source._cell = [0, None]
    view._cell = cell
    view._base = source if source._base is None else source._base
    views = cell[1]
    if views is None:
        cell[1] = [weakref.ref(view)]
        return
    views.append(weakref.ref(view))
    if len(views) >= 64:
        drop_dead(cell)


def drop_dead(cell: Cell) -> None:
    """Forget the views that are gone, at each power of two views."""
    n = len(cell[1])
    if not n & (n - 1):
        cell[1] = [r for r in cell[1] if r() is not None]


def _check_inference(where: str) -> None:
    if not MODE.inference:
        raise GradError(
            f"{where}: Inplace update to inference tensor outside InferenceMode is not allowed. "
            "You can make a clone to get a normal tensor before doing inplace update."
        )


def check_inplace(tensor: Tensor, where: str) -> None:
    """Refuse a change in place that would lose a gradient.

    Raises:
        GradError: `tensor` is a leaf that requires grad, or a view of one; or an inference tensor
            outside of inference mode.
    """
    if tensor._cell is _NO_VERSION:
        _check_inference(where)
    if not MODE.grad:
        return
    if tensor._node.__class__ is Leaf:
        raise GradError(
            f"{where}: a leaf Variable that requires grad is being used in an in-place operation; "
            "change it under no_grad()"
        )
    base = tensor._base
    if base is None:
        return
    if base._node.__class__ is Leaf:
        raise GradError(
            f"{where}: a view of a leaf Variable that requires grad is being used in an in-place "
            "operation; change it under no_grad()"
        )
    node: Any = tensor._node
    maker = node.edges[0] if isinstance(node, Pick) else node
    if maker is not None and maker.custom:
        raise GradError(
            f"{where}: Output {getattr(node, 'index', 0)} of {maker.name()} is a view and is being "
            "modified inplace. This view was created inside a custom Function (or because an input "
            "was returned as-is) and the autograd logic to handle view+inplace would override the "
            "custom backward associated with the custom Function, leading to incorrect gradients. "
            "This behavior is forbidden. You can fix this by cloning the output of the custom "
            "Function."
        )
