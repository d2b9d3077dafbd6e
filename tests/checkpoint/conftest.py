"""Files as an attacker, another program or an accident would make them."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable

import numpy as np
import pytest

from dtrain import checkpoint
from dtrain.tensor.tensor import Tensor, wrap

MakeFile = Callable[..., io.BytesIO]


@pytest.fixture
def make_file() -> MakeFile:
    """Return a function that zips a pickle and records: make_file(pickle, **{"data/0": b"..."})."""

    def make(data: bytes, compression: int = zipfile.ZIP_STORED, **records: bytes) -> io.BytesIO:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", compression) as archive:
            archive.writestr("archive/data.pkl", data)
            archive.writestr("archive/version", b"3\n")
            for name, content in records.items():
                archive.writestr(f"archive/{name}", content)
        buffer.seek(0)
        return buffer

    return make


@pytest.fixture
def saved() -> bytes:
    """Return a small file of dtrain.save."""
    buffer = io.BytesIO()
    state = {"w": wrap(np.arange(6.0).reshape(2, 3)), "n": wrap(np.array([7], np.uint16)), "s": "x"}
    checkpoint.save(state, buffer)
    return buffer.getvalue()


@pytest.fixture
def pickle_of_tensor() -> Callable[..., bytes]:
    """Return a function that pickles one float32 tensor over record data/0, with any numbers."""

    def make(
        numel: object = 6,
        offset: object = 0,
        size: object = (2, 3),
        stride: object = (3, 1),
        key: object = "0",
    ) -> bytes:
        def plain(value: object) -> bytes:
            return pickle.dumps(value, 2)[2:-1]

        storage = (
            b"(" + plain("storage") + b"ctorch\nFloatStorage\n" + plain(key) + plain("cpu")
        ) + (plain(numel) + b"tQ")
        rest = plain(offset) + plain(size) + plain(stride) + b"\x89N"
        return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + storage + rest + b"tR."

    return make


def same(a: Tensor, b: Tensor) -> bool:
    """Return whether two tensors have one type, shape and content."""
    return a._a.dtype == b._a.dtype and bool(np.array_equal(a._a, b._a))
