"""Every operator, the engine and training steps on a device that is not NumPy."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import dtrain as torch
from dtrain.backend.module import to_host
from dtrain.tensor.tensor import Tensor
from tests.fake_device import FakeArray, back, fake, on_fake
from tests.samples import Call, Sample, all_samples

pytest.importorskip("torch")  # the samples are filled by tests.oracle, which needs it
from tests.oracle import Absent, Run, find

# NumPy warns of log(0) and the like; dtrain silences it in its own modules, not in the fake one.
pytestmark = [
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

CALLS = [
    pytest.param(s, c, id=f"{s.name}-{i}")
    for s in all_samples()
    for i, c in enumerate(s.calls)
    if c.error is None
]


@pytest.fixture(autouse=True)
def cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let device "cuda" be the fake one."""
    monkeypatch.setattr("dtrain.backend.cupy_.load", lambda: fake)


def tensors_in(value: Any) -> list[Tensor]:
    """Return the tensors in nested tuples and lists."""
    if isinstance(value, Tensor):
        return [value]
    return [t for v in value for t in tensors_in(v)] if isinstance(value, (tuple, list)) else []


def moved(value: Any, to: dict[int, Tensor]) -> Any:
    """Return arguments with each CPU tensor replaced by its copy on the device."""
    if isinstance(value, Tensor):
        return to.setdefault(id(value), on_fake(value))
    if isinstance(value, (tuple, list)):
        return type(value)(moved(v, to) for v in value)
    if isinstance(value, dict):
        return {k: moved(v, to) for k, v in value.items()}
    return value


def walk(outputs: list[Tensor]) -> None:
    """Run backward from all outputs that have a history, with ones."""
    roots = [t for t in outputs if t.requires_grad and t.grad_fn is not None]
    if roots:
        torch.autograd.backward(roots, [torch.ones_like(t) for t in roots])


@pytest.mark.parametrize(("sample", "call"), CALLS)
def test_operator(sample: Sample, call: Call) -> None:
    dtype = sample.base[0]
    try:
        fn = find("dtrain", sample.name)
    except Absent:
        pytest.skip("a form that dtrain has not")
    args, kw, inputs = Run(sample, call, dtype).made("dtrain", grad=sample.grad)
    there: dict[int, Tensor] = {}
    far_args, far_kw = moved(args, there), moved(kw, there)
    if not there:
        pytest.skip("makes a tensor of its own, on the default device")
    torch.manual_seed(0)
    here = tensors_in(fn(*args, **kw))
    torch.manual_seed(0)
    far = tensors_in(fn(*far_args, **far_kw))
    assert len(far) == len(here)
    for a, b in zip(far, here, strict=True):
        assert isinstance(a._a, FakeArray), "the result has left the device"
        assert a.dtype is b.dtype
        np.testing.assert_array_equal(back(a), b._a)
    walk(here)
    walk(far)
    for t in inputs:
        other = there[id(t)]
        if t._more is None or t._more.grad is None:
            continue
        g = other.grad
        assert g is not None
        assert isinstance(g._a, FakeArray), "the gradient has left the device"
        np.testing.assert_array_equal(back(g), to_host(t.grad._a))


def pair(*shape: int, grad: bool = True) -> tuple[Tensor, Tensor]:
    """Return a leaf on the CPU and its copy on the device."""
    torch.manual_seed(sum(shape))
    t = torch.randn(*shape, requires_grad=grad)
    return t, on_fake(t)


def same(far: Any, here: Any) -> None:
    assert isinstance(far._a, FakeArray)
    np.testing.assert_array_equal(back(far), here.detach().numpy())


def test_gradients_accumulate() -> None:
    here, far = pair(3, 4)
    for x in (here, far):
        (x * x).sum().backward()
        (x * 2).sum().backward()
    same(far.grad, here.grad)


def test_gradients_of_gradients() -> None:
    here, far = pair(3, 4)
    for x in (here, far):
        (g,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
        (g * g).sum().backward()
    same(far.grad, here.grad)


def test_changes_in_place_and_views() -> None:
    here, far = pair(4, 4)
    for x in (here, far):
        y = x * 2
        y[1:3].mul_(x[1:3])
        y.t()[0] += 1
        y.sum().backward()
    same(far.grad, here.grad)


def test_a_view_knows_its_base() -> None:
    _, far = pair(4, 4, grad=False)
    view = far[1:]
    view.add_(1)
    assert view._base is far
    assert far._version == 1


def test_hooks_and_retained_gradients() -> None:
    here, far = pair(3)
    kept = []
    for x in (here, far):
        y = x * 3
        y.retain_grad()
        x.register_hook(lambda g: g * 2)
        (y * y).sum().backward()
        kept.append(y.grad)
    same(far.grad, here.grad)
    same(kept[1], kept[0])


def test_a_cpu_scalar_goes_anywhere() -> None:
    here, far = pair(3)
    same(far * torch.tensor(2.0), here * 2)


def test_moving_there_and_back() -> None:
    here, _ = pair(3, 4)
    far = here.cuda()
    assert str(far.device) == "cuda:0"
    assert far.is_cuda
    (far * 3).sum().backward()
    same(far, here)
    assert here.grad is not None
    assert here.grad.is_cpu
    assert here.grad.tolist() == torch.full((3, 4), 3.0).tolist()
    assert far.cpu().tolist() == here.tolist()


def test_making_tensors_there() -> None:
    same(torch.zeros(2, 3, device="cuda"), torch.zeros(2, 3))
    same(torch.arange(5, device="cuda"), torch.arange(5))
    same(torch.linspace(0, 1, 5, device="cuda"), torch.linspace(0, 1, 5))
    same(torch.tensor([1.0, 2.0], device="cuda:0"), torch.tensor([1.0, 2.0]))
    same(torch.ones_like(torch.zeros(2, device="cuda")), torch.ones(2))
    same(torch.zeros(2, device="cuda").new_full((3,), 7.0), torch.full((3,), 7.0))
    with torch.device("cuda"):
        same(torch.eye(3), torch.eye(3, device="cpu"))


def test_random_numbers_are_the_same_there() -> None:
    torch.manual_seed(1)
    here = [torch.rand(3), torch.randn(20), torch.randperm(5), torch.zeros(4).uniform_()]
    torch.manual_seed(1)
    far = [torch.rand(3, device="cuda"), torch.randn(20, device="cuda")]
    far += [torch.randperm(5, device="cuda"), torch.zeros(4, device="cuda").uniform_()]
    for a, b in zip(far, here, strict=True):
        same(a, b)


def test_storage_there() -> None:
    _, far = pair(4, grad=False)
    assert str(far.storage().device) == "cuda:0"
    assert "device=cuda:0" in repr(far.storage())
    assert far[1:].storage_offset() == 1
    assert far.storage().cpu().tolist() == far.tolist()


def test_devices_do_not_mix() -> None:
    here, far = pair(3)
    with pytest.raises(RuntimeError, match="expected all tensors to be on the same device"):
        far + here


def test_values_leave_on_request_only() -> None:
    _, far = pair(3, grad=False)
    with pytest.raises(TypeError, match=r"Use Tensor\.cpu\(\)"):
        far.numpy()
    assert far.tolist() == back(far).tolist()
    assert far.sum().item() == pytest.approx(back(far).sum(), rel=1e-6)


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "AdamW"])
def test_training_steps(optimizer: str) -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    twin = copy.deepcopy(model)
    for p in twin.parameters():
        p._a = FakeArray(p._a)
    inputs, target = torch.randn(5, 4), torch.randint(3, (5,))
    losses = []
    for net, x, y in ((model, inputs, target), (twin, on_fake(inputs), on_fake(target))):
        step = getattr(torch.optim, optimizer)(net.parameters(), lr=0.1)
        for _ in range(3):
            step.zero_grad()
            loss = torch.nn.functional.cross_entropy(net(x), y)
            loss.backward()
            step.step()
        losses.append(loss)
    same(losses[1], losses[0])
    for p, q in zip(twin.parameters(), model.parameters(), strict=True):
        same(p, q)
