"""Tests of dtrain.masked; that its functions agree with torch is tested with the samples."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from dtrain import masked


@pytest.mark.parametrize("name", ["sum", "mean", "amax", "var", "logsumexp", "prod", "norm"])
def test_a_mask_has_the_effect_of_leaving_elements_out(name: str) -> None:
    x = np.random.default_rng(0).normal(size=9).astype("f4")
    keep = np.array([1, 0, 1, 1, 0, 1, 1, 0, 1], bool)
    fn = getattr(masked, name)
    with_mask = fn(dtrain.tensor(x), mask=dtrain.tensor(keep))
    np.testing.assert_allclose(with_mask.numpy(), fn(dtrain.tensor(x[keep])).numpy(), rtol=1e-5)


def test_what_is_left_out_gets_no_gradient() -> None:
    x = dtrain.arange(4.0).requires_grad_()
    masked.mean(x, mask=dtrain.tensor([True, False, True, False])).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [0.5, 0, 0.5, 0])


def test_names_are_those_of_torch() -> None:
    torch = pytest.importorskip("torch")
    ours = set(masked.__all__)
    assert set(torch.masked.__all__) - ours <= {
        "MaskedTensor", "as_masked_tensor", "is_masked_tensor", "masked_tensor",
    }  # fmt: skip
