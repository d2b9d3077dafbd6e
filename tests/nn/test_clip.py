"""Clipping gradients; parameters as one vector."""

# ruff: noqa: E501 (programs in strings)

from __future__ import annotations

import pytest

from tests.twin import same

pytestmark = pytest.mark.torch

MODEL = """
ps = [torch.nn.Parameter(torch.ones(2, 3)), torch.nn.Parameter(torch.ones(4)), torch.nn.Parameter(torch.ones(()))]
for k, p in enumerate(ps[:2]):
    p.grad = torch.arange(float(p.numel())).reshape(p.shape) - 2.0 - k
u = torch.nn.utils
"""


@pytest.mark.parametrize("kind", ["2", "2.0", "1", "0.5", "float('inf')", "3.0"])
@pytest.mark.parametrize("limit", [0.5, 100.0])
def test_clip_to_a_norm(kind, limit):
    same(
        f"{MODEL}n = u.clip_grad_norm_(ps, {limit}, norm_type={kind})\n"
        "[n.shape, float(n), [p.grad.tolist() for p in ps[:2]]]",
        tolerance=2e-6,
    )


def test_one_tensor_or_a_generator():
    same(f"{MODEL}float(u.clip_grad_norm_(ps[0], 1.0))", tolerance=1e-6)
    same(f"{MODEL}float(u.clip_grad_norm_((p for p in ps), 1.0))", tolerance=1e-6)
    same(f"{MODEL}float(u.clip_grad_norm_((p for p in []), 1.0))")
    same(f"{MODEL}float(u.clip_grad_norm_(ps[2:], 1.0))")


def test_a_norm_that_is_not_finite():
    same(f"{MODEL}ps[0].grad[0, 0] = float('nan'); u.clip_grad_norm_(ps, 1.0)")
    same(
        f"{MODEL}ps[0].grad[0, 0] = float('inf')\n"
        "u.clip_grad_norm_(ps, 1.0, error_if_nonfinite=True)",
        "The total norm of order 2.0 for gradients from `parameters` is non-finite",
    )


def test_norm_and_clipping_apart():
    same(
        f"{MODEL}n = u.get_total_norm([p.grad for p in ps[:2]]); u.clip_grads_with_norm_(ps, 1.0, n)\n"
        "[float(n), [p.grad.tolist() for p in ps[:2]]]",
        tolerance=1e-6,
    )
    same(f"{MODEL}float(u.get_total_norm([]))")


def test_clip_values():
    same(f"{MODEL}u.clip_grad_value_(ps, 1.5)\n[p.grad for p in ps[:2]]")


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float64"])
def test_types(kind):
    same(
        f"{MODEL}ps = [torch.nn.Parameter(p.data.to(torch.{kind})) for p in ps]\n"
        "for p in ps: p.grad = p.detach().clone() * 3\n"
        "u.clip_grad_norm_(ps, 1.0)\n[p.grad for p in ps]"
    )


def test_old_name():
    import dtrain

    with pytest.warns(FutureWarning, match="clip_grad_norm_"):
        dtrain.nn.utils.clip_grad_norm([], 1.0)


def test_vectors():
    same(f"{MODEL}u.parameters_to_vector(ps)")
    same(f"{MODEL}v = u.parameters_to_vector(ps); v.sum().backward()\n[p.grad for p in ps]")
    same(
        f"{MODEL}v = torch.arange(11.0); u.vector_to_parameters(v, ps); v[0] = 9\n"
        "[(p.tolist(), p.requires_grad) for p in ps]"
    )
    same(f"{MODEL}u.vector_to_parameters([1.0], ps)", "expected torch.Tensor, but got: ")
