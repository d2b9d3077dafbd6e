"""How divergences are found."""

from __future__ import annotations

import pytest

import dtrain
from tests.distributions.divergences import MEMBERS

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def test_all_families_of_torchs_rules_are_tested() -> None:
    names = {c.__name__ for pair in torch.distributions.kl._KL_REGISTRY for c in pair}
    assert names - set(MEMBERS) == {"ExponentialFamily"}


def test_a_pair_without_a_rule() -> None:
    D = dtrain.distributions
    with pytest.raises(NotImplementedError, match="No KL"):
        D.kl_divergence(D.Poisson(dtrain.tensor(1.0)), D.Normal(0.0, 1.0))


def test_own_rules_serve_subclasses() -> None:
    D = dtrain.distributions

    class Mine(D.Normal):
        pass

    class More(Mine):
        pass

    @D.register_kl(Mine, D.Normal)
    def rule(p, q):
        return "mine"

    assert D.kl_divergence(More(0.0, 1.0), D.Normal(0.0, 1.0)) == "mine"
    assert D.kl_divergence(D.Normal(0.0, 1.0), More(0.0, 1.0)).item() == 0
    with pytest.raises(TypeError, match="Expected type_p to be a Distribution"):
        D.register_kl(int, D.Normal)
