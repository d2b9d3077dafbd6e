"""The same distribution in dtrain and in torch, and what must agree between the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import dtrain
from tests.oracle import assert_same

torch = pytest.importorskip("torch")

Build = Callable[[Any, Callable[..., Any]], Any]  # (the torch-shaped module, array -> tensor)


@dataclass(frozen=True)
class Case:
    """A distribution, and values at which its functions are compared.

    Attributes:
        name: What pytest shows.
        build: build(module, p) makes the distribution; p(values) is a parameter.
        value: Where log_prob and cdf are compared, in float64; None for samples of torch's.
        loose: Factor on the tolerances.
        spread: Whether the mean and variance of samples are compared.
    """

    name: str
    build: Build
    value: Any = None
    loose: float = 1.0
    spread: bool = True
    dtype: str = "float64"
    skip: frozenset[str] = field(default_factory=frozenset)


def case(name: str, build: Build, value: Any = None, **how: Any) -> Any:
    return pytest.param(
        Case(name, build, value, skip=frozenset(how.pop("skip", ())), **how), id=name
    )


def cases(*found: Any) -> Any:
    """Parametrize a test by cases."""
    return pytest.mark.parametrize("case", found)


def made(case: Case) -> tuple[Any, Any, list[Any], list[Any]]:
    """Return torch's distribution, dtrain's, and the parameters of each."""
    sides = []
    for module in (torch, dtrain):
        parameters: list[Any] = []

        def p(values: Any, module: Any = module, parameters: list[Any] = parameters) -> Any:
            t = module.tensor(np.asarray(values, case.dtype), requires_grad=True)
            parameters.append(t)
            return t

        sides.append((case.build(module, p), parameters))
    (theirs, a), (ours, b) = sides
    return theirs, ours, a, b


def result(fn: Callable[[], Any]) -> Any:
    """Return what a call gives, or None where the distribution has no such thing."""
    try:
        return fn()
    except (NotImplementedError, AttributeError):
        return None


def gradients(y: Any, parameters: list[Any], module: Any) -> list[Any]:
    if not getattr(y, "requires_grad", False):
        return []
    try:
        found = module.autograd.grad(y.sum(), parameters, allow_unused=True, retain_graph=True)
    except NotImplementedError:  # torch has none
        return []
    return [t.detach() * 0 if g is None else g for g, t in zip(found, parameters, strict=True)]


def agree(case: Case, what: str, theirs: Any, ours: Any, a: list[Any], b: list[Any]) -> None:
    """Compare a value and its gradients; torch's None says that it has none."""
    if theirs is None or what in case.skip:
        return
    assert_same(ours, theirs, case.loose, what)
    expected = gradients(theirs, a, torch)
    if "gradient" in case.skip:
        return
    if expected and all(bool(torch.isfinite(g).all()) for g in expected):
        assert_same(gradients(ours, b, dtrain), expected, 10 * case.loose, f"{what}, gradient")


def check_moments(case: Case) -> None:
    theirs, ours, a, b = made(case)
    for name in ("mean", "mode", "variance", "stddev"):
        if name in ("mode", "stddev") and name in case.skip:
            continue
        agree(
            case, name, result(lambda n=name: getattr(theirs, n)),
            result(lambda n=name: getattr(ours, n)), a, b,
        )  # fmt: skip
    agree(case, "entropy", result(theirs.entropy), result(ours.entropy), a, b)


def values(case: Case, theirs: Any) -> Any:
    if case.value is not None:
        return torch.tensor(np.asarray(case.value, case.dtype))
    torch.manual_seed(0)
    return theirs.sample((3,)).detach()


def check_functions(case: Case) -> None:
    theirs, ours, a, b = made(case)
    at = values(case, theirs)
    mine = dtrain.tensor(at.numpy().copy())
    agree(case, "log_prob", theirs.log_prob(at), ours.log_prob(mine), a, b)
    if result(lambda: theirs.cdf(at)) is not None:
        agree(case, "cdf", theirs.cdf(at), ours.cdf(mine), a, b)
    u = np.linspace(0.1, 0.9, 3, dtype=case.dtype).reshape(3, *(1,) * len(theirs.batch_shape))
    expected = result(lambda: theirs.icdf(torch.tensor(u)))
    if expected is not None:
        agree(case, "icdf", expected, ours.icdf(dtrain.tensor(u)), a, b)


def check_shape_and_text(case: Case) -> None:
    theirs, ours, _, _ = made(case)
    assert tuple(ours.batch_shape) == tuple(theirs.batch_shape)
    assert tuple(ours.event_shape) == tuple(theirs.event_shape)
    assert ours.has_rsample == theirs.has_rsample
    assert ours.has_enumerate_support == theirs.has_enumerate_support
    if "repr" not in case.skip:
        assert repr(ours) == repr(theirs)
    sets = [repr(result(lambda d=d: d.support)) for d in (ours, theirs)]
    if "tensor" not in sets[1] and "support" not in case.skip:
        assert sets[0] == sets[1]


def check_expand(case: Case) -> None:
    theirs, ours, a, b = made(case)
    shape = (2, *theirs.batch_shape)
    wide, mine = theirs.expand(shape), ours.expand(shape)
    assert tuple(mine.batch_shape) == shape
    at = values(case, theirs)
    at = at[:1] if at.dim() > len(theirs.batch_shape) + len(theirs.event_shape) else at[None]
    wanted = wide.log_prob(at.expand((2, *at.shape[1:])))
    got = mine.log_prob(dtrain.tensor(at.numpy().copy()).expand((2, *at.shape[1:])))
    agree(case, "log_prob of the expanded", wanted, got, a, b)
    assert tuple(mine.sample((5,)).shape) == (5, *shape, *theirs.event_shape)


def check_samples(case: Case, count: int = 20_000) -> None:
    theirs, ours, _, parameters = made(case)
    dtrain.manual_seed(1)
    drawn = ours.sample((count,))
    assert not drawn.requires_grad
    assert tuple(drawn.shape) == (count, *theirs.batch_shape, *theirs.event_shape)
    assert bool(ours.support.check(drawn[:100]).all())
    x = np.asarray(drawn._a, np.float64)
    if case.spread:
        mean, var = theirs.mean.detach().numpy(), theirs.variance.detach().numpy()
        tolerance = 6 * np.sqrt(var / count) + 1e-6
        assert (np.abs(x.mean(0) - mean) < tolerance).all(), (x.mean(0), mean)
        np.testing.assert_allclose(x.var(0), var, rtol=0.25)
    dtrain.manual_seed(1)
    again = ours.sample((count,))
    assert bool((drawn == again).all())
    if ours.has_rsample:
        y = ours.rsample((2,))
        assert y.requires_grad
        found = dtrain.autograd.grad(y.sum(), parameters, allow_unused=True)
        assert any(g is not None for g in found)
        assert all(bool(dtrain.isfinite(g).all()) for g in found if g is not None)


def check_mean_gradient(case: Case, power: int = 2, count: int = 50_000) -> None:
    """The gradient of the average of x**power is near that of its expectation."""
    _, ours, _, parameters = made(case)
    dtrain.manual_seed(2)
    x = ours.rsample((count,))
    got = dtrain.autograd.grad((x**power).mean(0).sum(), parameters)
    _, ours, _, parameters = made(case)
    expected = dtrain.autograd.grad(
        (ours.variance + ours.mean**2 if power == 2 else ours.mean).sum(), parameters
    )
    for g, e in zip(got, expected, strict=True):
        np.testing.assert_allclose(g._a, e._a, rtol=0.1, atol=0.05)


def standard_tests(*found: Any) -> dict[str, Any]:
    """Return the tests that every family has, for a module's namespace."""

    @cases(*found)
    def test_moments_and_entropy(case: Case) -> None:
        check_moments(case)

    @cases(*found)
    def test_log_prob_and_cdf(case: Case) -> None:
        check_functions(case)

    @cases(*found)
    def test_shapes_and_text(case: Case) -> None:
        check_shape_and_text(case)

    @cases(*found)
    def test_expand(case: Case) -> None:
        check_expand(case)

    @cases(*found)
    def test_samples(case: Case) -> None:
        check_samples(case)

    return {name: fn for name, fn in locals().items() if name.startswith("test_")}
