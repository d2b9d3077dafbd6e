"""What the base gives to all distributions."""

from __future__ import annotations

import importlib
import pkgutil
from types import MappingProxyType

import pytest

import dtrain

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def test_all_names_of_torch_are_there() -> None:
    assert set(torch.distributions.__all__) <= set(dtrain.distributions.__all__)


def test_all_modules_of_torch_are_there() -> None:
    for info in pkgutil.iter_modules(torch.distributions.__path__):
        if not info.name.startswith("_"):
            ours = importlib.import_module(f"dtrain.distributions.{info.name}")
            assert getattr(dtrain.distributions, info.name) is ours
            for name in importlib.import_module(f"torch.distributions.{info.name}").__all__:
                assert hasattr(ours, name), name


@pytest.mark.parametrize("value", [(2,), (3, 2)])
def test_values_of_another_shape_are_refused_in_torchs_words(value) -> None:
    for t in (torch, dtrain):
        D = t.distributions
        with pytest.raises(ValueError, match="right-most size of value must match event_shape"):
            D.Dirichlet(t.ones(3)).log_prob(t.ones(value))
        with pytest.raises(ValueError, match="not broadcastable with batch_shape"):
            D.Normal(t.zeros(5), 1.0).log_prob(t.zeros(value))
        with pytest.raises(ValueError, match="must be a Tensor"):
            D.Normal(t.zeros(5), 1.0).log_prob(0.0)


def test_own_distributions_need_no_more_than_they_use() -> None:
    D = dtrain.distributions

    class Constant(D.Distribution):
        arg_constraints = MappingProxyType({})

        @property
        def mean(self):
            return 3.0

    d = Constant()
    assert (d.mean, repr(d)) == (3.0, "Constant()")
    for call in (d.entropy, d.rsample, lambda: d.variance, lambda: d.cdf(1.0), lambda: d.icdf(0.5)):
        with pytest.raises(NotImplementedError):
            call()


def test_validation_by_default() -> None:
    D = dtrain.distributions
    D.Distribution.set_default_validate_args(False)
    try:
        D.Normal(0.0, -1.0)
    finally:
        D.Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="Expected parameter scale"):
        D.Normal(0.0, -1.0)
    with pytest.raises(ValueError, match="expected a bool"):
        D.Distribution.set_default_validate_args("yes")


def test_what_lacks_constraints_warns() -> None:
    D = dtrain.distributions

    class Bare(D.Distribution):
        pass

    with pytest.warns(UserWarning, match="does not define `arg_constraints`"):
        Bare()


def test_perplexity_and_sample_n() -> None:
    d = dtrain.distributions.Categorical(dtrain.ones(8))
    assert d.perplexity().item() == pytest.approx(8)
    with pytest.warns(FutureWarning, match="sample_n"):
        assert tuple(d.sample_n(3).shape) == (3,)


def test_samples_of_float32_parameters_are_float32() -> None:
    D = dtrain.distributions
    for d in (D.Normal(0.0, 1.0), D.Gamma(1.0, 1.0), D.Beta(1.0, 2.0), D.Poisson(3.0),
              D.Binomial(3, 0.5), D.StudentT(3.0), D.VonMises(0.0, 1.0)):  # fmt: skip
        assert d.sample((2,)).dtype is dtrain.float32
