"""Indexing: what torch gives for x[...] and x[...] = value, dtrain gives."""

from __future__ import annotations

import pytest

from tests.twin import same

pytestmark = pytest.mark.torch

X = "x = torch.arange(24.).reshape(2, 3, 4); "
GRAD = (
    "x = torch.arange(24.).reshape(2, 3, 4).requires_grad_(); y = x * 2; z = {}; "
    "(z * torch.arange(1., z.numel() + 1).reshape(z.shape)).sum().backward(); (z + 0, x.grad)"
)

BASIC = [
    "y[0]",
    "y[-1]",
    "y[0, 1]",
    "y[0, 1, 2]",
    "y[1:]",
    "y[:, 1:3]",
    "y[:, ::2]",
    "y[..., 0]",
    "y[0, ...]",
    "y[..., 1, :]",
    "y[...]",
    "y[:]",
    "y[()]",
    "y[None]",
    "y[:, None, 1]",
    "y[..., None]",
    "y[-1, -2:]",
    "y[:, 1, None, 2:]",
    "y[0][1][2]",
    "y[True]",
    "y[torch.tensor(1)]",
    "y[torch.tensor(1), 1:]",
    "y[np.int64(1)]",
    "y[None, None, 0, None]",
    "y[torch.tensor(True)]",
    "y[..., torch.tensor(2)]",
    "y[:torch.tensor(1)]",
]

ADVANCED = [
    "y[5:]",
    "y[1:1]",
    "y[torch.tensor([0, 1, 1])]",
    "y[torch.tensor([[0, 1], [1, 1]])]",
    "y[[0, 1]]",
    "y[[1], [2]]",
    "y[[0, 1], [0, 2]]",
    "y[torch.tensor([0, 1]), torch.tensor([[0], [2]])]",
    "y[:, [0, 2]]",
    "y[:, [0, 2], 1:]",
    "y[[0, 1], :, [0, 3]]",
    "y[0, :, [0, 3]]",
    "y[:, 0, [0, 3]]",
    "y[[0, 1], 1]",
    "y[[0, 1], :, 1]",
    "y[..., [1, 1, -1]]",
    "y[None, [0, 1]]",
    "y[[0, 1], None]",
    "y[[0], None, [1]]",
    "y[:, [0, 1], None, [1, 2]]",
    "y[np.array([0, 1])]",
    "y[range(2)]",
    "y[y > 5]",
    "y[y > 100]",
    "y[torch.tensor([True, False])]",
    "y[:, torch.tensor([True, False, True])]",
    "y[torch.ones(2, 3, dtype=torch.bool)]",
    "y[:, torch.ones(3, 4, dtype=torch.bool)]",
    "y[[True, False]]",
    "y[torch.tensor([True, True]), torch.tensor([0, 2])]",
    "y[torch.tensor([], dtype=torch.long)]",
    "y[[]]",
    "y[torch.tensor([0, 1], dtype=torch.int32)]",
    "y[True, [0, 1]]",
    "y[torch.tensor([[True, False, True], [False, True, False]]), 1:]",
    "y[[0, 1]][:, [0, 1]]",
    "y[torch.tensor([0, -1]), ..., 0]",
    "y[([0, 1], [1, 2])]",
    "y[torch.zeros(2, 2, dtype=torch.long), 1]",
    "y[torch.tensor([1]), 0, 1:]",
]


@pytest.mark.parametrize("index", BASIC + ADVANCED)
def test_value_and_gradient(index: str) -> None:
    same(GRAD.format(index))


@pytest.mark.parametrize("index", BASIC)
def test_basic_indices_are_views(index: str) -> None:
    same(f"{X}y = x; z = {index}; z = z.squeeze(); (z, z.storage_offset(), z._is_view())")


@pytest.mark.parametrize(
    "index", [i.replace("y", "x", 1).replace("y >", "x >") for i in BASIC + ADVANCED]
)
@pytest.mark.parametrize("value", ["-1", "torch.tensor(7.)"])
def test_assignment(index: str, value: str) -> None:
    same(f"{X}{index} = {value}; (x, x._version)")


@pytest.mark.parametrize(
    "source",
    [
        "x[0] = torch.ones(3, 4)",
        "x[0] = torch.ones(4)",
        "x[0] = torch.ones(1, 1, 3, 4)",
        "x[:, 1] = torch.arange(4)",
        "x[:, [0, 2]] = torch.arange(4.)",
        "x[[0, 1], [0, 2]] = torch.arange(8.).reshape(2, 4)",
        "x[torch.tensor([0, 0])] = torch.ones(3, 4)",
        "x[x > 3] = torch.arange(20.)",
        "x[x > 3] += 1",
        "x[x > 30] = 1",
        "x[0] = x[1]",
        "x[0] = True",
        "x[0] = [1, 2, 3, 4]",
        "x[0] = torch.ones(3, 4, dtype=torch.float64) / 3",
        "x[..., 0] = 1 + torch.arange(6).reshape(2, 3)",
        "x[None] = 3",
        "x[[0, 1], ..., 1] = 5",
        "x[0, :, [0, 3]] = torch.arange(6.).reshape(3, 2)",
        "x.index_put_((torch.tensor([0, 1]), torch.tensor([1, 1])), torch.tensor(3.))",
        "x.index_put_((torch.tensor([0, 0]),), torch.ones(3, 4), accumulate=True)",
        "x.index_put_((torch.tensor([0, 0]), torch.tensor([1, 1])), torch.tensor(2.), True)",
    ],
)
def test_assignment_of_tensors(source: str) -> None:
    same(f"{X}{source}; (x, x._version)")


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "bfloat16", "complex64"])
def test_types(dtype: str) -> None:
    same(
        f"x = torch.zeros(3, 4, dtype=torch.{dtype}); x[0] = 1; x[:, 1] = True; "
        "x[torch.tensor([2, 2])] = 1; x[x != 0] = 0; x[1, [0, 2]] = 1; "
        "(x, x[1], x[[1, 1]], x[0, 0])"
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("x[2]", "index 2 is out of bounds for dimension 0 with size 2"),
        ("x[-3]", "index -3 is out of bounds for dimension 0 with size 2"),
        ("x[0, 5]", "index 5 is out of bounds for dimension"),
        ("x[torch.tensor([0, 5])]", "index 5 is out of bounds for dimension 0 with size 2"),
        ("x[:, [0, 5]]", "index 5 is out of bounds for dimension"),
        ("x[[0, 1], [0, 7]]", "index 7 is out of bounds for dimension 1 with size 3"),
        ("x[::-1]", "step must be greater than zero"),
        ("x[:, ::0]", ""),
        ("x[0, 0, 0, 0]", "too many indices for tensor of dimension 3"),
        ("x[0.5]", "only integers, slices (`:`), ellipsis (`...`), None and long or byte"),
        ("x[torch.tensor([0.5])]", "tensors used as indices must be long"),
        ("x[0, 0, 0][0]", "invalid index of a 0-dim tensor"),
        (
            "x[torch.ones(3, dtype=torch.bool)]",
            "The shape of the mask [3] at index 0 does not match",
        ),
        ("x[torch.tensor([0, 1]), torch.tensor([0, 1, 2])]", "shape mismatch"),
    ],
)
def test_errors(source: str, words: str) -> None:
    same(X + source, words)


@pytest.mark.parametrize(
    "source",
    [
        "list(x[0])",
        "[row.sum() for row in x]",
        "len(x)",
        "a, b = x; b",
        "x.tolist()[1][0]",
        "3. in x",
        "x[0][0] is x[0][0]",
        "max(x[0, 0])",
    ],
)
def test_iteration(source: str) -> None:
    head, _, last = source.rpartition("; ")
    same(X + (head + "; " if head else "") + last)


def test_repeated_rows_add_up_in_the_gradient() -> None:
    same(
        "w = torch.arange(12.).reshape(4, 3).requires_grad_(); i = torch.tensor([[0, 2], [2, 2]]); "
        "(w[i] * torch.arange(12.).reshape(2, 2, 3)).sum().backward(); w.grad"
    )


def test_second_derivative() -> None:
    same(
        "x = torch.tensor([1., 2., 3.], requires_grad=True); "
        "y = x[torch.tensor([0, 0, 2])] * x[1:2] * x[x > 1].sum(); "
        "(g,) = torch.autograd.grad((y * y).sum(), x, create_graph=True); "
        "(h,) = torch.autograd.grad((g * g).sum(), x); (g, h)"
    )


@pytest.mark.parametrize(
    ("index", "name"),
    [("y[0]", "SelectBackward0"), ("y[1:]", "SliceBackward0"), ("y[[0, 1]]", "IndexBackward0")],
)
def test_node_names(index: str, name: str) -> None:
    same(f"x = torch.ones(2, 3, 4, requires_grad=True); y = x * 1; {index}.grad_fn.name()")
