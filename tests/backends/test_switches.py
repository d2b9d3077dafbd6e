"""Switches keep what is written to them; questions are answered."""

from __future__ import annotations

import pytest

from dtrain import backends
from dtrain.backends import cuda, cudnn, mkl, mkldnn, mps, openmp
from dtrain.errors import OpValueError


def test_flags_come_back():
    before = cudnn.benchmark
    with cudnn.flags(enabled=False, benchmark=True):
        assert cudnn.benchmark
        assert not cudnn.enabled
    assert cudnn.benchmark is before
    assert cudnn.enabled
    with mkldnn.flags(enabled=False):
        assert not mkldnn.enabled
    assert mkldnn.enabled


@pytest.mark.parametrize("module", [cudnn, mkl, mkldnn, mps, openmp])
def test_libraries_that_are_not_used(module):
    assert not module.is_available()


def test_what_else_is_said_of_them():
    assert cudnn.version() is None
    assert not cudnn.is_acceptable(None)
    assert not mps.is_built()
    assert backends.cuda is cuda


@pytest.mark.parametrize("name", ["flash", "mem_efficient", "math"])
def test_kinds_of_attention(name, monkeypatch):
    monkeypatch.setattr(cuda, "_attention", dict(cuda._attention))
    getattr(cuda, f"enable_{name}_sdp")(False)
    cuda.enable_cudnn_sdp(False)
    assert not getattr(cuda, f"{name}_sdp_enabled")()


def test_products_on_gpus():
    assert not cuda.matmul.allow_tf32
    assert cuda.is_built() in {True, False}
    assert cuda.preferred_linalg_library("cusolver") == "cusolver"
    with pytest.raises(OpValueError, match="magma"):
        cuda.preferred_linalg_library("magma")
