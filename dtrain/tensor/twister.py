"""The Mersenne Twister as torch's CPU generator runs it: seeding, words, and the bytes of a state.

A state is the block of bytes that torch.get_rng_state() returns and torch.set_rng_state() accepts.
Nothing here is locked: `generator.Generator` does that.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dtrain.errors import OpError, OpTypeError

if TYPE_CHECKING:
    from numpy.random import RandomState

__all__ = ["Twister"]

_KEY_WORDS = 624

_STATE = np.dtype(
    [
        ("seed", "<u8"),
        ("left", "<i4"),
        ("seeded", "<i4"),
        ("next", "<u8"),
        ("key", "<u8", _KEY_WORDS),
        ("normal_x", "<f8"),
        ("normal", "<f8"),
        ("normal_rho", "<f8"),
        ("normal_valid", "<i4"),
        ("padding", "V12"),
    ]
)

# Elements converted at a time: they stay in the second-level cache.
_CHUNK = 1 << 16


class Twister:
    """A stream of random words.

    Attributes:
        seed: In [0, 2**64); the stream depends on the lower 32 bits alone.
        spare_normal: A normal number that was made and not yet asked for.
    """

    __slots__ = ("_engine", "_fresh", "seed", "spare_normal")

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.spare_normal: float | None = None
        # Seeding takes 0.1 ms and imports numpy.random (8 ms), so it waits for the first draw.
        self._engine: RandomState | None = None
        # torch writes "no word read since the seed" and "block of words used up" differently.
        self._fresh = True

    def words(self, count: int) -> NDArray[np.uint32]:
        """Return the next 32-bit words."""
        engine = self._started()
        self._fresh = self._fresh and count == 0
        return engine.randint(0, 1 << 32, size=count, dtype=np.uint32)

    def words64(self, count: int) -> NDArray[np.uint64]:
        """Return 64-bit words; the upper half is drawn first."""
        halves = self.words(2 * count)
        words = np.empty((count, 2), "<u4")
        words[:, 0], words[:, 1] = halves[1::2], halves[0::2]
        return words.view("<u8").reshape(count)

    def unit(self, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return float32 or float64 numbers from [0, 1)."""
        if dtype == np.float64:
            return self.bits53(count).view(np.int64) * 2.0**-53
        words = self.words(count)
        words &= np.uint32((1 << 24) - 1)
        # The numbers take the place of the words.
        values = words.view(np.float32)
        for i in range(0, count, _CHUNK):
            values[i : i + _CHUNK] = words[i : i + _CHUNK].view(np.int32)
            values[i : i + _CHUNK] *= np.float32(2.0**-24)
        return values

    def bits53(self, count: int) -> NDArray[np.uint64]:
        """Return integers from [0, 2**53)."""
        bits = self.words64(count)
        bits &= np.uint64((1 << 53) - 1)
        return bits

    def normal_pairs(self, count: int) -> NDArray[Any]:
        """Return float64 standard normal numbers made two at a time; an odd one is kept."""
        kept = [] if self.spare_normal is None or not count else [self.spare_normal]
        if kept:
            self.spare_normal = None
        missing = count - len(kept)
        draws = self.unit(missing + missing % 2, np.dtype(np.float64)).reshape(-1, 2)
        radius = np.sqrt(-2.0 * np.log1p(-draws[:, 1]))
        angle = 2.0 * math.pi * draws[:, 0]
        made = np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1).reshape(-1)
        if missing % 2:
            self.spare_normal = float(made[-1])
        return np.concatenate([kept, made[:missing]])

    def state_bytes(self) -> NDArray[np.uint8]:
        """Return the state in torch's layout: uint8[5056]."""
        _, key, position, *_ = self._started().get_state(legacy=True)
        state = np.zeros(1, _STATE)
        state["seed"], state["seeded"], state["key"] = self.seed, 1, key
        state["left"] = 1 if self._fresh else _KEY_WORDS + 1 - int(position)
        state["next"] = 0 if self._fresh else position
        if self.spare_normal is not None:
            state["normal"], state["normal_valid"] = self.spare_normal, 1
        return state.view(np.uint8)

    def set_state_bytes(self, state: NDArray[np.uint8]) -> None:
        """Continue where state_bytes() was called.

        Raises:
            OpTypeError: `state` does not hold bytes.
            OpError: `state` has another length, or is no state.
        """
        if state.dtype != np.uint8:
            raise OpTypeError(f"RNG state must be a torch.ByteTensor, not {state.dtype}")
        if state.size != _STATE.itemsize:
            raise OpError(
                f"Expected a CPUGeneratorImplState of size {_STATE.itemsize} but found the input "
                f"RNG state size to be {state.size}"
            )
        fields = np.frombuffer(state.tobytes(), _STATE)[0]
        left, position = int(fields["left"]), int(fields["next"])
        if not fields["seeded"] or not 0 < left <= _KEY_WORDS or position > _KEY_WORDS:
            raise OpError("Invalid mt19937 state; expected the bytes of get_state()")
        used = _KEY_WORDS if left == 1 else position
        key = fields["key"].astype(np.uint32)
        self._started().set_state(("MT19937", key, used, 0, 0.0))
        self.seed = int(fields["seed"])
        self.spare_normal = float(fields["normal"]) if fields["normal_valid"] else None
        self._fresh = left == 1 and position == 0

    def _started(self) -> RandomState:
        """Return the engine, seeded on first use."""
        if self._engine is None:
            from numpy.random import RandomState

            self._engine = RandomState(self.seed & 0xFFFFFFFF)
        return self._engine
