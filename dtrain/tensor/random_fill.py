"""Filling tensors with random numbers in place: uniform_, normal_ and their kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dtrain.backend.module import to_host
from dtrain.backend.transfer import move
from dtrain.errors import OpTypeError
from dtrain.tensor.generator import Generator
from dtrain.tensor.graph import bump, check_inplace
from dtrain.tensor.inplace import rebase
from dtrain.tensor.op import PLAIN, attach, op
from dtrain.tensor.random import in_order, source_of
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__: list[str] = []


@op(PLAIN, name="overwrite", input=lambda F, g: F.mul(g, 0))
def _overwrite(xp: Xp, input: Array, values: Any) -> Array:
    """Stand for an input whose values were all replaced: its gradient is zero."""
    return values


def _fill(
    self: Tensor, where: str, draw: Callable[..., Any], *args: Any, ordered: bool = False
) -> Tensor:
    check_inplace(self, where)
    array = in_order(self._a, draw, self._a.dtype, *args, ordered=ordered)
    if not self.is_cpu:
        array = move(array, str(self.device))
    history = None if self._node is None else _overwrite(self, array)._node
    self._a[...] = array
    bump(self)
    if history is not None:
        rebase(self, history)
    return self


def _from_to(where: str, named: dict[str, Any], low: Any, high: Any) -> tuple[Any, Any]:
    """Return the bounds, which torch calls by Python's keyword `from`, and `to`."""
    low, high = named.pop("from", low), named.pop("to", high)
    if named:
        raise OpTypeError(f"{where}() got an unexpected keyword argument '{next(iter(named))}'")
    return low, high


def _uniform_(
    self: Tensor, low: float = 0.0, high: float = 1.0, /, *, generator: Generator | None = None,
    **named: float,
) -> Tensor:  # fmt: skip
    """Fill with numbers from [low, high) (torch's names: from, to)."""
    low, high = _from_to("uniform_", named, low, high)
    return _fill(self, "uniform_", source_of(generator).uniform, low, high)


def _normal_(
    self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with normally distributed numbers."""
    return _fill(self, "normal_", source_of(generator).normal, mean, std, ordered=True)


def _exponential_(
    self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with exponentially distributed numbers of rate `lambd`."""
    return _fill(self, "exponential_", source_of(generator).exponential, lambd)


def _cauchy_(
    self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with Cauchy distributed numbers."""
    return _fill(self, "cauchy_", source_of(generator).cauchy, median, sigma)


def _log_normal_(
    self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with numbers whose logarithm is normally distributed."""
    return _fill(self, "log_normal_", source_of(generator).log_normal, mean, std)


def _geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fill with the number of trials that the first success takes."""
    return _fill(self, "geometric_", source_of(generator).geometric, p)


def _bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill with ones with the probability p (a number or a tensor) and zeros elsewhere."""
    source, chance = source_of(generator), to_host(p._a) if isinstance(p, Tensor) else p
    return _fill(self, "bernoulli_", lambda shape, kind: source.bernoulli(chance, shape, kind))


def _random_(
    self: Tensor, low: int = 0, high: int | None = None, /, *, generator: Generator | None = None,
    **named: int,
) -> Tensor:  # fmt: skip
    """Fill with integers: random_(), random_(high) or random_(low, high) (names: from, to)."""
    source = source_of(generator)
    low, high = _from_to("random_", named, low, high)
    if high is None and low == 0:
        return _fill(self, "random_", source.random)
    low, high = (0, low) if high is None else (low, high)
    return _fill(self, "random_", lambda shape, kind: source.integers(low, high, shape, kind))


for _method in (
    _uniform_, _normal_, _exponential_, _cauchy_, _log_normal_, _geometric_, _bernoulli_, _random_,
):  # fmt: skip
    attach(_method.__name__[1:], _method)
