"""What the samples in tests/samples/nn_*.py cannot say about nn.functional."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain.nn import functional as fn
from dtrain.nn.functional import toplevel
from tests.oracle import to_dtrain, to_torch

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

# Kernels of torch that this library does not have: low-precision and grouped matrix products.
LEFT_OUT = {"grouped_mm", "scaled_grouped_mm", "scaled_mm"}


def draw(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape)


def test_has_every_function_of_torch() -> None:
    source = torch.nn.functional
    public = {
        name
        for name, value in vars(source).items()
        if not name.startswith("_")
        and isinstance(value, (types.FunctionType, types.BuiltinFunctionType))
        and getattr(value, "__module__", None) in (None, source.__name__, "torch._C._nn")
    }
    helpers = {name for name in public if "torch_function" in name or name == "boolean_dispatch"}
    public -= helpers | {"assert_int_or_pair"}
    assert public - LEFT_OUT - set(vars(fn)) == set()


@pytest.mark.parametrize(
    "name",
    ["relu", "relu6", "leaky_relu", "hardtanh", "hardsigmoid", "hardswish", "elu", "celu", "selu",
     "silu", "mish"],
)  # fmt: skip
def test_inplace_returns_the_input_and_keeps_the_gradient(name: str) -> None:
    array = draw(3, 4) * 3
    x, y = to_dtrain(array).requires_grad_(), to_torch(array).requires_grad_()
    mine, theirs = x * 2, y * 2
    result = getattr(fn, name)(mine, inplace=True)
    assert result is mine
    result.square().sum().backward()
    getattr(torch.nn.functional, name)(theirs, inplace=True).square().sum().backward()
    np.testing.assert_allclose(result.detach().numpy(), theirs.detach().numpy(), rtol=1e-9)
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-6)


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (2, 3, 4, 5)])
def test_batch_norm_tracks_running_statistics_as_torch(shape: tuple[int, ...]) -> None:
    array, mean, var = draw(*shape), draw(3, seed=1), abs(draw(3, seed=2))
    held = [to_dtrain(mean), to_dtrain(var)]
    theirs = [to_torch(mean), to_torch(var)]
    for training in (True, True, False):
        mine = fn.batch_norm(to_dtrain(array), *held, training=training, momentum=0.3)
        expected = torch.nn.functional.batch_norm(
            to_torch(array), *theirs, training=training, momentum=0.3
        )
        np.testing.assert_allclose(mine.numpy(), expected.numpy(), rtol=1e-9)
        for a, b in zip(held, theirs, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)


def test_batch_norm_writes_running_statistics_in_place() -> None:
    mean, var = dtrain.zeros(3), dtrain.ones(3)
    memory, version = mean.data_ptr(), mean._version
    fn.batch_norm(dtrain.randn(4, 3), mean, var, training=True)
    assert mean.data_ptr() == memory
    assert mean._version == version + 1


def test_instance_norm_tracks_running_statistics_as_torch() -> None:
    array, mean, var = draw(2, 3, 4), draw(3, seed=1), abs(draw(3, seed=2))
    held, theirs = [to_dtrain(mean), to_dtrain(var)], [to_torch(mean), to_torch(var)]
    for stats in (True, False):
        mine = fn.instance_norm(to_dtrain(array), *held, use_input_stats=stats)
        expected = torch.nn.functional.instance_norm(
            to_torch(array), *theirs, use_input_stats=stats
        )
        np.testing.assert_allclose(mine.numpy(), expected.numpy(), rtol=1e-9)
    for a, b in zip(held, theirs, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)


@pytest.mark.parametrize("name", ["dropout", "dropout2d", "alpha_dropout", "feature_alpha_dropout"])
def test_dropout_draws_torch_masks(name: str) -> None:
    array = np.ones((2, 50, 3, 3), np.float32)
    dtrain.manual_seed(3)
    torch.manual_seed(3)
    mine = getattr(fn, name)(to_dtrain(array), 0.3, True).numpy()
    expected = getattr(torch.nn.functional, name)(to_torch(array), 0.3, True).numpy()
    if not np.array_equal(mine != 1, expected != 1):
        assert torch.backends.mkl.is_available()  # MKL has a generator of its own
        pytest.skip("this build of torch draws from MKL")
    np.testing.assert_allclose(mine, expected, rtol=1e-6)


def test_channel_dropout_takes_whole_channels_and_keeps_the_mean() -> None:
    dtrain.manual_seed(0)
    made = fn.dropout2d(dtrain.ones(50, 40, 2, 2), 0.25).numpy()
    flat = made.reshape(2000, 4)
    assert (flat == flat[:, :1]).all()
    assert set(np.unique(flat).round(6)) == {0.0, np.float32(4 / 3).round(6)}
    assert abs(made.mean() - 1) < 0.05


def test_rrelu_draws_slopes_between_its_bounds() -> None:
    x = dtrain.full((1000,), -1.0).requires_grad_()
    y = fn.rrelu(x, 0.2, 0.4, training=True)
    y.sum().backward()
    slopes = -y.detach().numpy()
    assert 0.2 <= slopes.min() < 0.22
    assert 0.38 < slopes.max() <= 0.4
    np.testing.assert_allclose(x.grad.numpy(), slopes)


def test_gumbel_softmax_samples_the_categories() -> None:
    dtrain.manual_seed(0)
    logits = dtrain.tensor([0.1, 0.2, 0.7]).log().expand(4000, 3).requires_grad_()
    hard = fn.gumbel_softmax(logits, hard=True)
    np.testing.assert_allclose(hard.detach().numpy().mean(0), [0.1, 0.2, 0.7], atol=0.03)
    assert (hard.detach().numpy().round(5).max(1) == 1).all()
    assert hard.requires_grad


def test_embedding_scales_rows_down_to_max_norm() -> None:
    table, index = draw(6, 4) * 3, np.array([1, 4, 1])
    mine, theirs = to_dtrain(table), to_torch(table)
    got = fn.embedding(to_dtrain(index), mine, max_norm=1.0)
    want = torch.nn.functional.embedding(to_torch(index), theirs, max_norm=1.0)
    np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-6)
    np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-6)


def test_ctc_loss_takes_targets_in_one_line() -> None:
    array = draw(6, 2, 5)
    rest = (np.array([1, 2, 1, 3, 4]), np.array([6, 5]), np.array([3, 2]))
    mine = fn.ctc_loss(to_dtrain(array), *map(to_dtrain, rest))
    want = torch.nn.functional.ctc_loss(to_torch(array), *map(to_torch, rest))
    np.testing.assert_allclose(mine.numpy(), want.numpy(), rtol=1e-9)


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("mask", ["padding", "added", "bool"])
def test_attention_masks_of_many_heads(mask: str, need_weights: bool) -> None:
    q, kv = draw(3, 2, 8), draw(5, 2, 8, seed=1)
    weights = [draw(24, 8, seed=2), draw(24, seed=3), draw(8, 8, seed=4), draw(8, seed=5)]
    masks: dict[str, Any] = {
        "padding": {"key_padding_mask": np.array([[0, 0, 1, 0, 0], [0, 0, 0, 0, 1]]) > 0},
        "added": {"attn_mask": draw(3, 5, seed=6)},
        "bool": {"attn_mask": draw(3, 5, seed=6) > 0.8},
    }

    def run(to: Any, functions: Any) -> list[Any]:
        w = [to(a) for a in weights]
        made = functions.multi_head_attention_forward(
            to(q), to(kv), to(kv), 8, 2, w[0], w[1], None, None, False, 0.0, w[2], w[3],
            need_weights=need_weights, **{k: to(v) for k, v in masks[mask].items()},
        )  # fmt: skip
        return [None if t is None else t.numpy() for t in made]

    for mine, theirs in zip(run(to_dtrain, fn), run(to_torch, torch.nn.functional), strict=True):
        assert (mine is None) == (theirs is None)
        if mine is not None:
            np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12)


def test_large_batches_are_convolved_in_blocks() -> None:
    x, w = draw(40, 8, 30, 30).astype("f"), draw(4, 8, 3, 3, seed=1).astype("f")
    mine = [to_dtrain(a).requires_grad_() for a in (x, w)]
    theirs = [to_torch(a).requires_grad_() for a in (x, w)]
    fn.conv2d(*mine).square().sum().backward()
    torch.nn.functional.conv2d(*theirs).square().sum().backward()
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-3, atol=1e-2)


def test_toplevel_spellings_take_torch_arguments() -> None:
    x, index = draw(4, 3), np.array([0, 2, 2])
    pairs = [
        (toplevel.batch_norm, torch.batch_norm, (None, None, None, None, True, 0.1, 1e-5, False)),
        (toplevel.softmax, torch.softmax, (1,)),
        (toplevel.log_softmax, torch.log_softmax, (0,)),
        (toplevel.embedding, torch.embedding, (index,)),
    ]
    for mine, theirs, rest in pairs:
        arrays = [a if isinstance(a, np.ndarray) else None for a in rest]
        got = mine(
            to_dtrain(x),
            *[r if a is None else to_dtrain(a) for r, a in zip(rest, arrays, strict=True)],
        )
        want = theirs(
            to_torch(x),
            *[r if a is None else to_torch(a) for r, a in zip(rest, arrays, strict=True)],
        )
        np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-9, atol=1e-12)
