"""Every operator's samples, with torch as the oracle."""

from __future__ import annotations

import contextlib
import operator
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dtrain.autograd.run import grad as dtrain_grad
from dtrain.tensor.op import REGISTRY
from dtrain.tensor.tensor import Tensor
from tests import oracle
from tests.oracle import Absent, Run, assert_same, find, floating, method
from tests.samples import Call, Sample, Spec, all_samples

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.torch,
    # torch's own: deprecations, resized out=, casts that drop an imaginary part
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]

SAMPLES: dict[str, Sample] = {}
for _sample in all_samples():  # an operator may have several
    _count = sum(s.name == _sample.name for s in SAMPLES.values())
    SAMPLES[_sample.name + f"#{_count}" * (_count > 0)] = _sample
NAMES = sorted(SAMPLES)
ELEMENTWISE = [
    n for n in NAMES
    if n in REGISTRY and (REGISTRY[n].kind.fast == "unary" or REGISTRY[n].kind.broadcast)
]  # fmt: skip
GRAD_TYPE = {"float32": "float64", "complex64": "complex128"}


@pytest.fixture
def sample(name: str) -> Sample:
    return SAMPLES[name]


def calls(sample: Sample) -> list[Call]:
    return [c for c in sample.calls if c.error is None]


def expect(run: Run, grad: bool | int = False) -> tuple[Any, list[Any]]:
    """Return torch's result and inputs; skip what torch cannot do."""
    args, kw, tensors = run.made("torch", grad)
    try:
        return find("torch", run.sample.torch)(*args, **kw), tensors
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        raise Absent(str(error)) from None


def compute(run: Run, grad: bool | int = False) -> tuple[Any, list[Any]]:
    args, kw, tensors = run.made("dtrain", grad)
    return find("dtrain", run.sample.name)(*args, **kw), tensors


def check(run: Run, what: str) -> None:
    sample = run.sample
    expected, _ = expect(run)
    got, _ = compute(run)
    assert_same(sample.key(got), sample.key(expected), sample.tol, f"{run.call} {what}")


@pytest.mark.parametrize("name", NAMES)
def test_values_types_and_shapes(sample: Sample) -> None:
    for call in calls(sample):
        for dtype in sample.base:
            check(Run(sample, call, dtype), dtype)
        for dtype in sample.more:
            try:
                check(Run(sample, call, dtype), dtype)
            except Absent:
                continue


@pytest.mark.parametrize("name", NAMES)
def test_inputs_need_not_be_contiguous(sample: Sample) -> None:
    for call in calls(sample):
        with contextlib.suppress(Absent):
            check(Run(sample, call, sample.base[0], strided=True), "not contiguous")


def reshaped(value: Any, shape: tuple[int, ...]) -> Any:
    return replace(value, shape=shape) if isinstance(value, Spec) and value.shape else value


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("shape", [(), (0, 3)], ids=["0-d", "empty"])
def test_elementwise_operators_take_any_shape(sample: Sample, shape: tuple[int, ...]) -> None:
    for call in calls(sample):
        args = tuple(reshaped(a, shape) for a in call.args)
        kw = {k: reshaped(v, shape) for k, v in call.kw.items()}
        try:
            check(Run(sample, replace(call, args=args, kw=kw), sample.base[0]), str(shape))
        except Absent:
            continue


def weights(outputs: list[Any], side: str) -> list[Any]:
    """Return a fixed cotangent for each output."""
    found = []
    for i, t in enumerate(outputs):
        rng = np.random.default_rng(i)
        w = rng.uniform(0.5, 1.5, tuple(t.shape))
        if t.is_complex():
            w = w + 1j * rng.uniform(0.5, 1.5, tuple(t.shape))
        a = np.asarray(w).astype(np.complex128 if t.is_complex() else np.float64)
        w_ = oracle.to_torch(a) if side == "torch" else oracle.to_dtrain(a)
        found.append(w_.to(t.dtype))
    return found


def gradients(side: str, result: Any, inputs: list[Any], create_graph: bool) -> list[Any]:
    outputs = floating(result)
    wanted = [t for t in inputs if t.requires_grad]
    if not outputs or not wanted:
        return []
    grad = torch.autograd.grad if side == "torch" else dtrain_grad
    return list(
        grad(outputs, wanted, weights(outputs, side), create_graph=create_graph, allow_unused=True)
    )


def filled(found: list[Any], inputs: list[Any]) -> list[Any]:
    """Return gradients with zeros in place of None: which of the two it is says little."""
    wanted = [t for t in inputs if t.requires_grad]
    return [zeros(t) if g is None else g for g, t in zip(found, wanted, strict=True)]


def zeros(t: Any) -> Any:
    if isinstance(t, Tensor):
        return oracle.to_dtrain(np.zeros_like(t._a))
    return torch.zeros_like(t)


def differentiable(sample: Sample) -> bool:
    return sample.grad and any(b in ("float32", "float64", "complex64") for b in sample.base)


def grad_runs(sample: Sample) -> list[Run]:
    types = ["float64", *(t for t in sample.more if t == "complex128")]
    if not differentiable(sample):
        return []
    return [Run(sample, call, t) for call in calls(sample) for t in types]


@pytest.mark.parametrize("name", [n for n in NAMES if SAMPLES[n].grad])
def test_gradients(sample: Sample) -> None:
    for run in grad_runs(sample):
        try:
            expected, theirs = expect(run, grad=True)
        except Absent:
            continue
        got, ours = compute(run, grad=True)
        what = f"{run.call} {run.dtype}"
        assert len(floating(got)) == len(floating(expected)), f"{what}: requires_grad"
        if not floating(expected):
            continue
        second = sample.gradgrad and run.call.gradgrad
        try:
            want = filled(gradients("torch", expected, theirs, second), theirs)
        except RuntimeError:  # torch has no gradient for this mixture of types
            continue
        have = filled(gradients("dtrain", got, ours, False), ours)
        assert_same(have, want, run.tol, f"{what} gradient")
        if not second:
            continue
        again, ours = compute(run, grad=True)
        have = filled(gradients("dtrain", again, ours, True), ours)
        assert_same(have, want, run.tol, f"{what} gradient under create_graph")
        want = gradients("torch", want, theirs, False)
        have = gradients("dtrain", have, ours, False)
        if want:
            have = filled(have, ours) if have else [zeros(t) for t in ours if t.requires_grad]
            assert_same(have, filled(want, theirs), 10 * run.tol, f"{what} second gradient")


@pytest.mark.parametrize("name", [n for n in NAMES if SAMPLES[n].grad])
def test_gradients_of_one_input(sample: Sample) -> None:
    for run in grad_runs(sample):
        if len(run.specs) < 2:
            continue
        for chosen in range(1, len(run.specs) + 1):
            try:
                expected, theirs = expect(run, grad=chosen)
                want = gradients("torch", expected, theirs, False)
            except (Absent, RuntimeError):
                continue
            if want:
                got, ours = compute(run, grad=chosen)
                have = filled(gradients("dtrain", got, ours, False), ours)
                assert_same(have, filled(want, theirs), run.tol, f"{run.call}, input {chosen}")


@pytest.mark.parametrize("name", [n for n in NAMES if SAMPLES[n].method])
def test_methods(sample: Sample) -> None:
    short = sample.torch.rpartition(".")[2]
    for call in calls(sample):
        run = Run(sample, call, sample.base[0])
        args, kw, _ = run.made("torch", grad=False)
        try:
            expected = method("torch", short)(*args, **kw)
        except (Absent, TypeError, RuntimeError, AttributeError):
            continue
        args, kw, _ = run.made("dtrain", grad=False)
        got = method("dtrain", short)(*args, **kw)
        assert_same(sample.key(got), sample.key(expected), sample.tol, f"{call} method")


@pytest.mark.parametrize("name", [n for n in NAMES if SAMPLES[n].inplace])
def test_changes_in_place(sample: Sample) -> None:
    name = sample.torch.rpartition(".")[2] + "_"
    for call in calls(sample):
        for dtype in dict.fromkeys((sample.base[0], *sample.base)):
            run = Run(sample, call, dtype)
            args, kw, tensors = run.made("torch", grad=False)
            try:
                expected = method("torch", name)(*args, **kw)
            except (Absent, TypeError, RuntimeError):
                continue
            assert expected is tensors[0]
            args, kw, ours = run.made("dtrain", grad=False)
            got = method("dtrain", name)(*args, **kw)
            assert got is ours[0]
            assert_same(got, expected, sample.tol, f"{call} in place")


@pytest.mark.parametrize("name", [n for n in NAMES if SAMPLES[n].inplace and SAMPLES[n].grad])
def test_gradients_through_changes_in_place(sample: Sample) -> None:
    name = sample.torch.rpartition(".")[2] + "_"
    for run in grad_runs(sample):
        results = []
        for side in ("torch", "dtrain"):
            args, kw, tensors = run.made(side, grad=True)
            if not args or args[0] is not tensors[0]:
                break
            changed = args[0].clone()
            try:
                result = method(side, name)(changed, *args[1:], **kw)
                found = gradients(side, result, tensors, False)
            except (Absent, TypeError, RuntimeError):
                if side == "torch":
                    break
                raise
            if not found:
                break
            results.append(filled(found, tensors))
        if len(results) == 2:
            assert_same(results[1], results[0], run.tol, f"{run.call} in place, gradient")


@pytest.mark.parametrize("name", [n for n in NAMES if SAMPLES[n].out])
def test_out(sample: Sample) -> None:
    for call in calls(sample):
        run = Run(sample, call, sample.base[0])
        try:
            plain, _ = expect(run)
        except Absent:
            continue
        if not isinstance(plain, torch.Tensor):
            continue
        args, kw, _ = run.made("torch", grad=False)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                find("torch", sample.torch)(*args, **kw, out=torch.empty_like(plain))
        except (TypeError, RuntimeError):
            continue
        args, kw, _ = run.made("dtrain", grad=False)
        first = find("dtrain", sample.name)(*args, **kw)
        out = oracle.to_dtrain(np.zeros(first._a.shape, first._a.dtype))
        got = find("dtrain", sample.name)(*args, **kw, out=out)
        assert got is out
        assert_same(sample.key(out), sample.key(plain), sample.tol, f"{call} out=")


OPERATORS = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "floor_divide": operator.floordiv, "remainder": operator.mod, "pow": operator.pow,
    "matmul": operator.matmul, "bitwise_and": operator.and_, "bitwise_or": operator.or_,
    "bitwise_xor": operator.xor, "bitwise_left_shift": operator.lshift,
    "bitwise_right_shift": operator.rshift, "eq": operator.eq, "ne": operator.ne,
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip


def applied(run: Run, side: str, swap: bool) -> Any:
    """Return (result, gradients) of a Python operator, or None where torch refuses it."""
    args, kw, tensors = run.made(side, grad=True)
    if kw or len(args) != 2:
        return None
    try:
        got = OPERATORS[run.sample.name](*(args[::-1] if swap else args))
        return got, filled(gradients(side, got, tensors, False), tensors) if floating(got) else []
    except (RuntimeError, TypeError):
        if side == "torch":
            return None
        raise


@pytest.mark.parametrize("name", OPERATORS)
def test_python_operators(sample: Sample) -> None:
    for call in calls(sample):
        run = Run(sample, call, sample.base[0])
        for swap in (False, True):
            expected = applied(run, "torch", swap)
            if expected is not None:
                got = applied(run, "dtrain", swap)
                assert_same(got, expected, 4 * run.tol, f"{call} operator")


@pytest.mark.parametrize("value", [None, "text", object()], ids=["None", "str", "object"])
def test_operators_leave_strangers_to_python(value: Any) -> None:
    t = oracle.to_dtrain(np.ones(2, np.float32))
    assert (t == value) is False
    assert (t != value) is True
    with pytest.raises(TypeError):
        t + value
    with pytest.raises(TypeError):
        value * t


@pytest.mark.parametrize(
    "name", [n for n in NAMES if any(c.error is not None for c in SAMPLES[n].calls)]
)
def test_errors(sample: Sample) -> None:
    for call in sample.calls:
        if call.error is None:
            continue
        run = Run(sample, call, sample.base[0])
        for side, name in (("torch", sample.torch), ("dtrain", sample.name)):
            args, kw, _ = run.made(side, grad=False)
            with pytest.raises(call.error, match=call.match):
                find(side, name)(*args, **kw)


def test_every_operator_has_a_sample() -> None:
    tested = {s.name.rpartition(".")[2] for s in SAMPLES.values()}
    for s in SAMPLES.values():
        tested.add(s.name.replace(".", "_"))
    public = {
        name for name, op in REGISTRY.items() if op.kind.method and hasattr(torch.Tensor, name)
    }
    missing = sorted(public - tested)
    assert not missing, f"operators without a sample: {missing}"
    assert isinstance(oracle.to_dtrain(np.zeros(1)), Tensor)
