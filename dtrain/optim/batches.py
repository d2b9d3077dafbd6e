"""Many small parameters updated as one: for each alone, NumPy's calls cost more than the numbers.

Values are copied into one array, updated there and copied back, so every array stays where it is.
"""

from __future__ import annotations

import itertools
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from dtrain.optim.apply import BLOCK, update_array
from dtrain.tensor.graph import bump
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array

if TYPE_CHECKING:
    from dtrain.optim.optimizer import Optimizer

__all__ = ["Batches", "is_small"]

# From about this size on, a copy there and back costs what it saves.
SMALL = 1 << 11

Entry = tuple[Tensor, Array, dict[str, Any]]


def is_small(p: Tensor, grad: Tensor) -> bool:
    """Return True where a parameter may be updated together with others."""
    a = p._a
    return (
        a.__class__ is np.ndarray
        and a.size <= SMALL
        and a.dtype.kind == "f"
        and grad._a.__class__ is np.ndarray
        and grad._a.dtype is a.dtype
    )


class _Layout:
    """Where small arrays lie in a big one."""

    def __init__(self, arrays: list[Array]) -> None:
        self.arrays = arrays
        self.size = sum(a.size for a in arrays)
        self.apart = _apart(arrays)
        self.views: dict[int, list[Array]] = {}

    def of(self, slot: int, flat: Array) -> list[Array]:
        """Return the parts of a big array in the shapes of the small ones."""
        views = self.views.get(slot)
        if views is None:
            ends = np.cumsum([a.size for a in self.arrays])[:-1]
            parts = zip(np.split(flat, ends), self.arrays, strict=True)
            views = self.views[slot] = [part.reshape(a.shape) for part, a in parts]
        return views


def _apart(arrays: list[Array]) -> bool:
    """Return True where no two arrays share memory."""
    bounds = sorted(np.lib.array_utils.byte_bounds(a) for a in arrays if a.size)
    return all(a[1] <= b[0] for a, b in itertools.pairwise(bounds))


class Batches:
    """Scratch memory of an optimizer, and what it knows of the parameters of its last step."""

    def __init__(self) -> None:
        self.layouts: list[_Layout] = []
        self.buffers: dict[tuple[str, int], Array] = {}
        self.used = 0

    def begin_step(self) -> None:
        """Start at the first batch again."""
        self.used = 0

    def update(
        self, optimizer: Optimizer, pairs: list[tuple[Tensor, Array]], group: dict[str, Any]
    ) -> None:
        """Update small parameters of one group.

        Args:
            optimizer: The optimizer.
            pairs: The parameters and their gradients.
            group: The options.
        """
        alike: dict[Any, tuple[list[Entry], dict[str, Any]]] = {}
        for p, g in pairs:
            held, numbers = optimizer.advance(p, group)
            key = (p._a.dtype.char, *numbers.values(), *held)
            if key not in alike:
                alike[key] = [], numbers
            alike[key][0].append((p, g, held))
        for entries, numbers in alike.values():
            for chunk in _chunks(entries):
                self._update_chunk(optimizer, chunk, numbers, group)

    def _update_chunk(
        self,
        optimizer: Optimizer,
        entries: list[Entry],
        numbers: dict[str, Any],
        group: dict[str, Any],
    ) -> None:
        arrays = [p._a for p, _, _ in entries]
        layout = self._layout(arrays)
        if len(entries) == 1 or not layout.apart:
            for p, g, held in entries:
                update_array(optimizer, p._a, g, {**held, **numbers}, group)
                bump(p)
            return
        names = [name for name in entries[0][2] if name not in numbers]
        kept = [arrays, *([held[name]._a for _, _, held in entries] for name in names)]
        sources = [*kept, [g for _, g, _ in entries]]
        flat = [self._gather(layout, slot, source) for slot, source in enumerate(sources)]
        state = dict(zip(names, flat[1:-1], strict=True))
        optimizer.update(np, flat[0], flat[-1], {**state, **numbers}, group)
        for slot, targets in enumerate(kept):
            for target, value in zip(targets, layout.of(slot, flat[slot]), strict=True):
                target[...] = value
        for p, _, _ in entries:
            bump(p)

    def _layout(self, arrays: list[Array]) -> _Layout:
        """Return the layout of arrays: that of the last step where they are the same."""
        place = self.used
        self.used += 1
        if place == len(self.layouts):
            self.layouts.append(_Layout(arrays))
        known = self.layouts[place]
        if len(known.arrays) != len(arrays) or not all(map(operator.is_, known.arrays, arrays)):
            known = self.layouts[place] = _Layout(arrays)
        return known

    def _gather(self, layout: _Layout, slot: int, arrays: list[Array]) -> Array:
        """Copy small arrays into scratch memory."""
        dtype = arrays[0].dtype
        buffer = self.buffers.get((dtype.char, slot))
        if buffer is None:
            buffer = self.buffers[dtype.char, slot] = np.empty(BLOCK, dtype)
        flat = buffer[: layout.size]
        np.concatenate(arrays, axis=None, out=flat)
        return flat


def _chunks(entries: list[Entry]) -> list[list[Entry]]:
    """Return entries in parts that fit into scratch memory."""
    chunks: list[list[Entry]] = [[]]
    size = 0
    for entry in entries:
        more = entry[0]._a.size
        if size + more > BLOCK:
            chunks.append([])
            size = 0
        chunks[-1].append(entry)
        size += more
    return chunks
