"""Linear algebra: laws of the decompositions, gradients that no sign or phase changes, errors.

What a function returns on given numbers is compared in test_ops.py with tests/samples/linalg.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain.autograd.run import grad
from tests import oracle

TYPES = ["float32", "float64", "complex64", "complex128"]
SHAPES = [(4, 4), (5, 3), (3, 5), (2, 4, 3), (0, 3, 3), (2, 0, 3), (3, 0)]


def numbers(shape: tuple[int, ...], dtype: str = "float64", seed: int = 0) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng([seed, *shape])
    a = rng.normal(size=shape)
    if dtype.startswith("complex"):
        a = a + 1j * rng.normal(size=shape)
    return np.asarray(a).astype(dtype)


def close(got: Any, expected: Any, tol: float = 1.0) -> None:
    a, b = np.asarray(got.detach().numpy()), np.asarray(expected.detach().numpy())
    assert a.shape == b.shape
    eps = 2e-5 if a.dtype.name in ("float32", "complex64") else 1e-10
    np.testing.assert_allclose(a, b, atol=eps * tol, rtol=eps * tol)


def eye_like(t: Any) -> Any:
    return dtrain.eye(t.shape[-1], dtype=t.dtype).expand(t.shape)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
class TestLaws:
    def test_svd(self, shape: tuple[int, ...], dtype: str) -> None:
        a = dtrain.tensor(numbers(shape, dtype))
        u, s, vh = dtrain.linalg.svd(a, full_matrices=False)
        assert not s.is_complex()
        close((u * s.unsqueeze(-2)) @ vh, a)
        close(u.mH @ u, eye_like(u.mH @ u))
        full = dtrain.linalg.svd(a)
        assert full.U.shape[-1] == shape[-2]
        assert full.Vh.shape[-2] == shape[-1]
        close(dtrain.linalg.svdvals(a), s)

    def test_qr(self, shape: tuple[int, ...], dtype: str) -> None:
        a = dtrain.tensor(numbers(shape, dtype))
        for mode in ("reduced", "complete"):
            q, r = dtrain.linalg.qr(a, mode)
            close(q @ r, a)
            close(q.mH @ q, eye_like(q.mH @ q))
            close(r, r.triu())

    def test_lu(self, shape: tuple[int, ...], dtype: str) -> None:
        a = dtrain.tensor(numbers(shape, dtype))
        p, lower, upper = dtrain.linalg.lu(a)
        close(p @ lower @ upper, a)
        if lower.numel():
            assert abs(lower).max().item() <= 1.4143  # pivots are chosen by abs(real) + abs(imag)

    def test_pinv(self, shape: tuple[int, ...], dtype: str) -> None:
        a = dtrain.tensor(numbers(shape, dtype))
        p = dtrain.linalg.pinv(a)
        close(a @ p @ a, a, 10)
        close(p @ a @ p, p, 10)
        close((a @ p).mH, a @ p, 10)
        close((p @ a).mH, p @ a, 10)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (2, 4, 3)], ids=str)
def test_reflections_make_up_q(shape: tuple[int, ...], dtype: str) -> None:
    a = dtrain.tensor(numbers(shape, dtype))
    packed, tau = dtrain.geqrf(a)
    q = dtrain.orgqr(packed, tau)
    close(q @ packed.triu()[..., : shape[-1], :], a)
    whole = dtrain.eye(shape[-2], dtype=a.dtype).expand(*shape[:-2], shape[-2], shape[-2])
    close(dtrain.ormqr(packed, tau, whole)[..., : shape[-1]], q)


@pytest.mark.parametrize("dtype", TYPES)
def test_eigenvectors_are_turned_into_multiples(dtype: str) -> None:
    a = dtrain.tensor(numbers((2, 4, 4), dtype))
    values, vectors = dtrain.linalg.eig(a)
    close(a.to(vectors.dtype) @ vectors, vectors * values.unsqueeze(-2), 10)
    values, vectors = dtrain.linalg.eigh(a + a.mH)
    assert not values.is_complex()
    close((a + a.mH) @ vectors, vectors * values.unsqueeze(-2), 10)


@pytest.mark.parametrize("n", [1, 5, 130])
@pytest.mark.parametrize("upper", [True, False])
def test_triangles_of_any_size_are_solved(n: int, upper: bool) -> None:
    a = dtrain.tensor(numbers((n, n)) / n) + 3 * dtrain.eye(n, dtype=dtrain.float64)
    b = dtrain.tensor(numbers((n, 2)))
    x = dtrain.linalg.solve_triangular(a, b, upper=upper)
    close((a.triu() if upper else a.tril()) @ x, b)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("hermitian", [True, False])
def test_symmetric_systems_that_are_not_definite(dtype: str, hermitian: bool) -> None:
    raw = numbers((3, 6, 6), dtype)
    raw[:, range(6), range(6)] *= 0.01  # so that pivots of two rows occur
    a = dtrain.tensor(raw)
    a = a + (a.mH if hermitian else a.mT)
    packed, pivots = dtrain.linalg.ldl_factor(a, hermitian=hermitian)
    assert (pivots < 0).any()
    b = dtrain.tensor(numbers((3, 6, 2), dtype))
    close(a @ dtrain.linalg.ldl_solve(packed, pivots, b, hermitian=hermitian), b, 100)


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_exponentials_of_opposite_matrices_undo_each_other(scale: float) -> None:
    a = numbers((2, 4, 4))
    skew = dtrain.tensor((a - a.swapaxes(1, 2)) * scale)
    turn = dtrain.linalg.matrix_exp(skew)
    close(turn @ turn.mT, eye_like(turn), 100)
    half = dtrain.linalg.matrix_exp(skew.half())
    assert half.dtype is dtrain.float16


def test_low_rank_is_found_exactly() -> None:
    dtrain.manual_seed(0)
    a = dtrain.tensor(numbers((20, 3)) @ numbers((3, 12)))
    u, s, v = dtrain.svd_lowrank(a, q=4)
    close((u * s) @ v.mT, a, 10)
    u, s, v = dtrain.pca_lowrank(a.mT, q=4)
    close((u * s) @ v.mT, a.mT - a.mT.mean(0), 10)
    with pytest.raises(ValueError, match="not greater than"):
        dtrain.pca_lowrank(a, q=13)


def test_det_has_a_gradient_where_the_matrix_is_singular() -> None:
    a = dtrain.tensor([[1.0, 2.0], [2.0, 4.0]], requires_grad=True)
    dtrain.linalg.det(a).backward()
    close(a.grad, dtrain.tensor([[4.0, -2.0], [-2.0, 1.0]]))


def test_a_zero_on_the_diagonal_of_a_triangle_gives_what_is_not_finite() -> None:
    a = dtrain.tensor([[2.0, 1.0], [5.0, 0.0]])
    x = dtrain.linalg.solve_triangular(a, dtrain.ones(2, 1), upper=True)
    assert not x.isfinite().any()
    x = dtrain.linalg.solve_triangular(a, dtrain.ones(2, 1), upper=False)
    assert x[0].item() == 0.5
    assert not x[1].isfinite()


def test_a_determinant_may_overflow() -> None:
    assert dtrain.linalg.det(dtrain.eye(9) * 1e9).item() == float("inf")


# ---- errors ----


def test_linalg_error_is_a_runtime_error() -> None:
    assert issubclass(dtrain.linalg.LinAlgError, RuntimeError)
    with pytest.raises(dtrain.linalg.LinAlgError, match=r"^linalg.inv: The diagonal element 2 is"):
        dtrain.inverse(dtrain.tensor([[1.0, 2.0], [2.0, 4.0]]))


def test_errors_name_the_matrix_of_a_batch() -> None:
    a = dtrain.stack([dtrain.eye(3), dtrain.zeros(3, 3), dtrain.eye(3)])
    for fn, words in (
        (dtrain.linalg.inv, r"\(Batch element 1\): The diagonal element 1 is zero"),
        (dtrain.linalg.cholesky, r"\(Batch element 1\): .*leading minor of order 1"),
        (lambda t: dtrain.linalg.solve(t, dtrain.ones(3, 1)), r"\(Batch element 1\): The solver"),
        (dtrain.linalg.lu_factor, r"\(Batch element 1\): U\[1,1\] is zero"),
    ):
        with pytest.raises(dtrain.linalg.LinAlgError, match=words):
            fn(a)


def test_info_tells_which_matrices_failed() -> None:
    a = dtrain.stack([dtrain.eye(2) * 2, dtrain.zeros(2, 2)])
    inverse, info = dtrain.linalg.inv_ex(a)
    assert info.tolist() == [0, 1]
    assert info.dtype is dtrain.int32
    close(inverse[0], dtrain.eye(2) / 2)
    _, info = dtrain.linalg.cholesky_ex(a)
    assert info.tolist() == [0, 1]
    result, info = dtrain.linalg.solve_ex(a, dtrain.ones(2))
    assert info.tolist() == [0, 1]
    assert result[0].tolist() == [0.5, 0.5]


def test_eigenvalues_of_what_is_not_finite() -> None:
    a = dtrain.full((2, 2), float("nan"))
    assert dtrain.linalg.eigh(a).eigenvalues.isnan().all()
    with pytest.raises(RuntimeError, match="should not contain infs or NaNs"):
        dtrain.linalg.eig(a)


def test_results_are_named_as_in_torch() -> None:
    made = dtrain.linalg.slogdet(dtrain.eye(2))
    assert made._fields == ("sign", "logabsdet")
    assert repr(made).startswith("torch.return_types.linalg_slogdet(")


def test_out_takes_several_results() -> None:
    out = (dtrain.empty(2, 2), dtrain.empty(2), dtrain.empty(2, 2))
    made = dtrain.linalg.svd(dtrain.eye(2), out=out)
    assert made.S is out[1]
    assert out[1].tolist() == [1.0, 1.0]
    with pytest.raises(TypeError, match="tuple of 2 tensors"):
        dtrain.linalg.lu_factor(dtrain.eye(2), out=out)


# ---- gradients that do not depend on signs and phases ----


def distances(parts: Any) -> Any:
    """Return a loss on eigenvectors that their phase leaves alone."""
    values, vectors = parts
    return values.real.sum() + ((vectors * values.unsqueeze(-2)) @ vectors.mH).abs().pow(2).sum()


def svd_loss(t: Any, module: Any) -> Any:
    u, s, vh = module.linalg.svd(t, full_matrices=False)
    return (u @ vh).real.pow(3).sum() + s.pow(2).sum() + (u * s.unsqueeze(-2)).abs().pow(4).sum()


LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "svd": svd_loss,
    "svd, U": lambda t, m: m.linalg.svd(t, full_matrices=False)[0].abs().pow(3).sum(),
    "svd, Vh": lambda t, m: m.linalg.svd(t)[2][..., :2, :].abs().pow(3).sum(),
    "svd, S": lambda t, m: m.linalg.svd(t)[1].pow(3).sum(),
    "eigh": lambda t, m: distances(m.linalg.eigh(t @ t.mH)),
    "eigh, vectors": lambda t, m: m.linalg.eigh(t @ t.mH)[1].abs().pow(3).sum(),
    "eig": lambda t, m: distances(m.linalg.eig(t @ t.mT)),
    "eig, vectors": lambda t, m: m.linalg.eig(t @ t.mT)[1].abs().pow(3).sum(),
    "lstsq": lambda t, m: m.linalg.lstsq(t, t[..., :2] * 2 + 1).solution.abs().pow(2).sum(),
    "logdet": lambda t, m: m.logdet(t.mH @ t + m.eye(t.shape[-1], dtype=t.dtype)).abs(),
    "qr, Q": lambda t, m: m.linalg.qr(t)[0].abs().pow(3).sum(),
    "qr, R": lambda t, m: m.linalg.qr(t)[1].abs().pow(3).sum(),
}


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (3, 4), (2, 4, 3)], ids=str)
@pytest.mark.parametrize("name", LOSSES)
def test_gradients_of_decompositions(name: str, shape: tuple[int, ...], dtype: str) -> None:
    torch = oracle.torch
    if name == "eig" and len(shape) > 2:
        shape = (2, 3, 3)
    raw = numbers(shape, dtype, seed=3)
    theirs, ours = torch.tensor(raw, requires_grad=True), dtrain.tensor(raw, requires_grad=True)
    weight = numbers(shape, "float64", seed=4)
    found = []
    for module, t, differentiate in ((torch, theirs, torch.autograd.grad), (dtrain, ours, grad)):
        loss = LOSSES[name](t, module).sum()
        (first,) = differentiate(loss, t, create_graph=True)
        size = (first.real * module.tensor(weight)).sum()
        (second,) = differentiate(size, t)
        found.append((loss.item(), first.detach().numpy(), second.numpy()))
    for got, expected in zip(found[1], found[0], strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


def test_gradients_that_are_not_defined_are_refused() -> None:
    a = dtrain.tensor(numbers((4, 3)), requires_grad=True)
    with pytest.raises(RuntimeError, match="mode='complete' and nrows > ncols"):
        dtrain.linalg.qr(a, "complete")[0].sum().backward()
    with pytest.raises(RuntimeError, match="not computed when mode='r'"):
        dtrain.linalg.qr(a, "r").R.sum().backward()
