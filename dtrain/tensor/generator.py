"""Random numbers: the streams of torch's CPU generator, on bare arrays.

Everything starts from the 32-bit words of a Mersenne Twister that is seeded as torch seeds it, and
takes as many words in the same order as torch does. The results are torch's bit for bit, but for
float64 numbers that pass through a logarithm or a sine: there the last bits may differ.

Note: a torch build that uses MKL on an Intel CPU takes bernoulli_ (hence dropout), exponential_ and
multinomial from a generator inside MKL. On other CPUs torch takes them from here.

A state is the block of bytes that torch.get_rng_state() returns and torch.set_rng_state() accepts.
"""

from __future__ import annotations

import math
import os
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dtrain.errors import OpError, OpValueError
from dtrain.tensor.box_muller import NORMAL_BLOCK, normal_blocks
from dtrain.tensor.device import device as Device
from dtrain.tensor.sampling import (
    as_complex,
    check_multinomial,
    check_range,
    compute_dtype,
    find_categories,
    first_arrivals,
    float_dtype,
    integer_limits,
    narrowed,
    real_dtype,
    scaled,
)
from dtrain.tensor.twister import Twister

if TYPE_CHECKING:
    from dtrain.tensor.tensor import Tensor

__all__ = ["Generator", "default_generator", "initial_seed", "manual_seed", "seed"]

Shape = tuple[int, ...]

# The seed of a new generator, a large prime that torch chose.
_DEFAULT_SEED = 67280421310721
# Ranges from here on take two words for each integer, which keeps the skew of the modulo small.
_WIDE_RANGE = 1 << 28


class Generator:
    """A source of random numbers, as torch.Generator.

    Args:
        device: Where the numbers are wanted; they are drawn on the host.

    >>> g = Generator().manual_seed(0)
    >>> g.uniform((2,)).tolist()
    [0.49625658988952637, 0.7682217955589294]
    """

    def __init__(self, device: Any = "cpu") -> None:
        self.device = Device(device)
        self._lock = threading.RLock()
        self._twister = Twister(_DEFAULT_SEED)

    # -- seed and state ----------------------------------------------------------------------

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of a seed.

        Args:
            seed: In [-2**63, 2**64); a negative one stands for seed + 2**64. The stream depends on
                the lower 32 bits alone.

        Raises:
            OpError: `seed` is no int.
            OpValueError: `seed` is outside the range.
        """
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise OpError(f"manual_seed expected a long, but got {type(seed).__name__}")
        if not -(1 << 63) <= seed < 1 << 64:
            raise OpValueError(
                f"manual_seed({seed}): Overflow when unpacking long long; expected [-2**63, 2**64)"
            )
        with self._lock:
            self._twister = Twister(int(seed) % (1 << 64))
        return self

    def seed(self) -> int:
        """Seed from the operating system's entropy and return the seed."""
        return self.manual_seed(int.from_bytes(os.urandom(8), "little")).initial_seed()

    def initial_seed(self) -> int:
        """Return the seed that started the stream."""
        return self._twister.seed

    def state_bytes(self) -> NDArray[np.uint8]:
        """Return the state in torch's layout, which torch reads too: uint8[5056]."""
        with self._lock:
            return self._twister.state_bytes()

    def set_state_bytes(self, state: NDArray[np.uint8]) -> None:
        """Continue a stream where state_bytes() was called.

        Args:
            state: uint8[5056], from here or from torch.

        Raises:
            OpTypeError: `state` does not hold bytes.
            OpError: `state` has another length, or is no state.
        """
        with self._lock:
            self._twister.set_state_bytes(state)

    def get_state(self) -> Tensor:
        """Return the state as a byte tensor."""
        from dtrain.tensor.tensor import wrap

        return wrap(self.state_bytes())

    def set_state(self, new_state: Any) -> None:
        """Continue a stream where get_state() was called."""
        self.set_state_bytes(np.asarray(new_state))

    def clone_state(self) -> Generator:
        """Return a new generator that continues as this one would."""
        clone = Generator(self.device)
        clone.set_state_bytes(self.state_bytes())
        return clone

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.device, self.state_bytes())

    # -- floating point numbers --------------------------------------------------------------

    def uniform(
        self, shape: Shape, dtype: DTypeLike = np.float32, low: float = 0.0, high: float = 1.0
    ) -> NDArray[Any]:
        """Return numbers from [low, high), each with as many random bits as the type holds.

        Args:
            shape: Shape of the result.
            dtype: A floating point type; a complex one gets both parts at random.
            low: Lower end.
            high: Upper end, not below `low`.

        Raises:
            DtypeError: `dtype` is neither floating point nor complex.
            OpError: `low` lies above `high`.
        """
        kind = float_dtype("uniform_", dtype, complex_too=True)
        if low > high:
            raise OpError(
                f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}"
            )
        if kind.kind == "c":
            return as_complex(self.uniform((*shape, 2), real_dtype(kind), low, high))
        with self._lock:
            values = self._twister.unit(math.prod(shape), compute_dtype(kind))
        if (low, high) != (0.0, 1.0):
            start = values.dtype.type(low)
            values = scaled(values, values.dtype.type(high) - start, start)
        if (low, high) != (0.0, 1.0) or kind != values.dtype:
            values = values.astype(kind, copy=False)
            # Rounding reaches the upper end, which is not part of the range.
            values[values == kind.type(high)] = kind.type(low)
        return values.reshape(shape)

    def normal(
        self, shape: Shape, dtype: DTypeLike = np.float32, mean: float = 0.0, std: float = 1.0,
        blocks: bool = True,
    ) -> NDArray[Any]:  # fmt: skip
        """Return normally distributed numbers, by Box and Muller's transform.

        Args:
            shape: Shape of the result.
            dtype: A floating point type; in a complex one each part has the mean and half the
                variance.
            mean: Mean.
            std: Standard deviation, not negative.
            blocks: Draw many numbers in blocks, as torch does for contiguous memory only.

        Raises:
            DtypeError: `dtype` is neither floating point nor complex.
            OpError: `std` is negative.
        """
        kind = float_dtype("normal_", dtype, complex_too=True)
        if not std >= 0:
            raise OpError(f"normal expects std >= 0.0, but found std {std}")
        if kind.kind == "c":
            return as_complex(self.normal((*shape, 2), real_dtype(kind), mean, std / math.sqrt(2)))
        count = math.prod(shape)
        if count < NORMAL_BLOCK or not blocks:
            with self._lock:
                values = self._twister.normal_pairs(count)
            return narrowed(scaled(values, std, mean), kind).reshape(shape)
        rest, wide = count % NORMAL_BLOCK, compute_dtype(kind)
        with self._lock:
            # torch fills a float32 or float64 result with uniform numbers to the end, a 16-bit one
            # block by block.
            values = self._twister.unit(count - rest if kind != wide else count, wide)
            tail = self._twister.unit(NORMAL_BLOCK if rest else 0, wide)
        normal_blocks(values[: count - rest])
        if rest:
            # The last block is drawn anew over the end; it overlaps the one before.
            normal_blocks(tail)
            values = np.concatenate([values[: count - NORMAL_BLOCK], tail])
        return scaled(values, std, mean).astype(kind, copy=False).reshape(shape)

    def exponential(
        self, shape: Shape, dtype: DTypeLike = np.float32, lambd: float = 1.0
    ) -> NDArray[Any]:
        """Return exponentially distributed numbers with the rate `lambd` > 0."""
        kind = float_dtype("exponential_", dtype)
        if not lambd > 0:
            raise OpError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
        values = self._doubles(shape)
        np.log1p(np.negative(values, out=values), out=values)
        values *= -1.0 / lambd
        return narrowed(values, kind)

    def cauchy(
        self, shape: Shape, dtype: DTypeLike = np.float32, median: float = 0.0, sigma: float = 1.0
    ) -> NDArray[Any]:
        """Return Cauchy distributed numbers around `median` with the half-width `sigma` > 0."""
        kind = float_dtype("cauchy_", dtype)
        if not sigma > 0:
            raise OpError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
        values = np.tan(math.pi * (self._doubles(shape) - 0.5))
        return narrowed(median + sigma * values, kind)

    def log_normal(
        self, shape: Shape, dtype: DTypeLike = np.float32, mean: float = 1.0, std: float = 2.0
    ) -> NDArray[Any]:
        """Return numbers whose logarithm has the given mean and standard deviation > 0."""
        kind = float_dtype("log_normal_", dtype)
        if not std > 0:
            raise OpError(f"log_normal_ expects std > 0.0, but found std={std}")
        with self._lock:
            values = self._twister.normal_pairs(math.prod(shape))
        return narrowed(np.exp(scaled(values, std, mean)), kind).reshape(shape)

    # -- whole numbers -----------------------------------------------------------------------

    def integers(
        self, low: int, high: int | None, shape: Shape, dtype: DTypeLike = np.int64
    ) -> NDArray[Any]:
        """Return integers from [low, high), or up to the type's largest where `high` is None.

        Raises:
            OpError: The range is empty or does not fit the type.
        """
        kind = np.dtype(dtype)
        high = integer_limits(kind)[1] + 1 if high is None else high
        check_range(low, high, kind)
        width, count = high - low, math.prod(shape)
        if width < _WIDE_RANGE:
            with self._lock:
                words = self._twister.words(count)
            values: NDArray[Any] = (words % np.uint32(width)).astype(np.int64) + low
        else:
            with self._lock:
                wide = self._twister.words64(count)
            if width < 1 << 64:
                wide %= np.uint64(width)
                wide += np.uint64(low % (1 << 64))
            values = wide if kind == np.uint64 else wide.view(np.int64)
        return values.astype(kind, copy=False).reshape(shape)

    def random(self, shape: Shape, dtype: DTypeLike = np.int64) -> NDArray[Any]:
        """Return integers from zero to the largest of an integer type, as random_() does.

        In a floating point type they reach as far as all integers are exact.
        """
        kind = np.dtype(dtype)
        limit = integer_limits(kind)[1] + 1
        with self._lock:
            two_words = kind.name in ("int64", "uint64", "float64")
            draw = self._twister.words64 if two_words else self._twister.words
            words: NDArray[Any] = draw(math.prod(shape))
        if limit <= np.iinfo(words.dtype).max:
            words %= words.dtype.type(limit)
        return words.astype(kind, copy=False).reshape(shape)

    def permutation(self, n: int, dtype: DTypeLike = np.int64) -> NDArray[Any]:
        """Return the integers below `n` in random order, by Fisher and Yates's shuffle.

        Raises:
            OpError: `n` is negative, or `n - 1` is not exact in the type.
        """
        kind = np.dtype(dtype)
        if n < 0:
            raise OpError(f"randperm({n}): Trying to create tensor with negative dimension {n}")
        if n > integer_limits(kind)[1] + 1:
            raise OpError(f"n cannot be greater than {integer_limits(kind)[1] + 1} for {kind}")
        with self._lock:
            words = self._twister.words(max(n - 1, 0))
        place = np.arange(words.size)
        partner = (words % (n - place) + place).tolist()
        order = list(range(n))
        # Each exchange depends on those before; on lists this is quicker than on arrays.
        for i, j in enumerate(partner):
            order[i], order[j] = order[j], order[i]
        return np.array(order, kind)

    def bernoulli(
        self, p: float | NDArray[Any], shape: Shape, dtype: DTypeLike = np.float32
    ) -> NDArray[Any]:
        """Return ones with the probability `p` and zeros elsewhere.

        Args:
            p: One probability, or an array of them that broadcasts to `shape`.
            shape: Shape of the result.
            dtype: Any type.

        Raises:
            OpError: A probability lies outside [0, 1].
        """
        least, most = np.min(p, initial=1), np.max(p, initial=0)
        if not (least >= 0 and most <= 1):
            wrong = least if most <= 1 else most
            raise OpError(f"bernoulli_ expects p to be in [0, 1], but got p={wrong}")
        count = math.prod(shape)
        if isinstance(p, np.ndarray):
            wide = compute_dtype(float_dtype("bernoulli", p.dtype))
            with self._lock:
                chance = self._twister.unit(count, wide).reshape(shape)
            return (chance < p.astype(wide)).astype(dtype)
        with self._lock:
            bits = self._twister.bits53(count)
        # bits * 2**-53 < p, without the way over floating point numbers.
        hits: NDArray[Any] = bits < np.uint64(math.ceil(p * 2**53))
        return hits.astype(dtype).reshape(shape)

    def geometric(
        self, shape: Shape, dtype: DTypeLike = np.float32, p: float = 0.5
    ) -> NDArray[Any]:
        """Return how many trials the first success takes where each succeeds with `p`."""
        if not 0 < p < 1:
            raise OpError(f"geometric_ expects p to be in (0, 1), but got p={p}")
        # A draw of zero, which comes once in 2**53, has an infinite logarithm.
        with np.errstate(divide="ignore", invalid="ignore"):
            trials: NDArray[Any] = np.ceil(np.log(self._doubles(shape)) / math.log1p(-p))
            return trials.astype(dtype)

    def multinomial(
        self, weights: NDArray[Any], num_samples: int, replacement: bool = False
    ) -> NDArray[np.int64]:
        """Return indices drawn with probabilities in proportion to `weights`.

        Args:
            weights: Floating point, (categories,) or (rows, categories), none negative.
            num_samples: Draws from each row.
            replacement: Whether an index may come more than once.

        Returns:
            int64, (num_samples,) or (rows, num_samples).

        Raises:
            OpError: The weights are no distribution, or too few for `num_samples`.
        """
        kind = float_dtype("multinomial", weights.dtype)
        check_multinomial(weights, num_samples, replacement)
        if not replacement or num_samples == 1:
            return first_arrivals(weights, self.exponential(weights.shape, kind), num_samples)
        return find_categories(weights, self._doubles((*weights.shape[:-1], num_samples)))

    def _doubles(self, shape: Shape) -> NDArray[Any]:
        with self._lock:
            return self._twister.unit(math.prod(shape), np.dtype(np.float64)).reshape(shape)


def _restored(device: Device, state: NDArray[np.uint8]) -> Generator:
    """Return the generator that was pickled."""
    generator = Generator(device)
    generator.set_state_bytes(state)
    return generator


default_generator = Generator()
default_generator.seed()


def manual_seed(seed: int) -> Generator:
    """Seed the default generator and return it."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator from the operating system's entropy and return the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """Return the seed of the default generator."""
    return default_generator.initial_seed()
