"""Random tensors: torch's functions over a Generator."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from dtrain.backend.module import to_host
from dtrain.backend.transfer import move
from dtrain.errors import OpError, OpTypeError
from dtrain.tensor import dtype as dt
from dtrain.tensor import generator as gen
from dtrain.tensor.create import (
    fill_out,
    finish,
    get_default_device,
    module_for,
    named_size,
    np_type,
    sizes,
)
from dtrain.tensor.device import device as Device
from dtrain.tensor.generator import Generator
from dtrain.tensor.op import attach
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array

__all__ = [
    "bernoulli", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "multinomial",
    "normal", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm",
    "seed", "set_rng_state",
]  # fmt: skip

manual_seed, seed, initial_seed = gen.manual_seed, gen.seed, gen.initial_seed


def get_rng_state() -> Tensor:
    """Return the state of the default generator, as bytes that torch reads too."""
    return gen.default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Set the state of the default generator."""
    gen.default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(
    devices: Sequence[Any] | None = None, enabled: bool = True, device_type: str = "cuda"
) -> Iterator[None]:
    """Leave the default generator as it was when the block ends.

    Args:
        devices: For torch's signature; the numbers of all devices come from one generator.
        enabled: False makes the block an ordinary one.
        device_type: For torch's signature.
    """
    state = get_rng_state() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            set_rng_state(state)


def source_of(generator: Generator | None) -> Generator:
    return gen.default_generator if generator is None else generator


def _type(dtype: Any, out: Any) -> Any:
    return out._a.dtype if dtype is None and isinstance(out, Tensor) else np_type(dtype)


def _placed(
    where: str, array: Any, device: Any, requires_grad: bool, out: Any = None, names: Any = None
) -> Tensor:
    """Return drawn numbers as a tensor; all are drawn on the host, so streams are the same."""
    if module_for(device).__name__ != "numpy":
        array = move(array, str(get_default_device() if device is None else Device(device)))
    return finish(array, requires_grad, names) if out is None else fill_out(where, array, out)


def rand(
    *size: Any, generator: Generator | None = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
    names: Any = None, **named: Any,
) -> Tensor:  # fmt: skip
    """Return numbers from [0, 1)."""
    array = source_of(generator).uniform(named_size("rand", size, named), _type(dtype, out))
    return _placed("rand", array, device, requires_grad, out, names)


def randn(
    *size: Any, generator: Generator | None = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
    names: Any = None, **named: Any,
) -> Tensor:  # fmt: skip
    """Return normally distributed numbers of mean 0 and variance 1."""
    array = source_of(generator).normal(named_size("randn", size, named), _type(dtype, out))
    return _placed("randn", array, device, requires_grad, out, names)


def randint(
    *args: Any, low: int = 0, high: int | None = None, size: Any = None,
    generator: Generator | None = None, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return integers from [low, high); the call is (high, size) or (low, high, size)."""
    rest = list(args)
    if rest and isinstance(rest[-1], (tuple, list)) and size is None:
        size = rest.pop()
    if len(rest) == 2:
        low, high = rest
    elif len(rest) == 1:
        high = rest[0]
    if high is None or size is None or not isinstance(size, (tuple, list)):
        raise OpTypeError("randint(): expected (high, size) or (low, high, size)")
    target = _type(dt.int64 if dtype is None and out is None else dtype, out)
    array = source_of(generator).integers(int(low), int(high), sizes("randint", (size,)), target)
    return _placed("randint", array, device, requires_grad, out)


def randperm(
    n: int, *, generator: Generator | None = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return the integers below n in random order."""
    if isinstance(n, (bool, float)):
        raise OpTypeError(f"randperm(): argument 'n' must be int, not {type(n).__name__}")
    target = _type(dt.int64 if dtype is None and out is None else dtype, out)
    array = source_of(generator).permutation(int(n), target)
    return _placed("randperm", array, device, requires_grad, out)


def in_order(
    array: Array, draw: Callable[..., Array], target: Any, *args: Any, ordered: bool = False
) -> Array:
    """Draw numbers for an array in the order of its memory, as torch does.

    Args:
        array: Says the shape and the order of the dimensions.
        draw: A method of a Generator that takes (shape, type, ...).
        target: The type.
        *args: What else `draw` takes.
        ordered: `draw` takes blocks=False for memory that is not contiguous.
    """
    shape = tuple(array.shape)
    if array.flags.c_contiguous:
        return draw(shape, target, *args)
    options = {"blocks": False} if ordered else {}
    axes = sorted(range(len(shape)), key=lambda i: -array.strides[i])
    back = sorted(range(len(shape)), key=axes.__getitem__)
    drawn = draw(tuple([shape[i] for i in axes]), target, *args, **options)
    return drawn.transpose(back)


def _like(
    where: str, input: Tensor, draw: Callable[..., Any], dtype: Any, device: Any, grad: bool,
    *args: Any, ordered: bool = False,
) -> Tensor:  # fmt: skip
    if not isinstance(input, Tensor):
        raise OpTypeError(f"{where}(): argument 'input' must be Tensor, not {type(input).__name__}")
    target = input._a.dtype if dtype is None else dt.np_dtype(dtype)
    array = in_order(input._a, draw, target, *args, ordered=ordered)
    return _placed(where, array, input.device if device is None else device, grad)


def rand_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    generator: Generator | None = None, layout: Any = None, memory_format: Any = None,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return numbers from [0, 1) in the shape and type of `input`."""
    return _like("rand_like", input, source_of(generator).uniform, dtype, device, requires_grad)


def randn_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    generator: Generator | None = None, layout: Any = None, memory_format: Any = None,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return normally distributed numbers in the shape and type of `input`."""
    return _like(
        "randn_like", input, source_of(generator).normal, dtype, device, requires_grad, ordered=True
    )


def randint_like(
    input: Tensor, low: int, high: int | None = None, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, generator: Generator | None = None, layout: Any = None,
    memory_format: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Return integers from [low, high) in the shape and type of `input`; [0, low) for one bound."""
    low, high = (0, low) if high is None else (low, high)
    source = source_of(generator)

    def draw(shape: tuple[int, ...], kind: Any) -> Array:
        return source.integers(int(low), int(high), shape, kind)

    return _like("randint_like", input, draw, dtype, device, requires_grad)


def normal(
    mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None,
    out: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return normally distributed numbers; mean and std are numbers (with size) or tensors."""
    source = source_of(generator)
    if size is not None:
        shape = sizes("normal", (size,))
        array = source.normal(shape, _type(dtype, out), float(mean), float(std))
        return _placed("normal", array, device, requires_grad, out)
    if isinstance(std, Tensor) and std._a.size and bool((std._a < 0).any()):
        raise OpError("normal expects all elements of std >= 0.0")
    both = mean + 0 * std if isinstance(mean, Tensor) else mean * 1.0 + 0 * std
    if not isinstance(both, Tensor):
        raise OpTypeError("normal(): expected a tensor as mean or std, or a size")
    made: Tensor = randn_like(both.detach(), generator=generator) * std + mean
    return made if out is None else fill_out("normal", made._a, out)


def bernoulli(
    input: Tensor, p: float | None = None, *, generator: Generator | None = None, out: Any = None
) -> Tensor:
    """Return ones with the probabilities in `input` (or `p` everywhere) and zeros elsewhere."""
    if not input.dtype.is_floating_point and p is None:
        raise OpError(f"bernoulli(): expected a floating point tensor, got {input.dtype}")
    chance = to_host(input._a) if p is None else float(p)
    drawn = source_of(generator).bernoulli(chance, tuple(input._a.shape), input._a.dtype)
    array = np.asarray(drawn)  # of a 0-d tensor it is one of NumPy's numbers
    return _placed("bernoulli", array, input.device, False, out)


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
        generator: Where the numbers come from.
        out: The tensor to fill.
    """
    array = source_of(generator).multinomial(to_host(input._a), num_samples, replacement)
    return _placed("multinomial", array, input.device, False, out)


attach("multinomial", multinomial)
