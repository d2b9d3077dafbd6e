"""Function's context: every feature of ctx, each program run by torch as well."""

from __future__ import annotations

import pytest

import dtrain
from dtrain.autograd.function import FunctionCtx
from tests.twin import same

HEAD = """
seen = []
x = torch.tensor([[1., 2.], [3., 4.]], requires_grad=True)
w = torch.tensor([1., 2.], requires_grad=True)
def make(forward, backward, **more):
    space = {"forward": staticmethod(forward), "backward": staticmethod(backward), **more}
    return type("Mine", (torch.autograd.Function,), space).apply
def save(*tensors):
    def forward(ctx, a, *rest):
        ctx.save_for_backward(*[t(a) for t in tensors])
        return a * 2
    return forward
def note(ctx, *grads):
    seen.append([None if g is None else g.tolist() for g in grads])
    return grads[0]
def dirty(ctx, a, *rest):
    ctx.mark_dirty(a)
    return a.mul_(2)
class Split(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, flag=True):
        ctx.set_materialize_grads(flag)
        index = (a > 1).sum()
        ctx.mark_non_differentiable(index)
        return a * 2, 5, index, a * 3
    @staticmethod
    def backward(ctx, *grads):
        seen.append([None if g is None else g.tolist() for g in grads])
        return grads[0], None
"""
TAIL = "; y.sum().backward(); (seen, x.grad, w.grad, y)"


@pytest.mark.torch
@pytest.mark.parametrize(
    "program",
    [
        # what backward may return
        "y = make(lambda ctx, a: a * 2, note)(x)",
        "y = make(lambda ctx, a: a * 2, lambda ctx, g: (g, None, None))(x)",
        "y = make(lambda ctx, a: a * 2, lambda ctx, g: (g, g))(x)",
        "y = make(lambda ctx, a, b: a * 2, lambda ctx, g: g)(x, 1)",
        "y = make(lambda ctx, a, b: a * 2, lambda ctx, g: (g, g))(x, 1)",
        "y = make(lambda ctx, a, b: a * 2, lambda ctx, g: (g, None))(x, None)",
        "y = make(lambda ctx, a: a * 2, lambda ctx, g: None)(x)",
        "y = make(lambda ctx, a: a * 2, lambda ctx, g: 3)(x)",
        "y = make(lambda ctx, a: a * 2, lambda ctx, g: torch.ones(7))(x)",
        "y = make(lambda ctx, a: a * 2, lambda ctx, g: torch.ones(5, 2, 2))(x)",
        "y = make(lambda ctx, a: a * 2, lambda ctx, g: g.double())(x)",
        "y = make(lambda ctx, a, b: a * b, lambda ctx, g: (g, g))(x, w)",
        "y = make(lambda ctx, a, b: a * b, lambda ctx, g: (g, g))(x, w.detach())",
        "y = make(lambda ctx, a: a * 2, note, vmap=1, jvp=2, generate_vmap_rule=True)(x)",
        # several outputs
        "y, five, index, z = Split.apply(x)",
        "z, five, index, y = Split.apply(x)",
        "z, five, index, y = Split.apply(x, False)",
        "a, five, index, b = Split.apply(x); y = a + b",
        "a, five, index, b = Split.apply(x); y = a; seen.append((five, index))",
        # saved tensors
        "y = make(save(lambda a: a), lambda ctx, g: g * ctx.saved_tensors[0])(x)",
        "y = make(save(lambda a: a), lambda c, g: seen.append(c.saved_tensors[0] is x) or g)(x)",
        "y = make(save(lambda a: None, lambda a: a + 1), lambda c, g: g * c.saved_tensors[1])(x)",
        "y = make(save(lambda a: 1), note)(x)",
        (
            "y = make(lambda c, a: [c.save_for_backward(a), c.save_for_backward(a + 1), a * 2][2], "
            "lambda ctx, g: g * ctx.saved_tensors[0])(x)"
        ),
        "z = x * 1; y = make(save(lambda a: a), lambda c, g: g * c.saved_tensors[0])(z); z.add_(1)",
        "y = make(save(lambda a: a), note)(x); y.grad_fn.saved_tensors[0].add_(1)",
        "f = make(save(lambda a: a), note); y = f(x); y.sum().backward(); y.grad_fn.saved_tensors",
        # needs_input_grad
        (
            "y = make(lambda ctx, a, b, c: seen.append(ctx.needs_input_grad) or a * 2, "
            "lambda ctx, g: (g, None, None))(x, w.detach(), 3)"
        ),
        (
            "torch.set_grad_enabled(False); make(lambda c, a: seen.append(c.needs_input_grad) or "
            "a * 2, note)(x); torch.set_grad_enabled(True); y = x * 1"
        ),
        # outputs that are inputs, or views of them
        "z = x * 1; y = make(lambda ctx, a: a, lambda ctx, g: g * 3)(z); seen.append(y is z)",
        "y = make(lambda ctx, a: a, lambda ctx, g: g * 3)(x)",
        "y = make(lambda ctx, a: a.view(4), lambda ctx, g: g.view(2, 2) * 3)(x * 1)",
        "y = make(lambda ctx, a: a.view(4), lambda ctx, g: g.view(2, 2) * 3)(x * 1); y.add_(1)",
        "y = make(lambda ctx, a: a, lambda ctx, g: g * 3)(x * 1); y.add_(1)",
        # changes in place
        "y = make(dirty, lambda ctx, g: g * 5)(x * 1)",
        "z = x * 1; y = make(dirty, lambda ctx, g: g * 5)(z); seen.append(y is z)",
        "z = x * 1; make(dirty, lambda ctx, g: g * 5)(z[0]); y = z",
        "z = x * 1; v = z[0]; y = make(dirty, lambda ctx, g: g * 5)(v) * 2; y = y.sum() + z",
        "z = x * 1; u = z.t(); make(dirty, lambda ctx, g: g * 5)(z); y = u * 1",
        (
            "z = torch.zeros(2, 2); y = make(lambda ctx, a, b: [ctx.mark_dirty(b), b.copy_(a)][1], "
            "lambda ctx, g: (g * 5, None))(x, z)"
        ),
        "y = make(dirty, note)(x)",
        "y = make(dirty, note)(x.view(4))",
        "y = make(lambda ctx, a: [ctx.mark_dirty(a), a.mul_(2) * 1][1], note)(x * 1)",
        "z = x * x; y = make(dirty, lambda ctx, g: g * 5)(z.clone()) + z",
        # what stands on ctx
        "def f(ctx, a): ctx.k = 7; return a * 2\ny = make(f, lambda ctx, g: g * ctx.k)(x)",
        (
            "y = make(lambda ctx, a: a * 2, note)(x); seen.append((type(y.grad_fn).__name__, "
            "y.grad_fn.name()))"
        ),
        "y = make(lambda ctx, a: a.long(), note)(x); y = y + x",
        "z = make(lambda ctx, a: a * 2, note)(x.detach()); seen.append(z.requires_grad); y = x * z",
        # setup_context
        (
            "class S(torch.autograd.Function):\n"
            "    @staticmethod\n"
            "    def forward(a, k=3):\n"
            "        return a * k\n"
            "    @staticmethod\n"
            "    def setup_context(ctx, inputs, output):\n"
            "        seen.append(len(inputs)); ctx.k = inputs[1]; ctx.save_for_backward(output)\n"
            "    @staticmethod\n"
            "    def backward(ctx, g):\n"
            "        return g * ctx.k * ctx.saved_tensors[0], None\n"
            "y = S.apply(x); y = y + S.apply(x, 4)"
        ),
    ],
)
def test_as_torch(program: str) -> None:
    same(HEAD + program + TAIL)


@pytest.mark.torch
def test_second_order_through_saved_inputs_and_outputs() -> None:
    same(
        HEAD + "def forward(ctx, a):\n"
        "    out = a.exp()\n"
        "    ctx.save_for_backward(a, out)\n"
        "    return out * a\n"
        "def backward(ctx, g):\n"
        "    a, out = ctx.saved_tensors\n"
        "    return g * a.exp() * (1 + a)\n"
        "y = make(forward, backward)(x * w)\n"
        "g = torch.autograd.grad(y.sum(), (x, w), create_graph=True)\n"
        "sum((t * t).sum() for t in g).backward()\n"
        "x.grad.double().tolist(), w.grad.double().tolist()",
        tolerance=1e-5,
    )


def test_the_context_is_the_node() -> None:
    x = dtrain.ones(2, requires_grad=True)

    class Mine(dtrain.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 2

        @staticmethod
        def vjp(ctx, g):
            return g * 2

    y = Mine.apply(x)
    assert isinstance(y.grad_fn, FunctionCtx)
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
