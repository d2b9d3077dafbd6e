"""Tensor: an array, its place in the graph, and torch's way to look at both.

Operators are attached to the base class Methods by `@op`; the base classes Memory and Conversion
hold what has nothing to do with the graph; here stands the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from dtrain.errors import GradError, OpError, OpTypeError, ShapeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.conversion import Conversion
from dtrain.tensor.grad_mode import INFERRING, MODE
from dtrain.tensor.graph import (
    Leaf,
    Node,
    Pick,
    RemovableHandle,
    add_hook,
    is_inference,
    mark_inference,
    track_view,
)
from dtrain.typing import Array

if TYPE_CHECKING:
    from dtrain.tensor.graph import Cell

__all__ = ["More", "Tensor", "alias", "wrap"]

T = TypeVar("T", bound="Tensor")
_new = object.__new__


class More:
    """What few tensors have: a gradient, a note that the gradient is to be kept."""

    __slots__ = ("grad", "retains_grad")

    def __init__(self) -> None:
        self.grad: Tensor | None = None
        self.retains_grad = False


class Tensor(Conversion):
    """A multi-dimensional array of one data type, as torch.Tensor.

    Slots: `_a` the array (with shape, strides and offset), `_node` its place in the graph (None
    where no gradient is required), `_cell` the version cell, `_base` the tensor it is a view of,
    `_more` what few tensors have.
    """

    __slots__ = ("__dict__", "__weakref__", "_a", "_base", "_cell", "_more", "_node")
    _a: Array
    _node: Node | Leaf | None
    _cell: Cell | None
    _base: Tensor | None
    _more: More | None
    __array_priority__ = 1000  # array + tensor is ours to answer

    def __new__(cls: type[T], *args: Any, **kw: Any) -> T:
        """Make a tensor as torch.Tensor(...) does; a subclass without arguments is empty."""
        if cls is not Tensor and not args:
            return wrap_as(cls, np.empty(0, dt.get_default_dtype().np))
        from dtrain.tensor.legacy import legacy_tensor

        made = legacy_tensor(*args, **kw)
        return cast(T, made) if cls is Tensor else wrap_as(cls, made._a)

    # ---- the graph ----
    @property
    def requires_grad(self) -> bool:
        """True where backward gives this tensor a gradient or leads through it."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self: T, requires_grad: bool = True) -> T:
        """Say whether a gradient is to be accumulated in this leaf.

        Raises:
            GradError: The type has no gradients, or the tensor is no leaf and should stop.
        """
        node = self._node
        if requires_grad:
            if node is None:
                if self.dtype.category < 2:
                    raise GradError(
                        "only Tensors of floating point and complex dtype can require gradients"
                    )
                if is_inference(self) and not MODE.inference:
                    raise GradError(
                        "Setting requires_grad=True on inference tensor outside InferenceMode is "
                        "not allowed."
                    )
                self._node = Leaf(self)
        elif node.__class__ is Leaf:
            self._node = None
        elif node is not None:
            raise GradError(
                "you can only change requires_grad flags of leaf variables. If you want to use a "
                "computed variable in a subgraph that doesn't require differentiation use "
                "var_no_grad = var.detach()."
            )
        return self

    @property
    def is_leaf(self) -> bool:
        """True for a tensor that no recorded operator made."""
        return self._node is None or self._node.__class__ is Leaf

    @property
    def grad_fn(self) -> Any:
        """The node of the operator that made the tensor; None for a leaf."""
        node = self._node
        if node.__class__ is Pick:
            return node.edges[0]
        return None if node.__class__ is Leaf else node

    @property
    def grad(self) -> Tensor | None:
        """The accumulated gradient; None before the first backward."""
        more = self._more
        if more is not None:
            return more.grad
        if self.grad_fn is not None:
            import warnings

            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its "
                ".grad attribute won't be populated during autograd.backward(). If you indeed want "
                "the .grad field to be populated for a non-leaf Tensor, use .retain_grad() on the "
                "non-leaf Tensor.",
                UserWarning,
                stacklevel=2,
            )
        return None

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise OpTypeError(f"expected Variable or None (got {type(value).__name__})")
            if value._a.shape != self._a.shape:
                raise ShapeError(
                    f"assigned grad has data of a different size: expected {list(self._a.shape)}, "
                    f"got {list(value._a.shape)}"
                )
            if value._a.dtype != self._a.dtype:
                raise OpError(
                    "assigned grad has data of a different type: expected "
                    f"{self.dtype}, got {value.dtype}"
                )
        more = self._more
        if more is None:
            if value is None:
                return
            more = self._more = More()
        more.grad = value

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

    @property
    def data(self) -> Tensor:
        """The same memory without history and with a version counter of its own."""
        return wrap(self._a)

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise OpTypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        if self._node is not None and dt.of(value._a.dtype).category < 2:
            raise GradError(
                "data set to a tensor that requires gradients must be floating point or complex "
                f"dtype, but got {value.dtype}"
            )
        self._a = value._a

    @property
    def _version(self) -> int:
        if is_inference(self):
            raise GradError("Inference tensors do not track version counter.")
        return 0 if self._cell is None else cast(int, self._cell[0])

    def _is_view(self) -> bool:
        return self._base is not None

    def is_inference(self) -> bool:
        """Return True for a tensor that was made in inference mode."""
        return is_inference(self)

    def detach(self) -> Tensor:
        """Return the same memory without history; changes in place are still noticed."""
        made = wrap(self._a)
        if self._cell is None:
            self._cell = [0, None]
        made._cell = self._cell
        return made

    def detach_(self: T) -> T:
        """Forget the history.

        Raises:
            GradError: The tensor is a view.
        """
        if self._base is not None:
            raise GradError("Can't detach views in-place. Use detach() instead")
        self._node = None
        return self

    def register_hook(self, hook: Any) -> RemovableHandle:
        """Call `hook(grad)` when this tensor's gradient is there; a returned one replaces it."""
        if self._node is None:
            raise GradError("cannot register a hook on a tensor that doesn't require gradient")
        return add_hook(self._node, "tensor", hook)

    def register_post_accumulate_grad_hook(self, hook: Any) -> RemovableHandle:
        """Call `hook(tensor)` each time a backward has completed this leaf's `.grad`."""
        node = self._node
        if not isinstance(node, Leaf):
            raise GradError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        if node.ready is None:
            node.ready = {}
        handle = RemovableHandle(node.ready)
        node.ready[handle.id] = hook
        return handle

    def retain_grad(self) -> None:
        """Keep `.grad` of this tensor although it is no leaf."""
        import weakref

        if self._node is None:
            raise GradError("can't retain_grad on Tensor that has requires_grad=False")
        if isinstance(self._node, Leaf):
            return
        if self._more is None:
            self._more = More()
        if self._more.retains_grad:
            return
        self._more.retains_grad = True
        ref = weakref.ref(self)

        def keep(g: Tensor) -> None:
            t = ref()
            if t is not None:
                held = None if t._more is None else t._more.grad
                t.grad = g.detach() if held is None else wrap(held._a + g._a)

        add_hook(self._node, "retain", keep)

    @property
    def retains_grad(self) -> bool:
        """True for a non-leaf that keeps its gradient."""
        return self._more is not None and self._more.retains_grad

    def __hash__(self) -> int:
        return id(self)

    def __reversed__(self) -> Tensor:
        return self.flip(0) if self._a.ndim else self


def wrap(array: Array) -> Tensor:
    """Return a tensor over `array`, without copy, history or version."""
    t: Tensor = _new(Tensor)
    t._a = array
    t._node = t._cell = t._base = t._more = None
    if INFERRING:
        mark_inference(t)
    return t


def wrap_as(cls: type[T], array: Array) -> T:
    """Return a tensor of the given class over `array`."""
    t: T = _new(cls)
    t._a = array
    t._node = t._cell = t._base = t._more = None
    if INFERRING:
        mark_inference(t)
    return t


def alias(array: Array, source: Tensor) -> Tensor:
    """Return a view of `source` over `array`, which must lie in its memory."""
    t = wrap(array)
    track_view(t, source)
    return t
