"""Layers that find out the size of their input."""

from __future__ import annotations

import pytest

from tests.nn.layer import check, varied
from tests.twin import same

pytestmark = pytest.mark.torch

CALLED = """
nn = torch.nn; torch.manual_seed(0)
m = nn.{make}
said = [repr(m), *[type(v).__name__ for v in m.state_dict().values()]]
y = m({inputs})
(said, repr(m), type(m).__name__,
 [(k, v.detach().clone()) for k, v in m.state_dict().items()])
"""
LAYERS = [
    ("LazyLinear(4)", (2, 3)),
    ("LazyLinear(4, bias=False)", (3,)),
    ("LazyConv1d(4, 2, padding=1)", (2, 3, 5)),
    ("LazyConv2d(6, 2, groups=3, bias=False)", (2, 3, 5, 5)),
    ("LazyConv3d(4, (1, 2, 2), stride=2)", (3, 4, 4, 4)),
    ("LazyConvTranspose1d(4, 2)", (2, 3, 5)),
    ("LazyConvTranspose2d(4, 2, output_padding=1, stride=2)", (2, 3, 3, 3)),
    ("LazyConvTranspose3d(4, 2)", (1, 3, 2, 2, 2)),
    ("LazyBatchNorm1d()", (4, 3)),
    ("LazyBatchNorm2d(affine=False)", (2, 3, 2, 2)),
    ("LazyBatchNorm3d(track_running_stats=False)", (2, 3, 2, 2, 2)),
    ("LazyInstanceNorm1d()", (2, 3, 4)),
    ("LazyInstanceNorm2d(bias=False)", (2, 3, 2, 2)),
    ("LazyInstanceNorm3d()", (2, 3, 2, 2, 2)),
]


@pytest.mark.parametrize(("make", "shape"), LAYERS)
def test_layer(make, shape):
    same(CALLED.format(make=make, inputs=varied(*shape)))


@pytest.mark.parametrize(("make", "shape"), LAYERS)
def test_values(make, shape):
    check(f"nn.{make}; m({varied(*shape)})", varied(*shape))


def test_conversion_before_the_first_call():
    same(
        "m = torch.nn.LazyBatchNorm1d().double(); m(torch.ones(2, 3).double()).sum().backward()\n"
        "[(k, str(v.dtype), tuple(v.shape)) for k, v in m.state_dict().items()]"
    )


def test_loading_gives_the_shapes():
    same(
        "torch.manual_seed(0); nn = torch.nn; full = nn.Linear(3, 4); lazy = nn.LazyLinear(4)\n"
        "lazy.load_state_dict(full.state_dict()); before = repr(lazy)\n"
        "y = lazy(torch.ones(2, 3)); (before, repr(lazy), y, full(torch.ones(2, 3)))"
    )


def test_copies_stay_lazy():
    same(
        "import copy; m = copy.deepcopy(torch.nn.LazyLinear(4)); y = m(torch.ones(2, 3))\n"
        "(repr(m), tuple(y.shape), type(m.weight).__name__)"
    )


def test_an_optimizer_takes_lazy_parameters():
    same(
        "m = torch.nn.LazyLinear(2); opt = torch.optim.SGD(m.parameters(), 0.1)\n"
        "m(torch.ones(1, 3)).sum().backward(); w = m.weight.detach().clone(); opt.step()\n"
        "(w - m.weight.detach()).sum().round().item()"
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nn.LazyLinear(4).weight.shape", "Can't access the shape of an uninitialized parameter"),
        ("nn.LazyLinear(4).weight.share_memory_()", "Can't share memory on an uninitialized"),
        ("nn.LazyConv2d(4, 2)(torch.ones(2, 3))", "Expected 3D (unbatched) or 4D (batched) input"),
        ("nn.LazyConv1d(4, 2, groups=2)(torch.ones(1, 3, 4))", "in_channels must be divisible by"),
        (
            "nn.Linear(3, 4).load_state_dict(nn.LazyLinear(4).state_dict())",
            "Can't access the shape of an uninitialized parameter",
        ),
        (
            "nn.modules.lazy.LazyModuleMixin.initialize_parameters(nn.LazyLinear(2))",
            "initialize_parameters is not implemented for LazyLinear",
        ),
    ],
)
def test_what_does_not_fit_is_refused(source, words):
    same(f"nn = torch.nn; {source}", words)
