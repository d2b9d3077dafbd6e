"""gradcheck finds wrong gradients of every sort, and none where all is right."""

from __future__ import annotations

import pytest

import dtrain as torch
from dtrain.autograd import gradcheck, gradgradcheck
from dtrain.autograd.gradcheck import GradcheckError
from dtrain.errors import OpValueError


def doubles(*shape: int, **kw) -> torch.Tensor:
    n = 1
    for s in shape:
        n *= s
    return torch.linspace(0.3, 1.4, n, dtype=torch.float64, **kw).reshape(shape).requires_grad_()


def made(forward, backward):
    space = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("Made", (torch.autograd.Function,), space).apply


@pytest.mark.parametrize("fast_mode", [False, True])
@pytest.mark.parametrize(
    "fn",
    [
        lambda x, w: x @ w,
        lambda x, w: ((x @ w).tanh(), (x * x).sum(), 5, (x > 1)),
        lambda x, w: x[:, ::2].exp(),
        lambda x, w: x * 1 if w.sum() > 0 else x,
        lambda x, w: torch.complex(x, x * x).exp(),
        lambda x, w: torch.complex(x, x * x).abs(),
    ],
)
def test_right_gradients_pass(fn, fast_mode) -> None:
    inputs = doubles(2, 3), doubles(3, 2)
    assert gradcheck(
        fn, inputs, fast_mode=fast_mode, check_batched_grad=True, check_grad_dtypes=True
    )
    assert gradgradcheck(fn, inputs, fast_mode=fast_mode, gen_non_contig_grad_outputs=True)


def test_complex_inputs() -> None:
    z = torch.complex(doubles(3).detach(), doubles(3).detach() * 2).requires_grad_()
    assert gradcheck(lambda z: (z * z, z.abs(), z.conj() * z), z)
    assert gradgradcheck(lambda z: (z * z).exp(), z)


@pytest.mark.parametrize("fast_mode", [False, True])
def test_wrong_gradients_fail(fast_mode) -> None:
    wrong = made(lambda ctx, x: x * 2, lambda ctx, g: g * 3)
    with pytest.raises(
        GradcheckError, match="Jacobian mismatch for output 0 with respect to input 0"
    ):
        gradcheck(wrong, doubles(3), fast_mode=fast_mode)
    assert not gradcheck(wrong, doubles(3), fast_mode=fast_mode, raise_exception=False)
    transposed = made(lambda ctx, x: x.t() * 1, lambda ctx, g: g)
    assert not gradcheck(transposed, doubles(2, 2), raise_exception=False)


def test_wrong_second_gradients_fail() -> None:
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    def backward(ctx, g):
        return g * 2 * ctx.saved_tensors[0].detach()

    fn = made(forward, backward)
    assert gradcheck(fn, doubles(3))
    with pytest.raises(GradcheckError, match="Jacobian mismatch"):
        gradgradcheck(fn, doubles(3))


def test_backward_that_changes_its_mind_fails() -> None:
    factors = iter(range(1000))
    moody = made(lambda ctx, x: x * 2, lambda ctx, g: g * (2 + 1e-7 * next(factors)))
    with pytest.raises(GradcheckError, match="Backward is not reentrant"):
        gradcheck(moody, doubles(2))
    assert gradcheck(moody, doubles(2), nondet_tol=1e-3)


def test_backward_that_cannot_do_without_a_gradient_fails() -> None:
    def forward(ctx, x):
        return x * 2, x * 3

    fn = made(forward, lambda ctx, g, h: 1 + g * 2 + h * 3 - 1 if g.any() or h.any() else g + 1)
    with pytest.raises(GradcheckError, match="undefined"):
        gradcheck(fn, doubles(2))
    assert gradcheck(fn, doubles(2), check_undefined_grad=False)


def test_what_cannot_be_checked_is_refused() -> None:
    with pytest.raises(OpValueError, match="at least one input tensor to require gradient"):
        gradcheck(torch.exp, torch.ones(2))
    with pytest.raises(OpValueError, match="dimension with stride 0"):
        gradcheck(torch.exp, doubles(1).expand(3))
    with pytest.raises(OpValueError, match="no forward mode"):
        gradcheck(torch.exp, doubles(2), check_forward_ad=True)
    with pytest.warns(UserWarning, match="not a double precision"):
        gradcheck(torch.exp, torch.ones(2, requires_grad=True), atol=10)
