"""The reducer: averages gradients over all ranks while backward still computes the others.

A round begins with the first gradient that becomes complete and ends with the backward in which
the last one has come. In between every bucket that is full, and has none before it that is not,
goes to the communicator: so all ranks send the same buckets in the same order, whatever the order
of their gradients.
"""

from __future__ import annotations

import functools
import warnings
import zlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from dtrain.autograd.engine import at_end
from dtrain.comm.communicator import Communicator
from dtrain.comm.reduction import ReduceOp
from dtrain.errors import GradError
from dtrain.parallel.bucket import Bucket, assign
from dtrain.tensor.graph import bump
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array

__all__ = ["Reducer"]

_FIRST_BUCKET_BYTES = 1 << 20


class Reducer:
    """Keeps the gradients of parameters equal on all ranks.

    Args:
        named: Name and parameter, each parameter once, the same on every rank.
        communicator: The ranks; the reducer makes communicators of its own from it.
        bucket_bytes: The size at which a bucket is full.
        find_unused: A parameter without a gradient counts as zeros at the end of each backward;
            otherwise a round waits for it, and the next forward complains.
        timeout: How long a bucket may take.

    Attributes:
        enabled: Whether backward averages; otherwise gradients add up on this rank only.
    """

    def __init__(
        self,
        named: Sequence[tuple[str, Tensor]],
        communicator: Communicator,
        bucket_bytes: int,
        find_unused: bool,
        timeout: timedelta | None = None,
    ) -> None:
        self.enabled = True
        self._names = [name for name, _ in named]
        self._parameters = [parameter for _, parameter in named]
        # Buckets never meet other messages, and a word about them never has to wait for them.
        self._communicator = _twin(communicator)
        self._aside = _twin(communicator)
        self._bucket_bytes = bucket_bytes
        self._find_unused = find_unused
        self._timeout = timeout
        self._used = np.zeros(len(named), np.uint8)  # since the last average, on this rank
        self._histories: dict[int, Any] = {}  # of gradients that create_graph recorded
        self._stale: dict[int, Array] = {}  # gradients of parameters that this rank did not use
        self._in_walk = False
        self._may_rebuild = not find_unused
        self._build(self._assign(range(len(named) - 1, -1, -1)))
        for i, parameter in enumerate(self._parameters):
            parameter.register_post_accumulate_grad_hook(functools.partial(self._came, i))

    def check_finished(self) -> None:
        """Refuse to begin a forward while the round before it is not complete.

        Raises:
            GradError: Some parameters have received no gradient.
        """
        if not self._order or not self._missing():
            return
        names = self._missing_names()
        self._begin()
        raise _unfinished({self._aside.rank: names})

    # A round

    def _build(self, assignment: Sequence[Sequence[int]]) -> None:
        """Make the buckets; gradients that lie elsewhere come in as they become complete."""
        parameters, communicator = self._parameters, self._communicator
        self._buckets = [Bucket(members, parameters, communicator) for members in assignment]
        self._places = {
            i: (bucket, slot) for bucket in self._buckets for slot, i in enumerate(bucket.members)
        }
        self._begin()

    def _begin(self) -> None:
        """Expect a gradient of every parameter."""
        self._order: list[int] = []
        self._ready = [False] * len(self._parameters)
        self._started = 0
        for bucket in self._buckets:
            bucket.missing, bucket.work = len(bucket.members), None

    def _missing(self) -> list[int]:
        return [i for i, ready in enumerate(self._ready) if not ready]

    def _missing_names(self) -> list[str]:
        return [self._names[i] for i in self._missing()]

    def _came(self, i: int, parameter: Tensor) -> None:
        """Note that a gradient is complete for this backward: the hook of every parameter."""
        self._used[i] = 1
        if not self.enabled:
            return
        if not self._in_walk:
            at_end(self._walked)
            self._in_walk = True
        if self._ready[i]:
            raise GradError(
                f"Expected to mark a variable ready only once. The parameter {self._names[i]} has "
                "received two gradients while others have received none: it is used in several "
                "backward passes of which no one reaches all parameters, or in a reentrant one. "
                "Add the losses up before one backward, or use no_sync() for all but the last"
            )
        grad = parameter.grad
        if grad is not None and grad._node is not None:
            self._remember_history(i, grad)
        self._add(i)

    def _add(self, i: int) -> None:
        """Put a parameter's gradient into its bucket and send what is full."""
        bucket, slot = self._places[i]
        bucket.take(slot, self._parameters[i])
        self._ready[i] = True
        self._order.append(i)
        bucket.missing -= 1
        while self._started < len(self._buckets) and not self._buckets[self._started].missing:
            self._buckets[self._started].average()
            self._started += 1

    def _walked(self, well: bool) -> None:
        """Wait for what is under way at the end of backward; finish the round if it is complete."""
        self._in_walk = False
        torn = self._torn() if well and not self._find_unused else {}
        unused = self._missing() if well and (self._find_unused or torn) else []
        for i in unused:
            self._add_unused(i)
        used = self._share_used() if well and self._find_unused else self._used
        for bucket in self._buckets[: self._started]:
            assert bucket.work is not None
            bucket.work.wait(self._timeout)
            for view in bucket.views:
                bump(view)
        if torn or not well:
            self._histories.clear()
            self._stale.clear()
            self._begin()
        elif self._started == len(self._buckets):
            for i in unused:
                self._settle_unused(i, bool(used[i]))
            self._finish()
        if torn:
            raise _unfinished(torn)

    def _torn(self) -> dict[int, list[str]]:
        """Return what each rank misses if the ranks miss different gradients; else nothing.

        Some ranks would otherwise wait for buckets that others never send.
        """
        comm = self._aside
        if comm.size == 1:
            return {}
        marks = np.empty(comm.size, np.int64)
        mark = np.array([zlib.crc32(bytes(self._ready))], np.int64)
        comm.allgather(marks, mark, timeout=self._timeout)
        if (marks == marks[0]).all():
            return {}
        return dict(enumerate(comm.allgather_obj(self._missing_names())))

    def _finish(self) -> None:
        """Leave every `.grad` with the average, and begin the next round."""
        for i, node in self._histories.items():
            # The average, with the history of this rank's part.
            bucket, slot = self._places[i]
            average = wrap(bucket.views[slot]._a.copy())
            average._node = node
            self._parameters[i].grad = average
        self._histories.clear()
        self._used[:] = 0
        if self._may_rebuild:
            self._rebuild()
        self._begin()

    def _remember_history(self, i: int, grad: Tensor) -> None:
        warnings.warn(
            "Using backward() with create_graph=True under DistributedDataParallel: gradients are "
            "averaged over all ranks, their derivatives are those of this rank only.",
            stacklevel=2,
        )
        self._histories[i] = grad._node

    # Parameters without a gradient

    def _add_unused(self, i: int) -> None:
        """Send zeros for a parameter, or what no_sync() has added up; keep an old gradient."""
        grad = self._parameters[i].grad
        if grad is not None and not self._used[i]:
            self._stale[i] = grad._a.copy()
        self._add(i)

    def _share_used(self) -> Array:
        """Return for each parameter whether any rank has used it."""
        used = self._used.copy()
        self._aside.allreduce(used, ReduceOp.MAX, timeout=self._timeout)
        return used

    def _settle_unused(self, i: int, used_somewhere: bool) -> None:
        """Give a parameter the others' gradient; where nobody has one, leave it as it was."""
        bucket, slot = self._places[i]
        old = self._stale.pop(i, None)
        if used_somewhere:
            self._parameters[i].grad = bucket.views[slot]
        elif old is not None:
            np.copyto(bucket.views[slot]._a, old)

    # The order of buckets

    def _assign(self, order: Sequence[int]) -> list[list[int]]:
        first_bytes = min(_FIRST_BUCKET_BYTES, self._bucket_bytes)
        return assign(order, self._parameters, first_bytes, self._bucket_bytes)

    def _rebuild(self) -> None:
        """Fill the buckets anew, once, in the order in which gradients came on rank 0."""
        self._may_rebuild = False
        order = np.array(self._order, np.int64)
        self._aside.broadcast(order)
        assignment = self._assign(order.tolist())
        if [set(new) for new in assignment] != [set(bucket.members) for bucket in self._buckets]:
            self._build(assignment)


def _twin(communicator: Communicator) -> Communicator:
    """Return a communicator of the same ranks."""
    made = communicator.split(0, communicator.rank)
    assert made is not None
    return made


def _unfinished(missing: Mapping[int, Sequence[str]]) -> GradError:
    """Make the error for parameters that have received no gradient, by rank."""
    places = "; ".join(
        f"for rank {rank}: {', '.join(names)}" for rank, names in missing.items() if names
    )
    return GradError(
        "Expected to have finished reduction in the prior iteration before starting a new one. "
        "This error indicates that your module has parameters that were not used in producing "
        "loss. You can enable unused parameter detection by passing the keyword argument "
        "`find_unused_parameters=True` to `DistributedDataParallel`, and by making sure all "
        "`forward` function outputs participate in calculating loss. Parameters which did not "
        f"receive grad {places}"
    )
