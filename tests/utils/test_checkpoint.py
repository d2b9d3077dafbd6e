"""checkpoint: the same gradients, with less kept; errors where the second run differs."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import dtrain as torch
from dtrain import nn
from dtrain.comm.threads import run_threads
from dtrain.errors import GradError, VersionError
from dtrain.parallel import DistributedDataParallel
from dtrain.parallel.process_group import ProcessGroup
from dtrain.utils.checkpoint import (
    CheckpointError,
    checkpoint,
    checkpoint_sequential,
    set_checkpoint_debug_enabled,
    set_checkpoint_early_stop,
)
from tests.twin import same

BOTH = pytest.mark.parametrize("use_reentrant", [True, False])


def model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 4), nn.Tanh(), nn.Linear(4, 3)
    )


def gradients(net: nn.Module, fn) -> list[bytes]:
    torch.manual_seed(3)
    net.zero_grad()
    x = torch.linspace(-1, 1, 20).reshape(5, 4).requires_grad_()
    y = fn(x)
    (y * y).sum().backward()
    return [p.grad.numpy().tobytes() for p in (x, *net.parameters())]


@BOTH
@pytest.mark.parametrize("shape", ["whole", "sequential", "nested", "beside"])
@pytest.mark.filterwarnings("ignore:None of the inputs")
def test_gradients_are_the_same_to_the_bit(use_reentrant, shape) -> None:
    net = model()

    def under(fn, *args):
        return checkpoint(fn, *args, use_reentrant=use_reentrant)

    ways = {
        "whole": lambda x: under(net, x),
        "sequential": lambda x: checkpoint_sequential(net, 3, x, use_reentrant=use_reentrant),
        "nested": lambda x: under(lambda x: under(net[3:], under(net[:3], x)) * 1, x),
        "beside": lambda x: under(net[3:], under(net[1:3], net[0](x))),
    }
    assert gradients(net, ways[shape]) == gradients(net, net)


@BOTH
def test_the_function_runs_twice_and_random_numbers_repeat(use_reentrant) -> None:
    drawn = []

    def fn(x):
        drawn.append(torch.rand(1).item())
        return x * x

    x = torch.ones(2, requires_grad=True)
    y = checkpoint(fn, x, use_reentrant=use_reentrant)
    torch.rand(3)
    state = torch.get_rng_state()
    y.sum().backward()
    assert len(drawn) == 2
    assert drawn[0] == drawn[1]
    assert torch.equal(torch.get_rng_state(), state)
    y = checkpoint(fn, x, use_reentrant=use_reentrant, preserve_rng_state=False)
    y.sum().backward()
    assert drawn[2] != drawn[3]


def test_saved_values_are_not_kept() -> None:
    kept = []

    def fn(x):
        middle = x.exp()
        kept.append(weakref.ref(middle._a.base if middle._a.base is not None else middle._a))
        return (middle * middle).exp()

    gc.disable()
    try:
        x = torch.ones(2, requires_grad=True)
        y = checkpoint(fn, x, use_reentrant=False)
        assert kept[0]() is None
        y.sum().backward()
        assert kept[1]() is None
        z = weakref.ref(checkpoint(fn, x, use_reentrant=False))
        assert z() is None
        assert kept[2]() is None
    finally:
        gc.enable()


def test_keywords_nested_results_and_second_order() -> None:
    def fn(x, *, scale):
        return {"out": [(x**3 * scale).sum()], "other": 5}

    def second(call):
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        (g,) = torch.autograd.grad(call(x)["out"][0], x, create_graph=True)
        (h,) = torch.autograd.grad((g * g).sum(), x)
        return g.tolist(), h.tolist()

    scale = torch.tensor(2.0)
    plain = second(lambda x: fn(x, scale=scale))
    assert second(lambda x: checkpoint(fn, x, scale=scale, use_reentrant=False)) == plain


def test_retain_graph_and_selected_inputs() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = checkpoint(lambda x: (x * x).exp().sum(), x, use_reentrant=False)
    (first,) = torch.autograd.grad(y, x, retain_graph=True)
    y.backward()
    assert x.grad.tolist() == first.tolist()
    with pytest.raises(GradError, match="a second time"):
        y.backward()


@pytest.mark.parametrize("early", [True, False])
def test_early_stop(early) -> None:
    ended = []

    def fn(x):
        y = (x * x).sum()
        ended.append(1)
        return y

    x = torch.ones(2, requires_grad=True)
    with set_checkpoint_early_stop(early):
        y = checkpoint(fn, x, use_reentrant=False)
    y.backward()
    assert len(ended) == (1 if early else 2)
    assert x.grad.tolist() == [2.0, 2.0]


def test_a_different_second_run_is_an_error() -> None:
    runs = []

    def fn(x, change):
        runs.append(1)
        return change(x) if len(runs) > 1 else (x * x).exp().sum()

    for change, words in (
        (lambda x: (x * 2).sum(), "different number of tensors"),
        (lambda x: (x[:1] * x[:1]).exp().sum(), "different metadata"),
    ):
        runs.clear()
        x = torch.ones(2, requires_grad=True)
        with set_checkpoint_debug_enabled(True):
            y = checkpoint(fn, x, change, use_reentrant=False)
        with pytest.raises(CheckpointError, match=words) as error:
            y.backward()
        assert "recomputation: [" in str(error.value)
    runs.clear()
    y = checkpoint(fn, x, change, use_reentrant=False, determinism_check="none")
    y.backward()  # the values are not looked at, and these happen to broadcast
    assert x.grad is not None


def test_an_argument_changed_since_is_noticed() -> None:
    x = torch.ones(2, requires_grad=True)
    middle = x * 1
    y = checkpoint(lambda t: (t * t).sum(), middle, use_reentrant=False)
    middle.add_(1)
    with pytest.raises(VersionError, match="modified by an inplace operation"):
        y.backward()


def test_contexts_surround_the_two_runs() -> None:
    seen = []

    class Note:
        def __init__(self, name):
            self.name = name

        def __enter__(self):
            seen.append(self.name)

        def __exit__(self, *exc):
            seen.append("end")

    x = torch.ones(2, requires_grad=True)
    y = checkpoint(
        lambda x: x.exp(), x, use_reentrant=False, context_fn=lambda: (Note("one"), Note("two"))
    )
    y.sum().backward()
    assert seen == ["one", "end", "two", "end"]


@BOTH
def test_autocast_is_repeated(use_reentrant) -> None:
    dtypes = []

    def fn(x):
        y = x @ x
        dtypes.append(y.dtype)
        return y.float()

    x = torch.eye(2).requires_grad_()
    with torch.amp.autocast("cpu"):
        y = checkpoint(fn, x, use_reentrant=use_reentrant, early_stop=False)
    y.sum().backward()
    assert dtypes == [torch.bfloat16] * 2


@BOTH
@pytest.mark.filterwarnings("ignore:None of the inputs")
def test_under_ddp_gradients_are_those_of_the_whole_batch(use_reentrant) -> None:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 2)
            with torch.no_grad():
                for k, p in enumerate(self.parameters()):
                    p.copy_(torch.linspace(-1, 1, p.numel()).reshape(p.shape) * (k + 1) / 4)

        def forward(self, x):
            x = x.requires_grad_()
            h = checkpoint(lambda x: self.a(x).tanh(), x, use_reentrant=use_reentrant)
            return checkpoint(self.b, h, use_reentrant=use_reentrant)

    data = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)

    def rank(communicator):
        net = Net()
        group = ProcessGroup(communicator, range(communicator.size), "threads")
        ddp = DistributedDataParallel(net, process_group=group)
        for _ in range(2):
            ddp.zero_grad()
            part = torch.tensor(data[group.rank() :: group.size()])
            (ddp(part) ** 2).mean().backward()
        return [p.grad.numpy().copy() for p in net.parameters()]

    (alone,) = run_threads(1, rank)
    for got in run_threads(2, rank):
        for a, b in zip(got, alone, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.torch
@pytest.mark.parametrize(
    "call",
    [
        "checkpoint(f, x)",
        "checkpoint(f, x, use_reentrant=True, k=3)",
        "checkpoint(f, x, use_reentrant=True, debug=True)",
        "checkpoint(f, x, use_reentrant=False, k=3)",
        "checkpoint_sequential([f, f, f], 2, x)",
        "checkpoint_sequential([f, f, f], 2, x, use_reentrant=False)",
        "checkpoint_sequential([f], 1, x, use_reentrant=False, k=3)",
        "checkpoint(f, torch.ones(2), use_reentrant=True)",
        "torch.autograd.grad(checkpoint(f, x, use_reentrant=True).sum(), x)",
        "checkpoint(lambda x: x.detach(), x, use_reentrant=True).sum().backward()",
    ],
)
def test_calls_as_torch(call: str) -> None:
    same(
        "import importlib\n"
        "module = importlib.import_module(torch.__name__ + '.utils.checkpoint')\n"
        "checkpoint, checkpoint_sequential = module.checkpoint, module.checkpoint_sequential\n"
        "f = lambda x: x * x\n"
        "x = torch.ones(2, requires_grad=True)\n" + call
    )
