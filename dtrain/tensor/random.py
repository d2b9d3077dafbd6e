"""Random tensors: torch's functions and in-place methods over a Generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dtrain.backend.module import to_host
from dtrain.backend.transfer import move
from dtrain.errors import OpError, OpTypeError
from dtrain.tensor import dtype as dt
from dtrain.tensor import generator as gen
from dtrain.tensor.create import finish, get_default_device, module_for, np_type, sizes
from dtrain.tensor.device import device as Device
from dtrain.tensor.generator import Generator
from dtrain.tensor.graph import bump, check_inplace
from dtrain.tensor.inplace import rebase
from dtrain.tensor.op import PLAIN, attach, op
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = [
    "bernoulli", "get_rng_state", "initial_seed", "manual_seed", "multinomial", "normal", "rand",
    "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "seed",
    "set_rng_state",
]  # fmt: skip

manual_seed, seed, initial_seed = gen.manual_seed, gen.seed, gen.initial_seed


def get_rng_state() -> Tensor:
    """Return the state of the default generator, as bytes that torch reads too."""
    return gen.default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Set the state of the default generator."""
    gen.default_generator.set_state(new_state)


def _source(generator: Generator | None) -> Generator:
    return gen.default_generator if generator is None else generator


def _placed(array: Any, device: Any, requires_grad: bool, out: Any = None) -> Tensor:
    """Return drawn numbers as a tensor; all are drawn on the host, so streams are the same."""
    if module_for(device).__name__ != "numpy":
        array = move(array, str(get_default_device() if device is None else Device(device)))
    if out is not None:
        out._a = array.astype(out._a.dtype)
        return out  # type: ignore[no-any-return]
    return finish(array, requires_grad)


def rand(
    *size: Any, generator: Generator | None = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return numbers from [0, 1)."""
    size = size or ((),)
    array = _source(generator).uniform(sizes("rand", size), np_type(dtype))
    return _placed(array, device, requires_grad, out)


def randn(
    *size: Any, generator: Generator | None = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return normally distributed numbers of mean 0 and variance 1."""
    size = size or ((),)
    array = _source(generator).normal(sizes("randn", size), np_type(dtype))
    return _placed(array, device, requires_grad, out)


def randint(
    *args: Any, low: int = 0, high: int | None = None, size: Any = None,
    generator: Generator | None = None, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return integers from [low, high): randint(high, size) or randint(low, high, size)."""
    rest = list(args)
    if rest and isinstance(rest[-1], (tuple, list)) and size is None:
        size = rest.pop()
    if len(rest) == 2:
        low, high = rest
    elif len(rest) == 1:
        high = rest[0]
    if high is None or size is None:
        raise OpTypeError("randint(): expected (high, size) or (low, high, size)")
    target = dt.int64.np if dtype is None else dt.np_dtype(dtype)
    array = _source(generator).integers(int(low), int(high), sizes("randint", (size,)), target)
    return _placed(array, device, requires_grad, out)


def randperm(
    n: int, *, generator: Generator | None = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return the integers below n in random order."""
    target = dt.int64.np if dtype is None else dt.np_dtype(dtype)
    return _placed(_source(generator).permutation(int(n), target), device, requires_grad, out)


def _like(input: Tensor, draw: Callable[..., Any], dtype: Any, device: Any, grad: bool) -> Tensor:
    target = input._a.dtype if dtype is None else dt.np_dtype(dtype)
    array = draw(tuple(input._a.shape), target)
    return _placed(array, input.device if device is None else device, grad)


def rand_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    generator: Generator | None = None, layout: Any = None, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Return numbers from [0, 1) in the shape and type of `input`."""
    return _like(input, _source(generator).uniform, dtype, device, requires_grad)


def randn_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    generator: Generator | None = None, layout: Any = None, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Return normally distributed numbers in the shape and type of `input`."""
    return _like(input, _source(generator).normal, dtype, device, requires_grad)


def randint_like(
    input: Tensor, low: int, high: int | None = None, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, layout: Any = None, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Return integers from [low, high) in the shape and type of `input`; [0, low) for one bound."""
    low, high = (0, low) if high is None else (low, high)
    target = input._a.dtype if dtype is None else dt.np_dtype(dtype)
    array = gen.default_generator.integers(int(low), int(high), tuple(input._a.shape), target)
    return _placed(array, input.device if device is None else device, requires_grad)


def normal(
    mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None,
    out: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return normally distributed numbers; mean and std are numbers (with size) or tensors."""
    source = _source(generator)
    if size is not None:
        array = source.normal(sizes("normal", (size,)), np_type(dtype), float(mean), float(std))
        return _placed(array, device, requires_grad, out)
    if isinstance(std, Tensor) and std._a.size and bool((std._a < 0).any()):
        raise OpError("normal expects all elements of std >= 0.0")
    both = mean + 0 * std if isinstance(mean, Tensor) else mean * 1.0 + 0 * std
    if not isinstance(both, Tensor):
        raise OpTypeError("normal(): expected a tensor as mean or std, or a size")
    made: Tensor = randn_like(both.detach(), generator=generator) * std + mean
    return made if out is None else _placed(made._a, None, False, out)


def bernoulli(
    input: Tensor, p: float | None = None, *, generator: Generator | None = None, out: Any = None
) -> Tensor:
    """Return ones with the probabilities in `input` (or `p` everywhere) and zeros elsewhere."""
    if not input.dtype.is_floating_point and p is None:
        raise OpError(f"bernoulli(): expected a floating point tensor, got {input.dtype}")
    chance = to_host(input._a) if p is None else float(p)
    array = _source(generator).bernoulli(chance, tuple(input._a.shape), input._a.dtype)
    return _placed(array, input.device, False, out)


attach("bernoulli", bernoulli)


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *,
    generator: Generator | None = None, out: Any = None,
) -> Tensor:  # fmt: skip
    """Return int64 indices drawn from each row in proportion to its weights.

    Args:
        input: Weights, (categories,) or (rows, categories).
        num_samples: Draws from each row.
        replacement: Whether an index may come more than once.
    """
    array = _source(generator).multinomial(to_host(input._a), num_samples, replacement)
    return _placed(array, input.device, False, out)


attach("multinomial", multinomial)


# ---- in place ----
@op(PLAIN, name="overwrite", input=lambda F, g: F.mul(g, 0))
def _overwrite(xp: Xp, input: Array, values: Any) -> Array:
    """Stand for an input whose values were all replaced: its gradient is zero."""
    return values


def _fill(self: Tensor, where: str, draw: Callable[..., Any], *args: Any) -> Tensor:
    check_inplace(self, where)
    array = draw(tuple(self._a.shape), self._a.dtype, *args)
    if not self.is_cpu:
        array = move(array, str(self.device))
    history = None if self._node is None else _overwrite(self, array)._node
    self._a[...] = array
    bump(self)
    if history is not None:
        rebase(self, history)
    return self


def _uniform_(
    self: Tensor, a: float = 0.0, b: float = 1.0, *, generator: Generator | None = None, **kw: float
) -> Tensor:
    """Fill with numbers from [a, b) (torch's names: from, to)."""
    low, high = kw.get("from", a), kw.get("to", b)
    return _fill(self, "uniform_", _source(generator).uniform, low, high)


def _normal_(
    self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with normally distributed numbers."""
    return _fill(self, "normal_", _source(generator).normal, mean, std)


def _exponential_(
    self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with exponentially distributed numbers of rate `lambd`."""
    return _fill(self, "exponential_", _source(generator).exponential, lambd)


def _cauchy_(
    self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with Cauchy distributed numbers."""
    return _fill(self, "cauchy_", _source(generator).cauchy, median, sigma)


def _log_normal_(
    self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with numbers whose logarithm is normally distributed."""
    return _fill(self, "log_normal_", _source(generator).log_normal, mean, std)


def _geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fill with the number of trials that the first success takes."""
    return _fill(self, "geometric_", _source(generator).geometric, p)


def _bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill with ones with the probability p (a number or a tensor) and zeros elsewhere."""
    source, chance = _source(generator), to_host(p._a) if isinstance(p, Tensor) else p
    return _fill(self, "bernoulli_", lambda shape, kind: source.bernoulli(chance, shape, kind))


def _random_(
    self: Tensor, low: int = 0, high: int | None = None, *, generator: Generator | None = None,
    **kw: int,
) -> Tensor:  # fmt: skip
    """Fill with integers: random_(), random_(high) or random_(low, high) (names: from, to)."""
    source = _source(generator)
    low, high = kw.get("from", low), kw.get("to", high)
    if high is None and low == 0:
        return _fill(self, "random_", source.random)
    low, high = (0, low) if high is None else (low, high)
    return _fill(self, "random_", lambda shape, kind: source.integers(low, high, shape, kind))


for _method in (
    _uniform_, _normal_, _exponential_, _cauchy_, _log_normal_, _geometric_, _bernoulli_, _random_,
):  # fmt: skip
    attach(_method.__name__[1:], _method)

