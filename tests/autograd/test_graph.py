"""Edges, hooks on several gradients, versions by hand, mutation of saved tensors."""

from __future__ import annotations

import pytest

import dtrain as torch
from dtrain.autograd.graph import (
    Node,
    allow_mutation_on_saved_tensors,
    get_gradient_edge,
    increment_version,
    register_multi_grad_hook,
)
from dtrain.errors import GradError, OpValueError, VersionError
from tests.twin import same


def leaf(*values: float) -> torch.Tensor:
    return torch.tensor(list(values), requires_grad=True)


def test_nodes_are_nodes() -> None:
    assert isinstance((leaf(1.0) * 2).grad_fn, Node)


def test_multi_hook_sees_all_gradients_once() -> None:
    x, y, unused, seen = leaf(1.0), leaf(2.0), leaf(3.0), []
    middle = x * 3
    handle = register_multi_grad_hook(
        [x, middle, y, unused],
        lambda grads: seen.append([None if g is None else g.item() for g in grads]),
    )
    for _ in range(2):
        ((x * 3 + middle) * y).sum().backward(retain_graph=True)
    assert seen == [[12.0, 2.0, 6.0, None]] * 2
    handle.remove()
    (middle * y).sum().backward()
    assert len(seen) == 2


def test_multi_hook_any_sees_the_first() -> None:
    x, y, seen = leaf(1.0), leaf(2.0), []
    with register_multi_grad_hook([x, y], lambda g: seen.append(g.item()), mode="any"):
        (x * 3 + y * 5).sum().backward()
        (x * 3 + y * 5).sum().backward()
    assert len(seen) == 2
    with pytest.raises(OpValueError, match="Expects mode"):
        register_multi_grad_hook([x], print, mode="some")


def test_increment_version_is_noticed() -> None:
    x = leaf(1.0)
    y = x * 1
    z = (y * y).sum()
    increment_version([y])
    with pytest.raises(VersionError, match="modified by an inplace operation"):
        z.backward()


def test_mutation_of_saved_tensors() -> None:
    x = leaf(1.0, 2.0)
    with allow_mutation_on_saved_tensors() as kept:
        y = x * 1
        z = (y * y).sum()
        y.mul_(10.0)
        z.backward()
        assert x.grad.tolist() == [2.0, 4.0]
        late = (x * x).sum()
        later = (x * x).sum()
        kept.clear()
        with pytest.raises(GradError, match="outside of the"):
            late.backward()
    with pytest.raises(GradError, match="outside of the"):
        later.backward()


def test_edges_stand_for_tensors() -> None:
    x = leaf(1.0, 2.0)
    middle = x * 3
    edge = get_gradient_edge(middle)
    out = (middle * middle).sum()
    (g,) = torch.autograd.grad(out, edge, retain_graph=True)
    assert g.tolist() == [6.0, 12.0]
    torch.autograd.backward(get_gradient_edge(middle), torch.ones(2))
    assert x.grad.tolist() == [3.0, 3.0]
    low, high = (x * 1).split(1)
    edge = get_gradient_edge(high)
    assert (edge.node, edge.output_nr) == (high.grad_fn, 1)
    assert low.grad_fn is high.grad_fn
    (g,) = torch.autograd.grad((low + high * 5).sum(), edge)
    assert g.tolist() == [5.0]
    with pytest.raises(GradError, match="does not require gradients"):
        get_gradient_edge(torch.ones(1))


HOOKS = "x = torch.tensor([1., 2.], requires_grad=True); seen = []; "
PLAY = "; (y * y * x).sum().backward(); (seen, x.grad)"


@pytest.mark.torch
@pytest.mark.parametrize(
    "program",
    [
        "y = x * 3; y.register_hook(lambda g: seen.append(g.tolist()))",
        "y = x * 3; y.register_hook(lambda g: g * 2); y.register_hook(lambda g: seen.append(g[0]))",
        "y = x * 3; y.retain_grad(); y.register_hook(lambda g: g * 2)",
        "y = x * 3; h = y.register_hook(lambda g: [h.remove(), seen.append(1)][2:] or None)",
        (
            "y = x * 3; y.register_hook(lambda g: seen.append('a')); y.add_(1); "
            "y.register_hook(lambda g: seen.append('b'))"
        ),
        "y = x * 3; y.register_hook(lambda g: g * 2); y.mul_(2)",
        "y = x * 3; v = y[0]; v.mul_(2); v.register_hook(lambda g: seen.append(g.tolist()))",
        "y = x * 3; y[0].mul_(2); y.register_hook(lambda g: seen.append(g.tolist()))",
        "y = x * 3; y.grad_fn.register_prehook(lambda g: (g[0] * 2,))",
        "y = x * 3; y.grad_fn.register_hook(lambda i, o: seen.append(o[0].tolist()))",
        "y = x.exp(); y.grad_fn.register_hook(lambda i, o: (i[0] * 2,)); y.retain_grad()",
        "x.register_post_accumulate_grad_hook(lambda t: t); y = x * 3",
        "x.register_post_accumulate_grad_hook(lambda t: t.grad); y = x * 3",
        "x.register_hook(lambda g: g * 2); y = x * 3",
        "x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.tolist())); y = x * 3",
        "a, b = (x * 3).split(1); a.register_hook(lambda g: g * 2); y = torch.cat([b, a])",
        "a, b = (x * 3).unbind(); a.grad_fn.register_prehook(lambda g: (g[0] * 2, g[1])); y = b",
    ],
)
def test_hooks_as_torch(program: str) -> None:
    same(HOOKS + program + PLAY, tolerance=1e-6)


@pytest.mark.torch
@pytest.mark.parametrize(
    "program",
    [
        "y = x * 3; y.retain_grad(); y.add_(1); (y * y).sum().backward(); (y.grad, x.grad)",
        "y = x * 3; y.retain_grad(); y[0].mul_(2); (y * y).sum().backward(); (y.grad, x.grad)",
        "y = x * 3; v = y[:1]; v.retain_grad(); v.mul_(2); (y * y).sum().backward(); v.grad",
        "y = x * 3; y.retain_grad(); (y * y).sum().backward(); y.grad.is_leaf, y.retains_grad",
        "y = x * 3; y.register_hook(lambda g: g * 2); torch.autograd.grad(y.sum(), y)[0].tolist()",
        (
            "y = x * 3; y.grad_fn.register_prehook(lambda g: (g[0] * 2,)); z = y.exp().sum(); "
            "torch.autograd.grad(z, y)"
        ),
        (
            "y = x * x; z = y.sum(); torch.autograd.grad(z, y, retain_graph=False); "
            "y.backward(torch.ones(2)); x.grad"
        ),
        "y = x.view(2).sum(); y.backward(); y.backward(); x.grad",
        "y = x.view(1, 2).t()[0].sum(); y.backward(); y.backward(); x.grad",
        "y = (x * x).sum(); y.backward(); y.backward()",
        "y = x * 3; z = y * y; z.sum().backward(inputs=[x]); x.grad",
        "y = x * 3; z = y * y; torch.autograd.backward(z.sum(), inputs=[y, x]); x.grad",
        (
            "x.register_post_accumulate_grad_hook(lambda t: seen.append(1)); "
            "(x * 2).sum().backward(inputs=x); seen"
        ),
        "(x * 2).sum().backward(inputs=[])",
    ],
)
def test_what_backward_leaves(program: str) -> None:
    same(HOOKS + program, tolerance=1e-6)
