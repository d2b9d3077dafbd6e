"""Tensor: an array, its place in the graph, and torch's way to look at both.

Operators are attached to the base class Methods by `@op`; here stand the attributes and the
conversions to and from Python and NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from dtrain.backend.module import to_host
from dtrain.errors import GradError, OpError, OpTypeError, ShapeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.device import CPU, device
from dtrain.tensor.graph import Leaf, Node, RemovableHandle, add_hook, track_view
from dtrain.tensor.methods import Methods
from dtrain.tensor.size import Size
from dtrain.typing import Array

if TYPE_CHECKING:
    from dtrain.tensor.graph import Cell
    from dtrain.tensor.storage import Storage

__all__ = ["More", "Tensor", "alias", "wrap"]

T = TypeVar("T", bound="Tensor")
_new = object.__new__


class More:
    """What few tensors have: a gradient, a note that the gradient is to be kept."""

    __slots__ = ("grad", "retains_grad")

    def __init__(self) -> None:
        self.grad: Tensor | None = None
        self.retains_grad = False


class Tensor(Methods):
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
        if cls is not Tensor and not args:
            return wrap_as(cls, np.empty(0, dt.get_default_dtype().np))
        from dtrain.tensor.like import legacy_tensor

        made = legacy_tensor(*args, **kw)
        return cast(T, made) if cls is Tensor else wrap_as(cls, made._a)

    # ---- shape and memory ----
    @property
    def shape(self) -> Size:
        """The size of each dimension."""
        return Size(self._a.shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return cast(int, self._a.ndim)

    @property
    def dtype(self) -> dt.dtype:
        """The data type."""
        return dt.of(self._a.dtype)

    @property
    def device(self) -> device:
        """The device that holds the memory."""
        a = self._a
        return CPU if a.__class__ is np.ndarray else device("cuda", int(a.device.id))

    @property
    def is_cuda(self) -> bool:
        """True for memory on a CUDA device."""
        return self.device.type == "cuda"

    @property
    def is_cpu(self) -> bool:
        """True for memory of the host."""
        return self._a.__class__ is np.ndarray

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return cast(int, self._a.itemsize)

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return cast(int, self._a.nbytes)

    @property
    def layout(self) -> str:
        """How the elements are laid out."""
        return "torch.strided"

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or the size of one dimension."""
        if dim is None:
            return Size(self._a.shape)
        if not -self._a.ndim <= dim < self._a.ndim:
            from dtrain.tensor.shape_rules import dim_error

            raise dim_error("size", dim, self._a.ndim)
        return self._a.shape[dim]

    def dim(self) -> int:
        """Return the number of dimensions."""
        return cast(int, self._a.ndim)

    ndimension = dim

    def numel(self) -> int:
        """Return the number of elements."""
        return cast(int, self._a.size)

    nelement = numel

    def element_size(self) -> int:
        """Return the bytes of one element."""
        return cast(int, self._a.itemsize)

    def stride(self, dim: int | None = None) -> Any:
        """Return the steps between elements of each dimension, counted in elements."""
        a = self._a
        steps = _torch_strides(a)
        return steps if dim is None else steps[dim]

    def storage_offset(self) -> int:
        """Return where in its storage the tensor begins, counted in elements."""
        from dtrain.tensor.storage import offset_of

        return offset_of(self._a)

    def data_ptr(self) -> int:
        """Return the address of the first element."""
        from dtrain.tensor.storage import address_of

        return address_of(self._a)

    def untyped_storage(self) -> Storage:
        """Return the memory that the tensor and its views share, as bytes."""
        from dtrain.tensor.storage import storage_of

        return storage_of(self._a, None)

    def storage(self) -> Storage:
        """Return the memory that the tensor and its views share, as elements of its type."""
        from dtrain.tensor.storage import storage_of

        return storage_of(self._a, self.dtype)

    def is_floating_point(self) -> bool:
        """Return True for the real floating types."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Return True for the complex types."""
        return self.dtype.is_complex

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
            raise OpTypeError(f"data: expected a Tensor, got {type(value).__name__}")
        self._a = value._a

    @property
    def _version(self) -> int:
        return 0 if self._cell is None else cast(int, self._cell[0])

    def _is_view(self) -> bool:
        return self._base is not None

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

    # ---- to Python and NumPy ----
    def numpy(self, *, force: bool = False) -> Any:
        """Return the memory as a numpy.ndarray, without a copy.

        Raises:
            GradError: The tensor requires grad (use detach() first, or force=True).
            OpTypeError: The memory lies on a device.
        """
        if force:
            return to_host(self._a)
        if self._node is not None:
            raise GradError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() "
                "instead."
            )
        if not isinstance(self._a, np.ndarray):
            raise OpTypeError(
                f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to "
                "copy the tensor to host memory first."
            )
        return self._a

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        a = self.numpy()
        return np.array(a, dtype, copy=copy) if dtype is not None or copy else a

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return wrap(np.asarray(array))

    def item(self) -> Any:
        """Return the only element as a Python number.

        Raises:
            OpError: There is not exactly one element.
        """
        a = self._a
        if a.size != 1:
            raise OpError(f"a Tensor with {a.size} elements cannot be converted to Scalar")
        got = a.item()
        return float(got) if a.dtype.kind == "V" else got

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers."""
        a = to_host(self._a)
        return (a.astype(np.float32) if a.dtype.kind == "V" else a).tolist()

    def __len__(self) -> int:
        if self._a.ndim == 0:
            raise OpTypeError("len() of a 0-d tensor")
        return cast(int, self._a.shape[0])

    def __bool__(self) -> bool:
        if self._a.size != 1:
            what = "no values" if self._a.size == 0 else "more than one value"
            raise OpError(f"Boolean value of Tensor with {what} is ambiguous")
        return bool(self._a.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self._a.size != 1 or self._a.dtype.kind not in "iub":
            raise OpTypeError("only integer tensors of a single element can be converted to an index")
        return int(self._a.item())

    def __repr__(self, *, tensor_contents: str | None = None) -> str:
        from dtrain.tensor.show import tensor_repr

        return tensor_repr(self)

    def __format__(self, spec: str) -> str:
        if self._a.ndim == 0 and spec:
            return format(self.item(), spec)
        return object.__format__(self, spec)

    def __hash__(self) -> int:
        return id(self)

    def __reversed__(self) -> Tensor:
        return self.flip(0) if self._a.ndim else self


def wrap(array: Array) -> Tensor:
    """Return a tensor over `array`, without copy, history or version."""
    t: Tensor = _new(Tensor)
    t._a = array
    t._node = t._cell = t._base = t._more = None
    return t


def wrap_as(cls: type[T], array: Array) -> T:
    """Return a tensor of the given class over `array`."""
    t: T = _new(cls)
    t._a = array
    t._node = t._cell = t._base = t._more = None
    return t


def alias(array: Array, source: Tensor) -> Tensor:
    """Return a view of `source` over `array`, which must lie in its memory."""
    t = wrap(array)
    track_view(t, source)
    return t


def _torch_strides(a: Array) -> tuple[int, ...]:
    """Strides as torch gives them to dimensions of size 1, where NumPy's have no meaning."""
    given = tuple([s // a.itemsize for s in a.strides])
    if a.flags.c_contiguous:
        out, step = [], 1
        for n in reversed(a.shape):
            out.append(step)
            step *= max(n, 1)
        return tuple(reversed(out))
    return given

