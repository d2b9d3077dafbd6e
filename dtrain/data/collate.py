"""Collation: from a list of samples to one batch."""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from dtrain.errors import OpError, OpTypeError
from dtrain.tensor.dtype import float64
from dtrain.tensor.from_data import as_tensor, tensor
from dtrain.tensor.ops.join import stack
from dtrain.tensor.tensor import Tensor

__all__ = ["default_collate", "default_convert"]


def default_convert(data: Any) -> Any:
    """Turn NumPy arrays inside a sample into tensors; leave the rest."""
    if isinstance(data, np.ndarray) and data.dtype.kind not in "SUO":
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _like(data, {k: default_convert(v) for k, v in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(v) for v in data))
    if isinstance(data, (tuple, list)):
        return [default_convert(v) for v in data]
    return data


def default_collate(batch: Sequence[Any]) -> Any:
    """Stack samples along a new first dimension, inside tuples, lists and dicts.

    Raises:
        OpTypeError: A sample holds something that cannot be stacked.
        OpError: Sequences differ in length.
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(list(batch))
    if isinstance(first, np.ndarray):
        if first.dtype.kind in "SUO":
            raise _cannot(first.dtype)
        return stack([as_tensor(b) for b in batch])
    if isinstance(first, np.generic):
        return as_tensor(np.array(batch))
    if isinstance(first, float):
        return tensor(batch, dtype=float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return _like(first, {k: default_collate([d[k] for d in batch]) for k in first})
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(s) for s in zip(*batch, strict=True)))
    if isinstance(first, (tuple, list)):
        if any(len(b) != len(first) for b in batch):
            raise OpError("each element in list of batch should be of equal size")
        return [default_collate(s) for s in zip(*batch, strict=True)]
    raise _cannot(type(first))


def _like(sample: Mapping[Any, Any], values: dict[Any, Any]) -> Any:
    """Return the values in a mapping of the class of `sample`, where it can be made so."""
    if type(sample) is dict:
        return values
    if isinstance(sample, MutableMapping):
        made = copy.copy(sample)
        made.update(values)
        return made
    try:
        return type(sample)(values)  # type: ignore[call-arg]
    except TypeError:
        return values


def _cannot(what: Any) -> OpTypeError:
    return OpTypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
        f"found {what}"
    )
