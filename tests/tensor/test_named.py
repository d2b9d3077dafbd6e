"""Tests of named tensors. torch dropped them in 2.13; expected is what it documented before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain.tensor.named import NamedTensor
from dtrain.tensor.tensor import Tensor


@pytest.fixture
def x() -> Any:
    return dtrain.arange(6.0).reshape(2, 3).refine_names("N", "C")


@pytest.mark.parametrize(
    "make", [dtrain.zeros, dtrain.ones, dtrain.empty, dtrain.rand, dtrain.randn]
)
def test_creation_takes_names(make: Callable[..., Any]) -> None:
    made = make(2, 3, names=("N", "C"))
    assert (made.names, made.has_names()) == (("N", "C"), True)
    assert make(2, 3).names == (None, None)
    assert type(make(2, 3)) is Tensor


def test_data_and_full_take_names() -> None:
    assert dtrain.tensor([1, 2], names=("N",)).names == ("N",)
    assert dtrain.full((2, 1), 1.0, names=("N", None)).names == ("N", None)


Result = Callable[[Any], Any]


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda x: x + x, ("N", "C")), (lambda x: 1 - x, ("N", "C")),
        (lambda x: x * dtrain.ones(3), ("N", "C")), (lambda x: dtrain.ones(2, 3) * x, ("N", "C")),
        (lambda x: x.exp().relu(), ("N", "C")), (lambda x: x > 2, ("N", "C")),
        (lambda x: x.sum("C"), ("N",)), (lambda x: x.sum(("N", "C")), ()),
        (lambda x: x.mean("N", keepdim=True), ("N", "C")), (lambda x: x.sum(), ()),
        (lambda x: x.max("C").values, ("N",)), (lambda x: x.std(dim="N"), ("C",)),
        (lambda x: x.softmax("C"), ("N", "C")), (lambda x: x.cumsum(dim="C"), ("N", "C")),
        (lambda x: x.select("C", index=0), ("N",)), (lambda x: x.select(dim="N", index=1), ("C",)),
        (lambda x: x[0], ("C",)), (lambda x: x[..., 0], ("N",)), (lambda x: x[:, 1:], ("N", "C")),
        (lambda x: x.t(), ("C", "N")), (lambda x: x.T, ("C", "N")),
        (lambda x: x.transpose("N", "C"), ("C", "N")), (lambda x: x.permute(1, 0), ("C", "N")),
        (lambda x: x.expand(4, 2, 3), (None, "N", "C")), (lambda x: x.unbind("C")[0], ("N",)),
        (lambda x: x.flatten(["N", "C"], "F"), ("F",)),
        (lambda x: x.flatten("N", "C", "F"), ("F",)),
        (lambda x: x.unflatten("C", (("H", 3), ("W", 1))), ("N", "H", "W")),
        (lambda x: x @ dtrain.ones(3, 4, names=("C", "D")), ("N", "D")),
        (lambda x: x.rename("A", "B"), ("A", "B")), (lambda x: x.rename(N="B"), ("B", "C")),
        (lambda x: x.rename(None), (None, None)), (lambda x: x.align_to("C", "N"), ("C", "N")),
        (lambda x: x.align_to("W", ..., "N"), ("W", "C", "N")),
        (lambda x: x.sum("N").align_as(x), ("N", "C")), (lambda x: x.detach().clone(), ("N", "C")),
        (lambda x: x.to(dtrain.float64), ("N", "C")), (lambda x: x.split(1, "C")[0], ("N", "C")),
        (lambda x: x[:, :1].squeeze("C"), ("N",)), (lambda x: x.refine_names("N", "C"), ("N", "C")),
    ],
)  # fmt: skip
def test_names_of_results(x: Any, call: Result, names: tuple[Any, ...]) -> None:
    assert call(x).names == names


@pytest.mark.parametrize(
    ("call", "plain"),
    [
        (lambda x: x.sum("C"), lambda x: x.sum(1)),
        (lambda x: x.align_to("C", "N"), lambda x: x.t()),
        (lambda x: x.flatten(["N", "C"], "F"), lambda x: x.flatten()),
        (lambda x: x.select("C", 1) * 2, lambda x: x[:, 1] * 2),
        (lambda x: x.align_to("N", "W", "C"), lambda x: x.unsqueeze(1)),
    ],
)
def test_values_are_those_of_the_plain_tensor(x: Any, call: Result, plain: Result) -> None:
    np.testing.assert_array_equal(call(x).numpy(), plain(x.rename(None)).numpy())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: x.sum("D"), "Name 'D' not found in Tensor"),
        (lambda x: x + dtrain.ones(2, 3, names=("C", "N")), "do not match"),
        (lambda x: x.rename("N", None) + dtrain.ones(2, 3, names=(None, "N")), "Misaligned"),
        (lambda x: dtrain.ones(2, 3, names=("N",)), r"Number of names \(1\)"),
        (lambda x: dtrain.ones(2, 3, names=("N", "N")), "duplicate names"),
        (lambda x: dtrain.ones(2, names=("1a",)), "Invalid name"),
        (lambda x: x.view(6), "not yet supported with named tensors"),
        (lambda x: x.rename(D="B"), "does not exist"),
        (lambda x: x.refine_names("A", "C"), "'N' is different from 'A'"),
        (lambda x: x.refine_names("N"), "different number of dims"),
        (lambda x: x.align_to("N"), "Cannot find dim 'C'"),
        (lambda x: x[0:1].rename(None, "C").align_to("C"), "must be named"),
        (lambda x: x.flatten(["C", "N"], "F"), "must be consecutive"),
    ],
)
def test_errors(x: Any, call: Result, words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        call(x)


def test_text_ends_with_the_names(x: Any) -> None:
    assert repr(x) == "tensor([[0., 1., 2.],\n        [3., 4., 5.]], names=('N', 'C'))"
    assert repr(x.rename(None)) == "tensor([[0., 1., 2.],\n        [3., 4., 5.]])"


def test_names_can_be_set_in_place(x: Any) -> None:
    x.rename_("A", "B")
    assert x.names == ("A", "B")
    x.names = ("Q", None)
    assert x.names == ("Q", None)
    x.names = None
    assert not x.has_names()


def test_changes_in_place_keep_names_and_reach_the_base(x: Any) -> None:
    x *= 2
    assert isinstance(x, NamedTensor)
    x.select("N", 0).fill_(7)
    np.testing.assert_array_equal(x.numpy(), [[7, 7, 7], [6, 8, 10]])
    assert x._version == 2


def test_gradients_reach_a_named_leaf() -> None:
    leaf = dtrain.ones(2, 3, names=("N", "C"), requires_grad=True)
    (leaf * leaf).sum("C").sum("N").backward()
    np.testing.assert_array_equal(leaf.grad.numpy(), np.full((2, 3), 2.0))


def test_change_of_a_view_is_recorded() -> None:
    leaf = dtrain.ones(2, 3, requires_grad=True)
    y = (leaf * 1).refine_names("N", "C")
    y.select("N", 0).mul_(5)
    y.rename(None).sum().backward()
    np.testing.assert_array_equal(leaf.grad.numpy(), [[5, 5, 5], [1, 1, 1]])
