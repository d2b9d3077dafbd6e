"""Tests of sparse tensors against torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain.errors import OpError
from tests.oracle import assert_same

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:Sparse")]

INDICES = [[0, 1, 1, 0], [2, 0, 2, 2]]
VALUES = [3.0, 4.0, 5.0, 0.5]
DENSE = np.random.default_rng(0).normal(size=(3, 2)).astype("f4")


def made(side: Any, values: Any = VALUES, **kw: Any) -> Any:
    size = (2, 3, *np.shape(values)[1:])
    return side.sparse_coo_tensor(side.tensor(INDICES), side.tensor(values), size, **kw)


def same(got: Any, expected: Any) -> None:
    """Assert that two tensors agree: in layout, and as dense tensors."""
    assert got.is_sparse == expected.is_sparse
    if got.is_sparse:
        got, expected = got.to_dense(), expected.to_dense()
    assert_same(got, expected)


CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "to_dense": lambda t, s: s.to_dense(),
    "coalesce": lambda t, s: s.coalesce(),
    "values": lambda t, s: s.coalesce().values(),
    "indices": lambda t, s: s.coalesce().indices(),
    "transpose": lambda t, s: s.t(),
    "double": lambda t, s: s.to(t.float64),
    "negative": lambda t, s: -s,
    "sum of sparse": lambda t, s: s + s,
    "difference": lambda t, s: s - s * 3,
    "dense + sparse": lambda t, s: t.ones(2, 3) + s,
    "scaled": lambda t, s: s * 2.5,
    "divided": lambda t, s: s / 4,
    "sparse * sparse": lambda t, s: s * s.coalesce(),
    "mm": lambda t, s: t.mm(s, t.tensor(DENSE)),
    "matmul": lambda t, s: s @ t.tensor(DENSE),
    "sparse.mm": lambda t, s: t.sparse.mm(s, t.tensor(DENSE)),
    "sparse.mm of sparse": lambda t, s: t.sparse.mm(s, s.t()),
    "sparse.addmm": lambda t, s: t.sparse.addmm(t.ones(2, 2), s, t.tensor(DENSE), beta=2, alpha=3),
    "addmm": lambda t, s: t.addmm(t.ones(2, 2), s, t.tensor(DENSE)),
    "mv": lambda t, s: t.mv(s, t.ones(3)),
    "sparse.sum": lambda t, s: t.sparse.sum(s),
    "sparse.sum over a dimension": lambda t, s: t.sparse.sum(s, 0),
    "sparse.sum over both": lambda t, s: t.sparse.sum(s, (0, 1)),
    "sparse.softmax": lambda t, s: t.sparse.softmax(s, 1),
    "sparse.log_softmax": lambda t, s: t.sparse.log_softmax(s, 0),
    "mask": lambda t, s: t.tensor(DENSE).t().sparse_mask(s.coalesce()),
    "clone": lambda t, s: s.clone(),
    "total": lambda t, s: s.sum(),
}

NO_GRADIENT = {"indices", "total", "sparse.mm of sparse", "mask"}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_calls_agree_with_torch(name: str) -> None:
    same(CALLS[name](dtrain, made(dtrain)), CALLS[name](torch, made(torch)))


@pytest.mark.parametrize(
    "name", sorted(set(CALLS) - {"indices", "total", "sparse.mm of sparse", "mask"})
)
def test_gradients_agree_with_torch(name: str) -> None:
    grads = []
    for side in (dtrain, torch):
        s = made(side).coalesce().requires_grad_()
        y = CALLS[name](side, s)
        y = y.to_dense() if y.is_sparse else y
        (y * y).sum().backward()
        grads.append(s.grad.to_dense() if s.grad.is_sparse else s.grad.sparse_mask(s).to_dense())
    assert_same(grads[0], grads[1], 10)


@pytest.mark.parametrize("values", [VALUES, [[1.0, 2], [3, 4], [5, 6], [7, 8]]])
def test_text_is_that_of_torch(values: Any) -> None:
    for how in ({}, {"requires_grad": True}, {"dtype": "float64"}):
        kw = [
            {k: getattr(t, v) if k == "dtype" else v for k, v in how.items()}
            for t in (dtrain, torch)
        ]
        assert repr(made(dtrain, values, **kw[0])) == repr(made(torch, values, **kw[1]))
    assert repr(dtrain.sparse_coo_tensor((2, 3))) == repr(torch.sparse_coo_tensor((2, 3)))


def test_questions() -> None:
    got, expected = made(dtrain), made(torch)
    for name in ("sparse_dim", "dense_dim", "_nnz", "is_coalesced", "numel", "dim", "stride"):
        assert getattr(got, name)() == getattr(expected, name)(), name
    assert (got.is_sparse, str(got.layout), got.is_cpu) == (True, "torch.sparse_coo", True)
    assert not dtrain.ones(2).is_sparse


def test_from_a_dense_tensor_and_back() -> None:
    x = np.array([[0, 1.5, 0], [2, 0, 0]], "f4")
    s = dtrain.tensor(x).to_sparse()
    assert (s._nnz(), s.is_coalesced()) == (2, True)
    np.testing.assert_array_equal(s.to_dense().numpy(), x)
    assert_same(dtrain.tensor(x).to_sparse(1).values(), torch.tensor(x).to_sparse(1).values())
    a, b = dtrain.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    for t in (a, b):
        (t.to_sparse().to_dense() * 3).sum().backward()
    assert_same(a.grad, b.grad)


def test_values_get_a_gradient() -> None:
    grads = []
    for side in (dtrain, torch):
        values = side.tensor(VALUES, requires_grad=True)
        s = side.sparse_coo_tensor(side.tensor(INDICES), values, (2, 3))
        (s.to_dense() * side.arange(6.0).reshape(2, 3)).sum().backward()
        grads.append(values.grad)
    assert_same(*grads)


def test_sampled_product() -> None:
    a, b = np.random.default_rng(1).normal(size=(2, 2, 3)).astype("f4")
    s = made(dtrain).coalesce()
    got = dtrain.sparse.sampled_addmm(s, dtrain.tensor(a), dtrain.tensor(b.T.copy()[:, [0, 1, 1]]),
                                      beta=0.5, alpha=2.0)  # fmt: skip
    whole = 0.5 * s.to_dense().numpy() + 2 * a @ b.T[:, [0, 1, 1]]
    np.testing.assert_allclose(
        got.to_dense().numpy(), whole * (s.to_dense().numpy() != 0), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda t: t.sparse_coo_tensor(t.tensor(INDICES), t.ones(3), (2, 3)), "same nnz"),
        (lambda t: t.sparse_coo_tensor(t.tensor(INDICES), t.ones(4), (2,)), "sparse_dim"),
        (lambda t: made(t).indices(), "uncoalesced"),
        (lambda t: made(t).values(), "uncoalesced"),
        (lambda t: t.exp(made(t)), "Sparse"),
    ],
)
def test_errors(wrong: Callable[[Any], Any], words: str) -> None:
    for side in (torch, dtrain):
        with pytest.raises(RuntimeError, match=words):
            wrong(side)


def test_an_index_outside_is_refused() -> None:
    with pytest.raises(OpError, match="size is 2 but found index 2"):
        dtrain.sparse_coo_tensor(dtrain.tensor(INDICES), dtrain.ones(4), (2, 2))


# ---- sparse gradients ----


def test_an_embedding_gives_sparse_gradients_that_add_up() -> None:
    table = np.random.default_rng(2).normal(size=(5, 2)).astype("f4")
    how = {"freeze": False, "sparse": True, "padding_idx": 4}
    layers = [
        side.nn.Embedding.from_pretrained(side.tensor(table), **how) for side in (dtrain, torch)
    ]
    for rows in ([1, 2, 1], [[3, 4], [1, 0]]):
        for side, layer in zip((dtrain, torch), layers, strict=True):
            layer(side.tensor(rows)).square().sum().backward()
        assert layers[0].weight.grad.is_sparse
        assert layers[0].weight.grad._nnz() == layers[1].weight.grad._nnz()
        same(layers[0].weight.grad, layers[1].weight.grad)


def test_sparse_and_dense_gradients_meet_in_one_leaf() -> None:
    for first in (True, False):
        weight = dtrain.ones(4, 2, requires_grad=True)
        rows = dtrain.nn.functional.embedding(dtrain.tensor([1, 1]), weight, sparse=True).sum()
        (rows + weight.sum() if first else weight.sum() + rows).backward()
        np.testing.assert_array_equal(weight.grad.numpy(), [[1, 1], [3, 3], [1, 1], [1, 1]])
    rows = dtrain.nn.functional.embedding(dtrain.tensor([0]), weight, sparse=True).sum()
    rows.backward()
    np.testing.assert_array_equal(weight.grad.numpy(), [[2, 2], [3, 3], [1, 1], [1, 1]])


def test_a_bag_gives_sparse_gradients() -> None:
    grads = []
    for side in (dtrain, torch):
        weight = side.ones(5, 2, requires_grad=True)
        bags = side.nn.functional.embedding_bag(
            side.tensor([[1, 2], [2, 4]]), weight, mode="mean", sparse=True
        )
        (bags * side.tensor([[1.0, 2], [3, 4]])).sum().backward()
        grads.append(weight.grad)
    same(*grads)


def test_frequency_scaling_and_sparse_do_not_go_together() -> None:
    with pytest.raises(OpError, match="scale_grad_by_freq not supported"):
        dtrain.nn.functional.embedding(
            dtrain.tensor([0]), dtrain.ones(2, 2), scale_grad_by_freq=True, sparse=True
        )


def test_hooks_see_the_sparse_gradient() -> None:
    weight = dtrain.ones(3, 2, requires_grad=True)
    seen = []
    weight.register_hook(lambda g: seen.append(g.is_sparse))
    dtrain.nn.functional.embedding(dtrain.tensor([2]), weight, sparse=True).sum().backward()
    assert seen == [True]
