"""DistributedDataParallel: N ranks with batch B do what one process does with batch N x B."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import dtrain as torch
from dtrain.nn.linear import Linear
from dtrain.nn.module import Module
from dtrain.parallel import DistributedDataParallel

ROOT = Path(__file__).parents[2]
ONE_PARAMETER_PER_BUCKET = 1e-6
WEIGHTS = np.random.default_rng(1)
W1 = WEIGHTS.normal(size=(8, 4)).astype(np.float32) / 2
W2 = WEIGHTS.normal(size=(2, 8)).astype(np.float32) / 2
X = WEIGHTS.normal(size=(4, 12, 4)).astype(np.float32)  # steps, batch, features


class Net(Module):
    """Two layers with known weights."""

    def __init__(self):
        super().__init__()
        self.first, self.second = Linear(4, 8), Linear(8, 2)
        with torch.no_grad():
            self.first.weight.copy_(torch.tensor(W1))
            self.second.weight.copy_(torch.tensor(W2))
            self.first.bias.zero_()
            self.second.bias.zero_()

    def forward(self, x):
        return self.second(self.first(x).tanh())


class Branches(Module):
    """Uses the layers it is told to."""

    def __init__(self, count=2):
        super().__init__()
        self.layers = [Linear(4, 1) for _ in range(count)]
        for i, layer in enumerate(self.layers):
            self.add_module(f"layer{i}", layer)

    def forward(self, x, *which):
        return sum((self.layers[i](x) for i in which), torch.zeros(len(x), 1))


def wrap(module, group, **options):
    return DistributedDataParallel(module, process_group=group, **options)


def part(step, group):
    return torch.tensor(X[step][group.rank() :: group.size()])


def bits(ddp):
    return [p.detach().numpy().copy() for p in ddp.parameters()]


def grads(ddp):
    return [None if p.grad is None else p.grad.numpy().copy() for p in ddp.parameters()]


def descend(ddp, set_to_none=True):
    with torch.no_grad():
        for p in ddp.parameters():
            p.sub_(0.1 * p.grad)
    ddp.zero_grad(set_to_none=set_to_none)


def train(group, **options):
    """Train for some steps; return the losses and the final parameters."""
    set_to_none = options.pop("set_to_none", True)
    ddp = wrap(Net(), group, **options)
    losses = []
    for step in range(len(X)):
        loss = (ddp(part(step, group)) ** 2).mean()
        loss.backward()
        descend(ddp, set_to_none)
        losses.append(loss.item())
    return losses, bits(ddp)


@pytest.mark.parametrize("set_to_none", [True, False])
@pytest.mark.parametrize("bucket_cap_mb", [None, ONE_PARAMETER_PER_BUCKET])
@pytest.mark.parametrize("size", [2, 3, 4])
def test_n_ranks_are_one_process_with_the_whole_batch(ranks, size, bucket_cap_mb, set_to_none):
    options = {"bucket_cap_mb": bucket_cap_mb, "set_to_none": set_to_none}
    ((expected, parameters),) = ranks(1, lambda group: train(group, **options))
    results = ranks(size, lambda group: train(group, **options))
    losses = np.mean([losses for losses, _ in results], axis=0)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    for _, got in results:
        for mine, first, alone in zip(got, results[0][1], parameters, strict=True):
            assert mine.tobytes() == first.tobytes()
            np.testing.assert_allclose(mine, alone, rtol=1e-4, atol=1e-6)


@pytest.mark.torch
def test_equals_torch_on_the_whole_batch(ranks):
    real = pytest.importorskip("torch")
    net = real.nn.Sequential(real.nn.Linear(4, 8), real.nn.Tanh(), real.nn.Linear(8, 2))
    with real.no_grad():
        net[0].weight.copy_(real.tensor(W1))
        net[2].weight.copy_(real.tensor(W2))
        net[0].bias.zero_()
        net[2].bias.zero_()
    optimizer = real.optim.SGD(net.parameters(), lr=0.1)
    losses = []
    for x in X:
        optimizer.zero_grad()
        loss = (net(real.tensor(x)) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    results = ranks(3, train)
    np.testing.assert_allclose(np.mean([got[0] for got in results], axis=0), losses, rtol=1e-5)
    for mine, theirs in zip(results[0][1], net.parameters(), strict=True):
        np.testing.assert_allclose(mine, theirs.detach().numpy(), rtol=1e-4, atol=1e-6)


def test_begins_with_parameters_and_buffers_of_rank_0(ranks):
    def body(group):
        net = Net()
        net.register_buffer("count", torch.tensor(7 + group.rank()))
        with torch.no_grad():
            for p in net.parameters():
                p.add_(group.rank())
        wrap(net, group)
        return [p.detach().numpy().copy() for p in net.parameters()], net.count.item()

    (first, seven), *others = ranks(3, body)
    assert np.array_equal(first[0], W1)
    for parameters, count in others:
        assert count == seven == 7
        assert all(np.array_equal(a, b) for a, b in zip(parameters, first, strict=True))


def test_init_sync_can_be_left_out(ranks):
    def body(group):
        net = Net()
        with torch.no_grad():
            net.first.bias += group.rank()
        wrap(net, group, init_sync=False)
        return net.first.bias[0].item()

    assert ranks(2, body) == [0.0, 1.0]


def test_gradients_are_views_that_stay(ranks):
    def body(group):
        ddp = wrap(Net(), group)
        (ddp(part(0, group)) ** 2).mean().backward()
        roots = {id(p.grad.numpy().base) for p in ddp.parameters()}
        held = [p.grad for p in ddp.parameters()]
        versions = [g._version for g in held]
        ddp.zero_grad(set_to_none=False)
        (ddp(part(1, group)) ** 2).mean().backward()
        same = all(p.grad is g for p, g in zip(ddp.parameters(), held, strict=True))
        newer = all(g._version > v for g, v in zip(held, versions, strict=True))
        return len(roots), same, newer

    assert ranks(2, body) == [(1, True, True)] * 2


def test_no_sync_adds_up_here_and_averages_later(ranks):
    def accumulated(group):
        ddp = wrap(Net(), group)
        with ddp.no_sync():
            (ddp(part(0, group)) ** 2).mean().backward()
            assert not ddp.require_backward_grad_sync
        local = grads(ddp)
        (ddp(part(1, group)) ** 2).mean().backward()
        return local, grads(ddp)

    ((_, expected),) = ranks(1, accumulated)
    (local0, total0), (local1, total1) = ranks(2, accumulated)
    assert not np.array_equal(local0[0], local1[0])
    for a, b, c in zip(total0, total1, expected, strict=True):
        assert np.array_equal(a, b)
        np.testing.assert_allclose(a, c, rtol=1e-4, atol=1e-6)


def test_an_unused_parameter_is_named_at_the_next_forward(ranks):
    def body(group):
        ddp = wrap(Branches(), group)
        x = part(0, group)
        ddp(x, 1).sum().backward()
        with pytest.raises(RuntimeError, match="Expected to have finished reduction") as caught:
            ddp(x, 0, 1)
        ddp.zero_grad()
        ddp(x, 0, 1).sum().backward()  # a complete round is well again
        ddp(x, 0, 1)
        return str(caught.value), grads(ddp)

    results = ranks(2, body)
    for rank, (message, _) in enumerate(results):
        assert f"did not receive grad for rank {rank}: layer0.weight, layer0.bias" in message
    assert all(np.array_equal(a, b) for a, b in zip(results[0][1], results[1][1], strict=True))


def test_a_parameter_that_one_rank_does_not_use_is_named_by_all(ranks):
    def body(group):
        ddp = wrap(Branches(), group, bucket_cap_mb=ONE_PARAMETER_PER_BUCKET)
        loss = ddp(part(0, group), *([0, 1] if group.rank() else [1])).sum()
        with pytest.raises(RuntimeError, match="Expected to have finished reduction") as caught:
            loss.backward()
        ddp.zero_grad()
        ddp(part(0, group), 0, 1).sum().backward()  # nothing is left behind
        return str(caught.value), grads(ddp)[0][0]

    for message, got in ranks(3, body):
        assert message.endswith("did not receive grad for rank 0: layer0.weight, layer0.bias")
        np.testing.assert_allclose(got, X[0].sum(0) / 3, rtol=1e-5)


def test_find_unused_parameters(ranks):
    def body(group):
        ddp = wrap(Branches(3), group, find_unused_parameters=True)
        x = part(0, group)
        ddp(x, group.rank()).sum().backward()  # layer r on rank r; layer 2 nowhere
        return grads(ddp), x.numpy().sum(0) / 2

    (mine, sum0), (other, sum1) = ranks(2, body)
    for got in (mine, other):
        np.testing.assert_allclose(got[0][0], sum0, rtol=1e-5)
        np.testing.assert_allclose(got[2][0], sum1, rtol=1e-5)
        assert got[4] is None
        assert got[5] is None


def test_an_old_gradient_of_a_parameter_that_nobody_uses_keeps_its_bits(ranks):
    def body(group):
        ddp = wrap(Branches(), group, find_unused_parameters=True)
        ddp(part(0, group), 0, 1).sum().backward()
        before = grads(ddp)
        ddp(part(1, group), 1).sum().backward()
        return before, grads(ddp)

    for before, after in ranks(3, body):
        assert before[0].tobytes() == after[0].tobytes()
        assert before[2].tobytes() != after[2].tobytes()


def test_what_no_sync_added_up_counts_although_the_last_backward_does_not_use_it(ranks):
    def body(group):
        ddp = wrap(Branches(), group, find_unused_parameters=True)
        with ddp.no_sync():
            ddp(part(0, group), 0).sum().backward()
        ddp(part(1, group), 1).sum().backward()
        return grads(ddp), part(0, group).numpy().sum(0)

    results = ranks(2, body)
    expected = (results[0][1] + results[1][1]) / 2
    for got, _ in results:
        np.testing.assert_allclose(got[0][0], expected, rtol=1e-5)


def test_static_graph_allows_unused_parameters(ranks):
    def body(group):
        ddp = wrap(Branches(), group, static_graph=True)
        for step in range(2):
            ddp(part(step, group), 1).sum().backward()
        return grads(ddp)

    assert all(got[0] is None and got[2] is not None for got in ranks(2, body))


def test_a_parameter_may_be_used_twice(ranks):
    def body(group):
        ddp = wrap(Branches(1), group)
        ddp(part(0, group), 0, 0).sum().backward()
        return grads(ddp)[0][0]

    np.testing.assert_allclose(ranks(2, body), [X[0].sum(0)] * 2, rtol=1e-5)  # 2 uses / 2 ranks


def test_a_round_may_span_several_backwards(ranks):
    def body(group):
        ddp = wrap(Branches(), group)
        first, second = (ddp(part(step, group), step) for step in (0, 1))
        first.sum().backward()
        second.sum().backward()
        ddp(part(2, group), 0, 1)  # the round is complete
        return grads(ddp)

    results = ranks(2, body)
    for got in results:
        np.testing.assert_allclose(got[0][0], X[0].sum(0) / 2, rtol=1e-5)
        np.testing.assert_allclose(got[2][0], X[1].sum(0) / 2, rtol=1e-5)


def test_two_backwards_of_one_forward_are_both_averaged(ranks):
    def body(group):
        ddp = wrap(Branches(1), group)
        loss = ddp(part(0, group), 0).sum()
        loss.backward(retain_graph=True)
        loss.backward()
        return grads(ddp)[0][0]

    np.testing.assert_allclose(ranks(2, body), [X[0].sum(0)] * 2, rtol=1e-5)


def test_a_parameter_cannot_be_ready_twice_in_a_round(ranks):
    def body(group):
        ddp = wrap(Branches(), group)
        loss = ddp(part(0, group), 0).sum()
        loss.backward(retain_graph=True)
        with pytest.raises(RuntimeError, match=r"mark a variable ready only once.*layer0"):
            loss.backward()
        ddp.zero_grad()
        ddp(part(0, group), 0, 1).sum().backward()
        return grads(ddp)[0][0]

    np.testing.assert_allclose(ranks(2, body), [X[0].sum(0) / 2] * 2, rtol=1e-5)


class Counting(Module):
    """Has a buffer that depends on the data of its rank, as the statistics of a BatchNorm."""

    def __init__(self):
        super().__init__()
        self.layer = Linear(4, 1)
        self.register_buffer("seen", torch.zeros(4))
        self.register_buffer("steps", torch.tensor(0))

    def forward(self, x):
        self.at_forward = self.seen.numpy().copy()
        if self.training:
            self.seen += x.sum(0)
            self.steps += 1
        return self.layer(x)


@pytest.mark.parametrize("broadcast_buffers", [True, False])
def test_buffers_of_rank_0_are_taken_before_each_forward(ranks, broadcast_buffers):
    def body(group):
        net = Counting()
        ddp = wrap(net, group, broadcast_buffers=broadcast_buffers)
        for step in range(2):
            ddp(part(step, group)).sum().backward()
            ddp.zero_grad()
        return net.at_forward, net.steps.item()

    (first, steps), (second, _) = ranks(2, body)
    assert steps == 2
    assert np.array_equal(first, second) == broadcast_buffers


@pytest.mark.parametrize("how", ["no_grad", "eval", "no_sync"])
def test_a_forward_that_needs_no_average_is_for_one_rank_alone(ranks, how):
    def body(group):
        ddp = wrap(Counting(), group)
        if group.rank() == 0:
            if how == "eval":
                ddp.eval()
            with torch.no_grad() if how != "no_sync" else ddp.no_sync():
                ddp(part(0, group))
        ddp.train()
        ddp(part(0, group)).sum().backward()
        return grads(ddp)[0].tobytes()

    first, second = ranks(2, body)
    assert first == second


@pytest.mark.parametrize("where", ["forward", "backward"])
def test_an_exception_leaves_nothing_behind(ranks, where):
    def body(group):
        ddp = wrap(Net(), group, bucket_cap_mb=ONE_PARAMETER_PER_BUCKET)

        def fail(_):
            raise KeyError(where)

        if where == "forward":
            handle = ddp.module.second.register_forward_hook(lambda *args: fail(args))
        else:
            handle = ddp.module.first.weight.register_hook(fail)
        with pytest.raises(KeyError, match=where):
            (ddp(part(0, group)) ** 2).mean().backward()
        handle.remove()
        ddp.zero_grad()
        (ddp(part(0, group)) ** 2).mean().backward()
        return grads(ddp)

    (expected,) = ranks(1, body)
    for got in ranks(2, body):
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_buckets_follow_the_order_of_use(ranks):
    class Backwards(Module):
        """Registers its layers in the opposite order of their use."""

        def __init__(self):
            super().__init__()
            self.last, self.middle, self.first = Linear(3, 1), Linear(5, 3), Linear(4, 5)

        def forward(self, x):
            return self.last(self.middle(self.first(x)))

    def body(group):
        torch.manual_seed(group.rank())
        ddp = wrap(Backwards(), group, bucket_cap_mb=ONE_PARAMETER_PER_BUCKET)
        results = []
        for _ in range(3):
            ddp(part(0, group)).sum().backward()
            results.append(grads(ddp))
            ddp.zero_grad(set_to_none=False)
        order = [ddp.reducer._names[i] for b in ddp.reducer._buckets for i in b.members]
        return order, results

    for order, (first, *later) in ranks(2, body):
        assert [name.partition(".")[0] for name in order[::2]] == ["last", "middle", "first"]
        for again in later:
            assert all(a.tobytes() == b.tobytes() for a, b in zip(first, again, strict=True))


def test_create_graph_gives_the_average_with_the_history_of_this_rank(ranks):
    def body(group):
        ddp = wrap(Net(), group)
        (ddp(part(0, group)) ** 2).mean().backward(create_graph=True)
        weight = ddp.module.first.weight
        value = weight.grad.detach().numpy().copy()
        (second,) = torch.autograd.grad((weight.grad**2).sum(), weight)
        return value, second.shape == weight.shape

    with pytest.warns(UserWarning, match="their derivatives are those of this rank only"):
        results = ranks(2, body)
    assert results[0][0].tobytes() == results[1][0].tobytes()
    assert all(shaped for _, shaped in results)


def test_dtypes_do_not_mix_in_a_bucket(ranks):
    class Mixed(Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = Linear(4, 3), Linear(3, 1).double()

        def forward(self, x):
            return self.b(self.a(x).double())

    def body(group):
        ddp = wrap(Mixed(), group)
        ddp(part(0, group)).sum().backward()
        return [p.grad.dtype == p.dtype for p in ddp.parameters()], grads(ddp)

    results = ranks(2, body)
    assert all(all(fits) for fits, _ in results)
    assert all(np.array_equal(a, b) for a, b in zip(results[0][1], results[1][1], strict=True))


def test_state_dict_has_the_prefix_of_torch(ranks):
    def body(group):
        return list(wrap(Net(), group).state_dict())

    (names,) = ranks(1, body)
    assert names == [f"module.{layer}.{p}" for layer in ("first", "second")
                     for p in ("weight", "bias")]  # fmt: skip


def test_frozen_parameters_are_left_alone(ranks):
    def body(group):
        net = Net()
        net.first.requires_grad_(False)
        ddp = wrap(net, group)
        for step in range(2):
            (ddp(part(step, group)) ** 2).mean().backward()
        return [g is None for g in grads(ddp)]

    assert ranks(2, body) == [[True, True, False, False]] * 2


def test_refuses_different_models(ranks):
    def body(group):
        with pytest.raises(RuntimeError, match="DDP expects same model across all ranks") as caught:
            wrap(Linear(4, 2 + group.rank()), group)
        return str(caught.value)

    for message in ranks(2, body):
        assert "weight float32[2, 4] against weight float32[3, 4]" in message


@pytest.mark.parametrize(
    ("module", "options", "error", "words"),
    [
        (Module, {}, RuntimeError, "is not needed when a module doesn't have any parameter"),
        (lambda: Linear(1, 1).requires_grad_(False), {}, RuntimeError, "is not needed"),
        (Net, {"device_ids": [0]}, ValueError, "device_ids and output_device arguments only work"),
        (Net, {"output_device": 0}, ValueError, "device_ids and output_device arguments only work"),
        (Net, {"mixed_precision": 1}, TypeError, "mixed_precision"),
    ],
)
def test_refusals(ranks, module, options, error, words):
    def body(group):
        with pytest.raises(error, match=words):
            wrap(module(), group, **options)

    ranks(1, body)


def test_needs_a_process_group():
    with pytest.raises(ValueError, match="Default process group has not been initialized"):
        DistributedDataParallel(Net())


SCRIPT = """
import numpy as np
import dtrain as torch
import dtrain.distributed as dist
from dtrain import nn
from dtrain.nn.parallel import DistributedDataParallel

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(32, 32) for _ in range(6)])
        self.register_buffer("seen", torch.zeros(32))
    def forward(self, x, skip):
        self.seen += x.detach().sum(0)
        for i, layer in enumerate(self.layers):
            if i != skip:
                x = layer(x).tanh()
        return x

dist.init_process_group()
rank, size = dist.get_rank(), dist.get_world_size()

def gradients(model, rows, skip=None):
    model.zero_grad()
    (model(rows, skip) ** 2).mean().backward()
    return [None if p.grad is None else p.grad.numpy().copy() for p in model.parameters()]

torch.manual_seed(rank)
alone = Net()
together = DistributedDataParallel(Net(), bucket_cap_mb=0.005, find_unused_parameters=True)
alone.load_state_dict(together.module.state_dict())
x = torch.tensor(np.random.default_rng(0).normal(size=(24, 32)).astype(np.float32))
for step in range(20):
    mine = gradients(together, x[rank::size])
    for got, expected in zip(mine, gradients(alone, x)):
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-6)
    everywhere = [None] * size
    dist.all_gather_object(everywhere, [g.tobytes() for g in mine])
    assert all(bits == everywhere[0] for bits in everywhere)

mine = gradients(together, x[rank::size], skip=rank)  # another layer on every rank
assert all(g is not None for g in mine)
assert gradients(together, x[rank::size], skip=0)[0] is None
print("well", flush=True)
"""


@pytest.mark.mpi
@pytest.mark.parametrize("size", [2, 3])
def test_many_buckets_between_processes(mpirun, no_leftovers, size):
    done = mpirun(size, SCRIPT, env={"PYTHONPATH": str(ROOT)})
    assert done.stdout.split() == ["well"] * size
