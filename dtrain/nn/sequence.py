"""Sequences of different lengths: padded to one length, or packed without padding.

A PackedSequence holds the rows of all sequences step by step; the sequences are sorted by length,
longest first, so that step t has the rows of the first `batch_sizes[t]` of them.
Letters: N sequences, T steps of the longest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from dtrain.errors import OpError, OpValueError, ShapeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.from_data import as_tensor
from dtrain.tensor.ops.join import cat
from dtrain.tensor.tensor import Tensor, wrap

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]

P = TypeVar("P", bound="PackedSequence")


class _Fields(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Fields):
    """Rows of sequences, step by step; made by pack_sequence and pack_padded_sequence.

    Args:
        data: (rows, *), the rows.
        batch_sizes: How many sequences each step has, int64 on the host.
        sorted_indices: Where the sorted sequences stood before; None where they were sorted.
        unsorted_indices: Where the sequences stand after sorting.
    """

    __slots__ = ()

    def __new__(  # noqa: D102
        cls: type[P],
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> P:
        if batch_sizes is None:
            data, batch_sizes = data
        elif not batch_sizes.is_cpu:
            raise OpValueError(
                "batch_sizes should always be on CPU. Instances of PackedSequence should never be "
                "created manually. They should be instantiated by functions like pack_sequence "
                "and pack_padded_sequences in nn.utils.rnn."
            )
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    # ---- conversions ----
    def to(self: P, *args: Any, **kwargs: Any) -> P:
        """Return the sequences on another device or of another type; self where nothing changes."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        orders = [None if t is None else t.to(data.device) for t in self[2:]]
        return type(self)(data, self.batch_sizes, *orders)

    def cuda(self: P, *args: Any, **kwargs: Any) -> P:
        """Return the sequences on a CUDA device."""
        return self.to(*args, **kwargs) if args or "device" in kwargs else self.to("cuda", **kwargs)

    def cpu(self: P) -> P:
        """Return the sequences on the host."""
        return self.to("cpu")

    def pin_memory(self: P) -> P:
        """Return the sequences in page-locked memory."""
        orders = [None if t is None else t.pin_memory() for t in self[2:]]
        return type(self)(self.data.pin_memory(), self.batch_sizes, *orders)

    def double(self: P) -> P:
        """Return the sequences as float64."""
        return self.to(dt.float64)

    def float(self: P) -> P:
        """Return the sequences as float32."""
        return self.to(dt.float32)

    def half(self: P) -> P:
        """Return the sequences as float16."""
        return self.to(dt.float16)

    def long(self: P) -> P:
        """Return the sequences as int64."""
        return self.to(dt.int64)

    def int(self: P) -> P:
        """Return the sequences as int32."""
        return self.to(dt.int32)

    def short(self: P) -> P:
        """Return the sequences as int16."""
        return self.to(dt.int16)

    def char(self: P) -> P:
        """Return the sequences as int8."""
        return self.to(dt.int8)

    def byte(self: P) -> P:
        """Return the sequences as uint8."""
        return self.to(dt.uint8)

    @property
    def is_cuda(self) -> bool:
        """True where the rows lie on a CUDA device."""
        return self.data.is_cuda

    def is_pinned(self) -> bool:
        """Return True where the rows lie in page-locked memory."""
        return self.data.is_pinned()


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """Return the permutation that undoes another one."""
    return None if permutation is None else permutation.argsort()


def _places(lengths: Any, like: Tensor) -> Any:
    """Return where each packed row stands among padded ones (T * N), on the device of `like`."""
    steps = np.arange(max(lengths))[:, None]
    return wrap(np.flatnonzero(steps < np.asarray(lengths)[None, :])).to(like.device)


def pack_padded_sequence(
    input: Tensor,
    lengths: Tensor | Sequence[int],
    batch_first: bool = False,
    enforce_sorted: bool = True,
) -> PackedSequence:
    """Pack sequences that are padded to one length.

    Args:
        input: (T, N, *), or (N, T, *) with `batch_first`.
        lengths: The length of each sequence.
        batch_first: The layout of `input`.
        enforce_sorted: The sequences are sorted by length, longest first; else they are sorted
            here, and back again where they are padded.

    Raises:
        OpError: The lengths are not sorted, not positive or not one for each sequence.
    """
    if isinstance(lengths, Tensor) and not (lengths.is_cpu and lengths.ndim == 1):
        raise OpError(
            "'lengths' argument should be a 1D CPU int64 tensor, but got "
            f"{lengths.ndim}D {lengths.device} {lengths.dtype} tensor"
        )
    sizes = as_tensor(lengths, dtype=dt.int64)
    order = None
    time, batch = input.shape[:2][::-1] if batch_first else input.shape[:2]
    if not enforce_sorted:
        sizes, order = sizes.sort(descending=True)
        order = order.to(input.device)
        input = input.index_select(0 if batch_first else 1, order)
    counts = sizes.tolist()
    _check_lengths(counts, batch, time)
    by_step: Any = input.transpose(0, 1) if batch_first else input
    rows, at = by_step.reshape(time * batch, *input.shape[2:]), _places(counts, input)
    per_step = np.sum(np.arange(counts[0])[:, None] < np.asarray(counts)[None, :], 1)
    return PackedSequence(rows.index_select(0, at), wrap(per_step), order, None)


def _check_lengths(counts: list[int], batch: int, time: int) -> None:
    if not time * batch:
        raise OpError("Cannot pack empty tensors.")
    if len(counts) != batch:
        raise ShapeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)} "
            f"(batch_size={batch})"
        )
    if min(counts) <= 0:
        raise OpError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            "that is <= 0"
        )
    if counts != sorted(counts, reverse=True):
        raise OpError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. "
            "You can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
            "sidestep this requirement if you do not need ONNX exportability."
        )
    if counts[0] > time:
        raise ShapeError(
            f"pack_padded_sequence(): a length of {counts[0]} is more than the {time} steps of the "
            "input"
        )


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Any, Any]:
    """Return packed sequences padded to one length: (T, N, *) and the lengths (N,).

    Args:
        sequence: The packed sequences.
        batch_first: Return (N, T, *).
        padding_value: What to fill up with.
        total_length: T; the longest length by default.

    Raises:
        OpValueError: `total_length` is less than the longest length.
    """
    per_step = sequence.batch_sizes.numpy()
    time, batch = len(per_step), int(per_step[0])
    if total_length is not None:
        if total_length < time:
            raise OpValueError(
                "Expected total_length to be at least the length of the longest sequence in "
                f"input, but got total_length={total_length} and max sequence length being {time}"
            )
        time = total_length
    lengths = np.sum(np.arange(batch)[None, :] < per_step[:, None], 0)
    data: Any = sequence.data
    rows = data.new_full((time * batch, *data.shape[1:]), padding_value)
    padded = rows.index_copy(0, _places(lengths, data), data)
    padded = padded.reshape(time, batch, *data.shape[1:])
    if batch_first:
        padded = padded.transpose(0, 1)
    counts, order = wrap(lengths), sequence.unsorted_indices
    if order is None:
        return padded, counts
    return padded.index_select(0 if batch_first else 1, order), counts[order.cpu()]


def pad_sequence(
    sequences: Any,
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Any:
    """Return sequences (length, *) as one tensor (T, N, *), filled up to the longest.

    Args:
        sequences: The sequences.
        batch_first: Return (N, T, *).
        padding_value: What to fill up with.
        padding_side: "right" or "left".

    Raises:
        OpError: There are no sequences, or no such side.
    """
    if not isinstance(sequences, Iterable):
        raise OpError(
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    given = tuple(sequences)
    if not given:
        raise OpError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise OpError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    first, batch = given[0], len(given)
    lengths = [s.shape[0] for s in given]
    time = max(lengths)
    found = []
    for n, length in enumerate(lengths):
        start = time - length if padding_side == "left" else 0
        steps = np.arange(start, start + length)
        found.append(n * time + steps if batch_first else steps * batch + n)
    rows = cat([s.to(first.dtype) for s in given])
    made = first.new_full((time * batch, *first.shape[1:]), padding_value)
    made = made.index_copy(0, wrap(np.concatenate(found)).to(first.device), rows)
    shape = (batch, time) if batch_first else (time, batch)
    return made.reshape(*shape, *first.shape[1:])


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Any]:
    """Return the sequences of a padded tensor without what fills them up.

    Note: torch transposes the argument itself in place unless `batch_first`; here it stays.
    """
    rows: Any = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[:length] for row, length in zip(rows, lengths.tolist(), strict=True)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences (length, *); see pack_padded_sequence."""
    lengths = [s.shape[0] for s in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Any]:
    """Return the sequences in the order in which they were packed."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
