"""Texts are compared with those of torch, letter for letter."""

from __future__ import annotations

import contextlib
import itertools
import zlib

import numpy as np
import pytest

from dtrain.errors import OpValueError
from dtrain.tensor import dtype as dt
from dtrain.tensor import printing
from dtrain.tensor.printing import array_text, printoptions, tensor_text

DTYPES = [
    "float32", "float64", "float16", "bfloat16", "complex64", "complex128",
    "int64", "int32", "int8", "uint8", "bool",
]  # fmt: skip
SHAPES = [
    (), (0,), (0, 3), (2, 0), (1,), (7,), (40,), (1001,), (1, 1), (3, 5), (8, 130), (400, 3),
    (2, 3, 4), (1, 7, 150), (12, 11, 10), (2, 2, 2, 3), (2, 8, 8, 9),
]  # fmt: skip
OPTIONS = [
    {},
    {"profile": "short"},
    {"profile": "full"},
    {"precision": 0},
    {"precision": 7, "linewidth": 120},
    {"sci_mode": True},
    {"sci_mode": False},
    {"threshold": 5, "edgeitems": 1, "linewidth": 30},
    {"threshold": 0, "edgeitems": 2},
    {"threshold": 50, "edgeitems": 0},
    {"edgeitems": 0},
]


def sample(rng, shape, kind):
    """Return float64 values of one sort: the notation follows from them."""
    x = rng.standard_normal(shape)
    pick = rng.random(shape)
    return {
        "plain": lambda: x,
        "one scale": lambda: x * 10.0 ** rng.integers(-6, 10),
        "many scales": lambda: x * 10.0 ** rng.integers(-5, 6, size=shape),
        "whole": lambda: np.round(x * 10.0 ** rng.integers(0, 5)),
        "nan": lambda: np.where(pick < 0.2, np.nan, x),
        "infinite": lambda: np.where(pick < 0.3, -np.inf, np.round(x * 50)),
        "zeros": lambda: np.where(pick < 0.5, -0.0, x),
        "only nan": lambda: np.full(shape, np.nan),
        "only zero": lambda: np.zeros(shape),
    }[kind]()


KINDS = [
    "plain", "one scale", "many scales", "whole", "nan", "infinite", "zeros", "only nan",
    "only zero",
]  # fmt: skip


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def default_options():
    before = printing.get_printoptions()
    printing.set_printoptions(profile="default")
    yield
    printing.set_printoptions(**before)


@contextlib.contextmanager
def options_of_both(torch, options):
    """Set the print options here and in torch."""
    before = torch._tensor_str.get_printoptions()
    torch.set_printoptions(**options)
    try:
        with printoptions(**options):
            assert printing.get_printoptions() == torch._tensor_str.get_printoptions()
            yield
    finally:
        torch.set_printoptions(**before)


def make(torch, values, name):
    kind = getattr(torch, name)
    if kind.is_complex:
        values = values + 1j * np.roll(values, 1) * 0.5
    elif not kind.is_floating_point:
        values = np.clip(np.nan_to_num(values), -1e9, 1e9).astype(np.int64)
    return torch.tensor(values).to(kind)


def to_numpy(torch, tensor):
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.uint16).numpy().view(dt.bfloat16.np)
    return tensor.numpy()


@pytest.mark.torch
@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_same_text_as_torch(torch, name, options):
    rng = np.random.default_rng(zlib.crc32(f"{name} {options}".encode()))
    with options_of_both(torch, options):
        for shape, kind in itertools.product(SHAPES, KINDS):
            tensor = make(torch, sample(rng, shape, kind), name)
            assert tensor_text(to_numpy(torch, tensor)) == repr(tensor)


@pytest.mark.torch
@pytest.mark.parametrize("name", ["float32", "float64", "complex64"])
@pytest.mark.parametrize("size", [3, 8, 9, 10, 11, 12, 30])
def test_graph_suffixes(torch, name, size):
    """The suffix moves to the next line where torch moves it."""
    tensor = make(torch, np.linspace(-1, 1, size), name).requires_grad_()
    array = tensor.detach().numpy()
    assert tensor_text(array, requires_grad=True) == repr(tensor)
    for made, node in [(tensor * 1, "MulBackward0"), (tensor.view(1, -1), "ViewBackward0")]:
        shown = tensor_text(made.detach().numpy(), requires_grad=True, grad_fn_name=node)
        assert shown == repr(made)


@pytest.mark.torch
@pytest.mark.parametrize("default", ["float64", "float16"])
@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("shape", [(2,), (0,), (0, 2)])
def test_default_dtype(torch, default, name, shape):
    tensor = make(torch, np.ones(shape), name)
    ours, theirs = dt.get_default_dtype(), torch.get_default_dtype()
    try:
        dt.set_default_dtype(getattr(dt, default))
        torch.set_default_dtype(getattr(torch, default))
        assert tensor_text(to_numpy(torch, tensor)) == repr(tensor)
    finally:
        dt.set_default_dtype(ours)
        torch.set_default_dtype(theirs)


@pytest.mark.torch
def test_meta_tensor(torch):
    for name in ("float32", "int64"):
        tensor = torch.empty(2, 3, dtype=getattr(torch, name), device="meta")
        array = np.empty((2, 3), name)
        shown = tensor_text(array, device="meta", contents="...", extra=["size=(2, 3)"])
        assert shown == repr(tensor)


@pytest.mark.torch
def test_sparse_tensor(torch):
    """The parts are enough to write a sparse tensor."""
    tensor = torch.tensor([[0.0, 1.5], [2.5, 0.0]]).to_sparse()
    indent = len("tensor(indices=tensor(")
    indices = array_text(tensor._indices().numpy(), indent)
    values = array_text(tensor._values().numpy(), indent - 1)
    shown = tensor_text(
        np.empty((2, 2), np.float32),
        contents=f"indices=tensor({indices}),\n       values=tensor({values})",
        extra=["size=(2, 2)", "nnz=2"],
        late=["layout=torch.sparse_coo"],
        force_newline=True,
    )
    assert shown == repr(tensor)


def test_device_and_class():
    array = np.array([1.0, 2.5], np.float32)
    shown = tensor_text(array, device="cuda:0", requires_grad=True)
    assert shown == "tensor([1.0000, 2.5000], device='cuda:0', requires_grad=True)"
    assert tensor_text(array[:1], prefix="Weight(") == "Weight([1.])"


def test_only_the_corners_are_fetched():
    fetched = []

    def host(part):
        fetched.append(part.size)
        return part

    tensor_text(np.zeros((2, 500, 500), np.float32), host=host)
    assert sum(fetched) == 2 * 6 * 6


def test_options_come_back():
    before = printing.get_printoptions()
    with printoptions(precision=1, sci_mode=True):
        assert tensor_text(np.array([1.25])) == "tensor([1.2e+00], dtype=torch.float64)"
    assert printing.get_printoptions() == before
    with pytest.raises(ZeroDivisionError), printoptions(precision=1):
        1 / 0  # noqa: B018 - any error does
    assert printing.get_printoptions() == before


def test_unknown_profile():
    with pytest.raises(OpValueError, match="no such profile"):
        printing.set_printoptions(profile="long")
