"""Changes in place of views: memory, versions and history, each program run by torch as well."""

from __future__ import annotations

import pytest

from tests.twin import same

pytestmark = pytest.mark.torch

LEAVES = (
    "a = torch.arange(12.).reshape(3, 4).requires_grad_(); "
    "b = torch.linspace(1, 2, 4).requires_grad_(); "
)
GRADS = "; (z * torch.arange(1., z.numel() + 1).reshape(z.shape)).sum().backward(); "
BOTH = GRADS + "(z, a.grad, b.grad)"
ONE = GRADS + "(z, a.grad)"


@pytest.mark.parametrize(
    "change",
    [
        "z[0] = b",
        "z[0] = b * b",
        "z[1, 2] = b[0]",
        "z[:, 1] *= b[0]",
        "z[:, 1] = b[:3]",
        "z[1:, ::2] += b[:2]",
        "z[...] = b",
        "z[None, 0] = b",
        "z[:] = z * b",
        "z[0] = z[1] * b",
        "z[0] += z[0] * b",
        "z.t()[1] = b[:3]",
        "z.view(-1)[3:7] = b",
        "z.view(2, 6)[1][2:] = b",
        "z.diagonal().mul_(b[:3])",
        "z.unsqueeze(0)[0, 2].copy_(b)",
        "z[torch.tensor([0, 2])] = b",
        "z[torch.tensor([0, 2]), 1:] = b[1:]",
        "z[torch.tensor([0, 2]), torch.tensor([1, 1])] = b[:2]",
        "z[z > 5] = b[1]",
        "z[[True, False, True]] = b",
        "z[:, [0, 3]] *= b[:2]",
        "z[0, [0, 3]] = b[:2]",
        "z.index_put_((torch.tensor([1, 1]),), b, accumulate=True)",
        "z[0].masked_fill_(torch.tensor([True, False, True, False]), b[1])",
        "z.select(1, 2).add_(b[:3], alpha=2)",
        "z.narrow(0, 1, 2).mul_(b)",
        "z.expand(2, 3, 4); z[2].sub_(b)",
        "z[1:][1:][0] = b",
        "v = z[1]; v *= b; v[0] = v[1] * b[2]",
        "v = z[0]; z.mul_(b); z = z + v",
        "v = z[0]; w = z[0, :2]; v.mul_(b); z = z[:, :2] + w",
        "v = z.view(4, 3); z[0] = b; z = v * v",
        "v = z[1:]; u = z[:2]; u[1].mul_(b); z = v * 3",
        "z[0].index_add_(0, torch.tensor([1, 1]), b[:2])",
        "z[0].scatter_(0, torch.tensor([3, 1]), b[:2])",
        "z[0].scatter_add_(0, torch.tensor([3, 3]), b[:2])",
    ],
)
def test_history_of_a_changed_view(change: str) -> None:
    same(LEAVES + f"z = a * 2 + b.sum() * 0; {change}" + BOTH)


@pytest.mark.parametrize(
    "change",
    [
        "z[0] = 7",
        "z[1] = 0.5; z[1] += 1",
        "z[0].zero_()",
        "z[:, 1].fill_(3)",
        "z[z > 7] = 0",
        "z[torch.tensor([1, 1])] = -1.0",
        "z[0, :2] = torch.tensor([5., 6.])",
        "z[0].copy_(torch.ones(4))",
        "z.fill_(2)",
        "z.zero_(); z += a",
        "z[2].exp_()",
        "z[2].mul_(z[2])",
        "z.t_()",
        "z.unsqueeze_(0).squeeze_(0)",
        "z.transpose_(0, 1)[1] = 4",
        "z.squeeze_(); z[0].mul_(3)",
    ],
)
def test_history_without_a_second_tensor(change: str) -> None:
    same(LEAVES + f"z = a * 2; {change}" + ONE)


@pytest.mark.parametrize(
    "change",
    [
        "z[0] = b",
        "z[torch.tensor([1])] = b",
        "z[1:, 2] = b[2:]",
        "z.view(-1)[:4] = b * 2",
        "v = z[0]; v.copy_(b); v[1] *= 2",
    ],
)
def test_a_base_without_history_gets_one_from_its_view(change: str) -> None:
    same(
        f"b = torch.linspace(1, 2, 4).requires_grad_(); z = torch.ones(3, 4); {change}"
        f"{GRADS}(z, b.grad)"
    )


@pytest.mark.parametrize(
    "source",
    [
        "x = torch.zeros(2, 3); v = x[0]; v += 1; (x, v._version, x._version)",
        "x = torch.zeros(2, 3); v = x.view(6); x[1] = 5; (v, v._version)",
        "x = torch.zeros(4, 3); a, b = x.chunk(2); b += 1; (x, a, b)",
        "x = torch.zeros(4, 3); a, b = x.split([1, 3], 0); a[0, 1] = 2; (x, b)",
        "x = torch.zeros(3, 2); rows = x.unbind(); rows[1].fill_(3); x",
        "x = torch.zeros(2, 3)\nfor row in x: row += 1\nx",
        "x = torch.zeros(2, 3); x.t()[0] = torch.tensor([1., 2.]); x",
        "x = torch.zeros(3, 3); x.diagonal()[:] = torch.arange(3.); x",
        "x = torch.zeros(3, 3); x.fill_diagonal_(2) if hasattr(x, 'none') else x",
        "x = torch.zeros(6); x.unfold(0, 2, 2)[1] = 4; x",
        "x = torch.zeros(2, 3); x.detach()[0] = 1; (x, x._version)",
        "x = torch.zeros(2, 3); x.data[0] = 1; (x, x._version)",
        "x = torch.zeros(3); y = x.expand(2, 3); x += 1; y",
        "x = torch.zeros(2, 3); x.flatten()[4] = 1; x",
        "x = torch.zeros(2, 3); x.t().flatten()[4] = 1; x",
        "x = torch.zeros(2, 3); x.t().contiguous()[0] = 1; x",
        "x = torch.zeros(2, 3); x.contiguous()[0] = 1; x",
        "x = torch.zeros(2, 3, dtype=torch.int32); x[0] = 1.7; x",
        "x = torch.zeros(2, 3); x[0] = torch.tensor([1, 2, 3]); x",
        "x = torch.zeros(4); x.as_strided((2, 2), (1, 2))[1] = 5; x",
        "x = torch.arange(6.); x[2:].as_strided((2,), (1,), 0)",
        "x = torch.arange(6.); x[2:].as_strided((2,), (2,))",
        "x = torch.zeros(4); x.view(torch.int32)[0] = 1065353216; x",
        "x = torch.zeros(2, 2); x[0].resize_(3).shape",
        "x = torch.arange(4.); x.resize_(2, 2)",
        "x = torch.arange(4.); x.resize_(2); x.resize_(4)",
        "x = torch.arange(4.); y = torch.zeros(2); y.set_(x[1:3]); x[2] = 9; y",
        "x = torch.zeros(3); y = x.unsqueeze_(0); (x.shape, y is x)",
    ],
)
def test_memory_is_shared_as_in_torch(source: str) -> None:
    same(source)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("x = torch.ones(3, requires_grad=True); x[0] = 1; x", "a view of a leaf Variable"),
        ("x = torch.ones(3, requires_grad=True); x += 1; x", "a leaf Variable that requires grad"),
        ("x = torch.ones(3, requires_grad=True); x[1:].mul_(2); x", "a view of a leaf Variable"),
        ("x = torch.ones(3, requires_grad=True); x.zero_(); x", "a leaf Variable"),
        ("x = torch.zeros(3).expand(2, 3); x += 1; x", "single memory location"),
        ("x = torch.zeros(1).expand(2); x.copy_(torch.ones(2)); x", "single memory location"),
        ("x = torch.zeros(2, 3); x[0].copy_(torch.ones(4)); x", "must match"),
        ("x = torch.zeros(2, 3); x[0] = torch.ones(4); x", ""),
        ("x = torch.zeros(2, 3); x[torch.tensor([0, 1])] = torch.ones(4); x", "shape mismatch"),
        ("x = torch.ones(3, requires_grad=True); x.resize_(4); x", "require"),
        ("x = torch.zeros(2).fill_(torch.ones(2)); x", "0-dimension"),
    ],
)
def test_errors(source: str, words: str) -> None:
    same(source, words)


@pytest.mark.parametrize(
    "change",
    [
        "z = y * y; y[0] = 5",
        "z = y.exp(); u = z[0]; u.add_(1)",
        "v = y[1:]; z = v * v; y.zero_()",
        "i = torch.tensor([0, 1]); z = y[i]; i[0] = 2",
    ],
)
def test_a_saved_value_that_was_changed_is_noticed(change: str) -> None:
    same(
        f"x = torch.ones(3, requires_grad=True); y = x * 2; {change}; z.sum().backward(); 0",
        "modified by an inplace operation",
    )


def test_under_no_grad_a_leaf_changes_and_keeps_its_place() -> None:
    same(
        "w = torch.ones(2, 3, requires_grad=True)\nwith torch.no_grad():\n    w[0] = 5\n"
        "    w[:, 1].mul_(3)\n    w.view(-1)[0] -= 1\n(w, w.is_leaf, w.requires_grad)"
    )


def test_many_changes_in_a_row() -> None:
    same(
        LEAVES + "z = torch.zeros(6, 4)\nz[0] = b\n"
        "for i in range(1, 6): z[i] = z[i - 1] * b + a[i % 3]\n" + BOTH.lstrip("; ")
    )


def test_second_derivative_through_a_change_in_place() -> None:
    same(
        "x = torch.tensor([1., 2., 3.], requires_grad=True); y = x * x; y[1] = x[0] ** 3; "
        "y[1:].mul_(x[1:]); (g,) = torch.autograd.grad((y * y).sum(), x, create_graph=True); "
        "(h,) = torch.autograd.grad(g.sum(), x); (g, h)"
    )


def test_a_transposed_base_is_rebased_in_its_own_order() -> None:
    same(LEAVES + "z = (a * 2).t().clone(); z = z * 1; z[1, :2] = b[:2]; z[:, 2] *= b" + BOTH)


@pytest.mark.parametrize("order", ["0, 2, 1", "1, 0, 2", "1, 2, 0", "2, 1, 0"])
@pytest.mark.parametrize(
    "view",
    ["z.diagonal(1, 0, 2)", "z.diagonal(-1)", "z.unfold(1, 1, 2)", "z[:, 1:].unfold(2, 2, 2)"],
)
def test_views_of_a_base_in_any_order_of_memory(order: str, view: str) -> None:
    same(
        "a = torch.arange(24.).reshape(2, 3, 4).requires_grad_(); "
        f"p = [{order}]; back = [p.index(i) for i in range(3)]; "
        "a2 = (a * 1).permute(p).contiguous().permute(back); z = a2.clone(); "
        f"b = torch.tensor(3., requires_grad=True); v = {view}; v[...] = b * v.detach()" + BOTH
    )
