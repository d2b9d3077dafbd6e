"""Kernels stand for bodies: on the same arguments both give the same."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain as torch
from dtrain.backend.kernels import KERNELS, kernel
from dtrain.tensor.op import REGISTRY

UFUNCS = [
    name for (module, name), fn in KERNELS.items() if module == "numpy" and isinstance(fn, np.ufunc)
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of asin(2) and the like
@pytest.mark.parametrize("name", UFUNCS)
def test_a_kernel_gives_what_the_body_gives(name: str) -> None:
    record = REGISTRY[name]
    rng = np.random.default_rng(0)
    kind = np.int64 if name.startswith("bitwise") else np.float32
    arrays = [rng.uniform(0.1, 9, (3, 4)).astype(kind) for _ in record.operands]
    expected = record.body(np, *arrays)
    made = KERNELS["numpy", name](*arrays)
    assert made.dtype == expected.dtype
    np.testing.assert_array_equal(made, expected)


def test_registering_one() -> None:
    @kernel("numpy", "test_only")
    def fast(x: int) -> int:
        return x

    try:
        assert KERNELS["numpy", "test_only"] is fast
    finally:
        del KERNELS["numpy", "test_only"]


def test_options_go_past_the_ufunc() -> None:
    made = torch.add(torch.ones(2), torch.ones(2), alpha=3)
    assert made.tolist() == [4, 4]
