"""Devices."""

from __future__ import annotations

import pytest

import dtrain as torch
from tests.twin import lines, same

SAME = lines(
    r"""
    torch.device("cpu")
    torch.device("cuda")
    torch.device("cuda:1")
    torch.device("cuda", 1)
    torch.device("cuda:1").index
    torch.device("cpu").index
    torch.device("cpu:0").index
    torch.device("cpu", 0)
    torch.device("cuda").type
    torch.device("cpu") == torch.device("cpu")
    torch.device("cpu") == torch.device("cpu:0")
    torch.device("cpu") == "cpu"
    torch.device(torch.device("cpu"))
    torch.device(type="cuda", index=2)
    torch.device("meta")
    torch.device("mps")
    str(torch.device("cuda:1"))
    repr(torch.device("cuda", 1))
    f"{torch.device('cpu')}"
    hash(torch.device("cpu")) == hash(torch.device("cpu"))
    {torch.device("cpu"): 1}[torch.device("cpu")]
    import pickle; pickle.loads(pickle.dumps(torch.device("cuda:1")))
    import copy; copy.deepcopy(torch.device("cuda:1"))
    d = torch.device("cpu"); d.__enter__(); t = torch.zeros(2); d.__exit__(None, None, None); t
    """
)

ERRORS = lines(
    r"""
    torch.device("nope")
    torch.device("cuda:")
    torch.device("cuda:a")
    torch.device("cuda:-1")
    torch.device("cuda:1", 0)
    torch.device("cuda", -1)
    torch.device("cuda", "a")
    torch.device()
    torch.device(None)
    torch.device(1.5)
    torch.device("CPU")
    torch.device("")
    torch.device("cuda:01")
    d = torch.device("cpu"); d.type = "cuda"; d
    """
)


@pytest.mark.torch
@pytest.mark.parametrize("source", SAME)
def test_as_torch(source: str) -> None:
    same(source)


@pytest.mark.torch
@pytest.mark.parametrize("source", ERRORS)
def test_errors_as_torch(source: str) -> None:
    same(source)


def test_a_number_is_a_cuda_device() -> None:
    """torch refuses it on a machine without accelerators."""
    assert str(torch.device(1)) == "cuda:1"


def test_default_device_of_a_block() -> None:
    with torch.device("cpu") as device:
        assert torch.get_default_device() == device
        with torch.device("cuda:3"):
            assert torch.get_default_device() == torch.device("cuda", 3)
        assert torch.get_default_device() == device
