"""FunctionCtx: what forward and backward of a Function share, and its node in the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dtrain.autograd.engine import grad_mode
from dtrain.autograd.saved_hooks import Held, current_hooks, hold
from dtrain.backend.module import module_of
from dtrain.errors import GradError, OpTypeError, VersionError
from dtrain.tensor.graph import Cell, Leaf, Node, Parts, Pick, new_version
from dtrain.tensor.op import GRAPH
from dtrain.tensor.rules import freed_error, unbroadcast
from dtrain.tensor.tensor import Tensor, wrap

__all__ = ["FunctionCtx"]


class _Saved(NamedTuple):
    """One tensor given to save_for_backward.

    Attributes:
        what: The tensor, if it is a leaf; else its array, or what hooks made of that.
        place: Its node; for an output its number, so that there is no cycle.
        cell: Its version cell.
        version: Its count when it was saved.
    """

    what: Any
    place: Any
    cell: Cell
    version: int


class FunctionCtx(Node):
    """What `forward` and `backward` of a Function share; also the node in the graph.

    Attributes:
        needs_input_grad: For each argument of apply(), whether it requires grad.
    """

    custom = True
    rule: Callable[..., Any]
    needs_input_grad: tuple[bool, ...]

    def __init__(self) -> None:
        self.plan = self.hooks = self.meta = self.shapes = None
        self.edges = self.saved = self.checks = ()
        self.seq = 0
        self.to_save: tuple[Any, ...] = ()
        self.dirty: tuple[Tensor, ...] = ()
        self.non_differentiable: tuple[Tensor, ...] = ()
        self.materialize_grads = True
        self.needs_input_grad = ()
        self._inputs: list[tuple[tuple[int, ...], Any] | None] = []  # shape and dtype, of tensors
        self._outputs: list[tuple[tuple[int, ...], Any, type] | None] = []

    # ---- for forward ----

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs or outputs of forward for backward, which finds them in `saved_tensors`."""
        for t in tensors:
            if t is not None and not isinstance(t, Tensor):
                raise OpTypeError(
                    f"save_for_backward can only save variables, but argument is of type "
                    f"{type(t).__name__}"
                )
        self.to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Accept what jvp would want, which is not used."""

    def mark_dirty(self, *args: Tensor) -> None:
        """Say which inputs forward has changed in place; they must be returned."""
        self.dirty = args

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Say which outputs have no gradient."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Say whether backward gets zeros (True) or None for outputs without a gradient."""
        self.materialize_grads = value

    # ---- for apply ----

    def take_inputs(self, args: tuple[Any, ...]) -> None:
        """Note which arguments need a gradient, and of what form."""
        tensors = [a if isinstance(a, Tensor) else None for a in args]
        nodes = [None if t is None else t._node for t in tensors]
        self.needs_input_grad = tuple([n is not None for n in nodes])
        self.edges = tuple([n for n in nodes if n is not None])
        self._inputs = [None if t is None else (t._a.shape, t._a.dtype) for t in tensors]

    def keep(self, outputs: tuple[Any, ...], made: list[Any]) -> None:
        """Store what save_for_backward named, and the form of the outputs.

        Args:
            outputs: What forward has returned.
            made: The same, with other tensors in place of inputs that were returned unchanged.
        """
        self._outputs = [
            (t._a.shape, t._a.dtype, t._a.__class__) if isinstance(t, Tensor) else None
            for t in made
        ]
        hooks = current_hooks()
        saved: list[_Saved | None] = []
        for t in self.to_save:
            if t is None:
                saved.append(None)
                continue
            places = [i for i, o in enumerate(made) if o is t]
            place = places[0] if places else t._node
            cell = t._cell or new_version(t)
            what: Any = t._a
            if hooks is not None:
                what = hold(t._a, hooks)
            elif not places and (place is None or place.__class__ is Leaf):
                what = t
            saved.append(_Saved(what, place, cell, cell[0]))
        self.saved, self.to_save = tuple(saved), ()

    # ---- for backward ----

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors given to save_for_backward.

        Raises:
            GradError: Backward has freed them.
            VersionError: One was changed in place since.
        """
        if self.saved is None:
            raise freed_error()
        return tuple(
            [None if s is None else self._restored(i, s) for i, s in enumerate(self.saved)]
        )

    saved_variables = saved_tensors

    def _restored(self, i: int, saved: _Saved) -> Tensor:
        what, place, cell, version = saved
        held = what.__class__ is Held
        if cell[0] != version and not held:
            raise VersionError(
                "one of the variables needed for gradient computation has been modified by an "
                f"inplace operation: saved tensor {i} of {self.name()} is at version {cell[0]}; "
                f"expected version {version} instead."
            )
        if isinstance(what, Tensor):
            return what
        t = wrap(what.array() if held else what)
        if isinstance(place, int):
            several = len(self._outputs) > 1
            t._node = Pick(self, place, len(self._outputs)) if several else self
        else:
            t._node = place
        if not held:
            t._cell = cell
        return t

    def apply(self, F: Any, g: Any, create_graph: bool) -> list[Any]:
        """Run the user's backward."""
        given = list(g) if g.__class__ is Parts else [g]
        grads = [
            self._given(d, form, create_graph) for d, form in zip(given, self._outputs, strict=True)
        ]
        with grad_mode(create_graph):
            got = self.rule(self, *grads)
        got = got if isinstance(got, tuple) else (got,)
        needs = self.needs_input_grad
        if len(got) < len(needs) or any(d is not None for d in got[len(needs) :]):
            raise GradError(
                f"function {self.name()} returned an incorrect number of gradients (expected "
                f"{len(needs)}, got {len(got)})"
            )
        for i in range(len(needs)):
            self._check(i, got[i])
        return [self._taken(i, got[i], create_graph) for i, need in enumerate(needs) if need]

    def _given(self, d: Any, form: Any, create_graph: bool) -> Any:
        """Return the gradient of an output as backward is to see it."""
        if form is None:
            return None
        shape, kind, cls = form
        if d is None:
            return wrap(module_of(cls).zeros(shape, kind)) if self.materialize_grads else None
        if create_graph:
            return d
        return wrap(np.asarray(d) if cls is np.ndarray else d)

    def _check(self, i: int, d: Any) -> None:
        """Refuse a gradient that cannot be one.

        Raises:
            GradError: It is no tensor, or for an argument that is none.
        """
        if d is None:
            return
        if not isinstance(d, Tensor):
            raise GradError(f"expected Variable or None (got {type(d).__name__})")
        if self._inputs[i] is None:
            raise GradError(
                f"function {self.name()} returned a gradient different than None at position "
                f"{i + 1}, but the corresponding forward input was not a Variable"
            )

    def _taken(self, i: int, d: Any, create_graph: bool) -> Any:
        """Return a gradient in its input's shape and type.

        Raises:
            GradError: It has another shape, and not by broadcasting.
        """
        form = self._inputs[i]
        if d is None or form is None:
            return None
        shape, kind = form
        if d._a.shape != shape:
            if not _expands(shape, d._a.shape):
                raise GradError(
                    f"Function {self.name()} returned an invalid gradient at index {i} - got "
                    f"{list(d._a.shape)} but expected shape compatible with {list(shape)}"
                )
            with grad_mode(create_graph):
                d = unbroadcast(GRAPH, d, shape)
        if d._a.dtype != kind and kind.kind in "fV" and d._a.dtype.kind in "fV":
            with grad_mode(create_graph):
                d = GRAPH.to_dtype(d, kind)
        return d if create_graph else d._a


def _expands(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Return True where an array of `shape` may be broadcast to shape `to`."""
    if len(shape) > len(to):
        return False
    tail = to[len(to) - len(shape) :]
    return all(n in (1, m) for n, m in zip(shape, tail, strict=True))
