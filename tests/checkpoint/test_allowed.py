from __future__ import annotations

import builtins
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from dtrain.checkpoint.allowed import TABLE, build_numpy

DANGEROUS = [
    *(builtins.eval, builtins.exec, builtins.getattr, builtins.setattr, builtins.open),
    *(builtins.__import__, builtins.compile, builtins.type, builtins.object),
    *(os.system, os.popen, subprocess.Popen, sys.exit, np.load, np.frombuffer),
]


def test_nothing_dangerous_is_in_the_table() -> None:
    values = [entry.value for entry in TABLE.values()]
    calls = [entry.call for entry in TABLE.values() if entry.call is not None]
    assert not [value for value in DANGEROUS if value in values or value in calls]
    assert all(call.__module__.startswith("dtrain.checkpoint.") for call in calls)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("builtins.set", ("abc",)),
        ("builtins.frozenset", (range(3),)),
        ("builtins.bytearray", (10**12,)),
        ("builtins.complex", ("1", "2")),
        ("collections.Counter", ("hello",)),
        ("collections.OrderedDict", ({"a": 1},)),
        ("torch.Size", ([1],)),
        ("torch.device", (1.5,)),
        ("numpy.dtype", ("O",)),
        ("numpy._core.multiarray.scalar", (np.dtype("f8"), b"short")),
        ("numpy._core.multiarray._reconstruct", (dict, (0,), b"b")),
    ],
)
def test_arguments_of_other_types_are_refused(name: str, arguments: tuple[Any, ...]) -> None:
    call = TABLE[name].call
    assert call is not None
    with pytest.raises((TypeError, ValueError)):
        call(*arguments)


@pytest.mark.parametrize(
    "state",
    [
        (1, (10**9,), np.dtype("f8"), False, b""),
        (1, (2,), np.dtype("f8"), False, b"x" * 15),
        (1, (1,), np.dtype(object), False, [1]),
        (1, (-1,), np.dtype("f8"), False, b""),
        (1, [1], np.dtype("i1"), False, b"x"),
    ],
    ids=str,
)
def test_states_of_arrays_must_fit(state: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        build_numpy(np.empty(0, np.uint8), state)


def test_shared_dtypes_are_never_changed() -> None:
    call = TABLE["numpy.dtype"].call
    assert call is not None
    made = call("f4", False, True)
    assert made is not np.dtype("f4")
    assert build_numpy(made, (3, ">", None, None, None, -1, -1, 0))
    assert made == np.dtype(">f4")
    assert np.dtype("f4").isnative
