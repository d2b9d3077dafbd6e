"""The Kullback-Leibler divergence of two distributions, found by their classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from dtrain.distributions.distribution import Distribution
from dtrain.errors import OpTypeError

__all__ = ["kl_divergence", "register_kl"]

Fn = TypeVar("Fn", bound=Callable[..., Any])

_RULES: dict[tuple[type, type], Callable[..., Any]] = {}
_FOUND: dict[tuple[type, type], Callable[..., Any]] = {}  # what has been looked up already


def register_kl(type_p: type, type_q: type) -> Callable[[Fn], Fn]:
    """Register the decorated kl(p, q) for two classes and their subclasses.

    Raises:
        OpTypeError: One of them is no class of distributions.
    """
    given: dict[str, Any] = {"type_p": type_p, "type_q": type_q}
    for name, cls in given.items():
        if not (isinstance(cls, type) and issubclass(cls, Distribution)):
            raise OpTypeError(f"Expected {name} to be a Distribution subclass but got {cls}")

    def decorate(fn: Fn) -> Fn:
        _RULES[type_p, type_q] = fn
        _FOUND.clear()
        return fn

    return decorate


def _find(p: type, q: type) -> Callable[..., Any]:
    """Return the rule of the nearest base classes; p's come before q's."""
    for base_p in p.__mro__:
        for base_q in q.__mro__:
            rule = _RULES.get((base_p, base_q))
            if rule is not None:
                return rule
    raise NotImplementedError(
        f"No KL(p || q) is implemented for p type {p.__name__} and q type {q.__name__}"
    )


def kl_divergence(p: Distribution, q: Distribution) -> Any:
    """Return KL(p || q), the expectation of log p(x) - log q(x) for x from p.

    Raises:
        NotImplementedError: There is no rule for the two classes.

    >>> from dtrain.distributions import Normal
    >>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
    tensor(0.5000)
    """
    key = type(p), type(q)
    rule = _FOUND.get(key)
    if rule is None:
        rule = _FOUND[key] = _find(*key)
    return rule(p, q)
