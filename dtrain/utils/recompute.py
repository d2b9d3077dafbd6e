"""What checkpoint() keeps in place of saved values, and how it computes them again."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from dtrain.amp.autocast import autocast
from dtrain.autograd.engine import at_end, current_run
from dtrain.autograd.saved_hooks import Held, current_hooks, hold, saved_tensors_hooks
from dtrain.errors import GradError, VersionError
from dtrain.tensor.autocast import get_autocast_dtype, is_autocast_enabled
from dtrain.tensor.grad_mode import enable_grad
from dtrain.tensor.graph import new_version
from dtrain.tensor.random import fork_rng, get_rng_state, set_rng_state
from dtrain.tensor.tensor import Tensor, wrap

__all__ = ["CheckpointError", "Conditions", "Segment"]

Fn = Callable[..., Any]


class CheckpointError(GradError):
    """The function did something else when it was run again."""


class Conditions:
    """What the first run found around it: the state of the random numbers, and autocast."""

    def __init__(self, preserve: bool) -> None:
        self.random_state = get_rng_state() if preserve else None
        self.casts = [
            (device, is_autocast_enabled(device), get_autocast_dtype(device))
            for device in ("cpu", "cuda")
        ]

    @contextlib.contextmanager
    def again(self) -> Iterator[None]:
        """Make the conditions the same once more, and record."""
        with contextlib.ExitStack() as stack:
            if self.random_state is not None:
                stack.enter_context(fork_rng())
                set_rng_state(self.random_state)
            for device, enabled, dtype in self.casts:
                if enabled or is_autocast_enabled(device):
                    stack.enter_context(autocast(device, dtype, enabled))
            stack.enter_context(enable_grad())
            yield


class _Stop(Exception):  # noqa: N818 (no error)
    """All saved values are there."""


class _Value:
    """The place of one saved value; filled, for one backward, when the function runs again."""

    __slots__ = ("__weakref__", "form", "tensor", "walk")

    def __init__(self, form: tuple[Any, ...]) -> None:
        self.form = form
        self.tensor: Tensor | None = None
        self.walk: Any = None


class Segment:
    """One call under checkpoint(): its arguments, and the places of what it has saved."""

    check = debug = early_stop = True

    def __init__(
        self,
        function: Fn,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        context: AbstractContextManager[Any],
        preserve: bool,
    ) -> None:
        self.function, self.context = function, context
        self.args = [_Argument(a) if isinstance(a, Tensor) else a for a in args]
        self.kwargs = {k: _Argument(a) if isinstance(a, Tensor) else a for k, a in kwargs.items()}
        self.conditions = Conditions(preserve)
        self.values: list[weakref.ref[_Value]] = []
        self.forms: list[tuple[Any, ...]] = []

    def pack(self, t: Tensor) -> _Value:
        """Let a saved value go; keep its place."""
        value = _Value(_form(t))
        self.values.append(weakref.ref(value))
        self.forms.append(value.form)
        return value

    def unpack(self, value: _Value) -> Tensor:
        """Return a saved value; the first one in a backward runs the function again."""
        walk = current_run()
        if value.tensor is None or value.walk is not walk:
            self._run_again(walk)
        if value.tensor is None:
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the "
                "original forward and recomputation."
            )
        return value.tensor

    def _run_again(self, walk: Any) -> None:
        came: list[tuple[Any, ...]] = []

        def pack(t: Tensor) -> Tensor:
            i = len(came)
            came.append(_form(t))
            value = self.values[i]() if i < len(self.values) else None
            if value is not None:
                value.tensor, value.walk = t.detach(), walk
            if self.early_stop and len(came) == len(self.values):
                raise _Stop
            return t

        args = [_restored(a) for a in self.args]
        kwargs = {k: _restored(a) for k, a in self.kwargs.items()}
        with (
            self.conditions.again(),
            contextlib.suppress(_Stop),
            self.context,
            saved_tensors_hooks(pack, lambda t: t),
        ):
            self.function(*args, **kwargs)
        if walk is not None:
            at_end(lambda well: self._forget())
        self._compare(came)

    def _forget(self) -> None:
        """Let the values go that a backward with retain_graph has left."""
        for ref in self.values:
            value = ref()
            if value is not None:
                value.tensor = value.walk = None

    def _compare(self, came: list[tuple[Any, ...]]) -> None:
        listing = f"\nforward: {self.forms}\nrecomputation: {came}" if self.debug else ""
        if len(came) != len(self.values):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the "
                f"original forward and recomputation.\nNumber of tensors saved during forward: "
                f"{len(self.values)}\nNumber of tensors saved during recomputation: "
                f"{len(came)}.{listing}"
            )
        differ = [i for i, form in enumerate(self.forms) if form != came[i]] if self.check else []
        if differ:
            lines = "".join(
                f"tensor at position {i}:\nsaved metadata: {self.forms[i]}\n"
                f"recomputed metadata: {came[i]}\n"
                for i in differ
            )
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have "
                f"different metadata than during the forward pass.\n{lines}{listing}"
            )


class _Argument:
    """A tensor argument: as it is, or in the keeping of an outer checkpoint."""

    __slots__ = ("cell", "count", "held", "node", "tensor")

    def __init__(self, tensor: Tensor) -> None:
        self.node = tensor._node
        self.cell = tensor._cell or new_version(tensor)
        self.count = self.cell[0]
        hooks = current_hooks()
        self.held: Held | None = None if hooks is None else hold(tensor._a, hooks)
        self.tensor = tensor if self.held is None else None

    def restored(self) -> Tensor:
        """Return the tensor.

        Raises:
            VersionError: It was changed in place since.
        """
        if self.held is not None:
            made = wrap(self.held.array())
            made._node = self.node
            return made
        assert self.tensor is not None
        if self.cell[0] != self.count:
            raise VersionError(
                "one of the variables needed for gradient computation has been modified by an "
                f"inplace operation: an argument of checkpoint(), of shape "
                f"{list(self.tensor.shape)}, is at version {self.cell[0]}; expected version "
                f"{self.count} instead."
            )
        return self.tensor


def _restored(a: Any) -> Any:
    return a.restored() if isinstance(a, _Argument) else a


def _form(t: Tensor) -> tuple[Any, ...]:
    return tuple(t.shape), t.dtype, t.device
