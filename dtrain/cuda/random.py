"""Random numbers for CUDA devices: they are drawn by the CPU's generator, whatever the device.

So a seed gives the same numbers on every device. Seeding here does nothing without a device, as in
torch, and with one it seeds that generator.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dtrain.backend.cupy_ import device_count
from dtrain.tensor.generator import default_generator
from dtrain.tensor.tensor import Tensor

__all__ = [
    "get_rng_state", "get_rng_state_all", "initial_seed", "manual_seed", "manual_seed_all", "seed",
    "seed_all", "set_rng_state", "set_rng_state_all",
]  # fmt: skip


def manual_seed(seed: int) -> None:
    """Do nothing: torch.manual_seed seeds the generator of all devices."""


manual_seed_all = manual_seed


def seed() -> None:
    """Seed the generator with a number from the system where there is a device."""
    if device_count():
        default_generator.seed()


seed_all = seed


def initial_seed() -> int:
    """Return the generator's seed."""
    return default_generator.initial_seed()


def get_rng_state(device: Any = "cuda") -> Tensor:
    """Return the generator's state."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor, device: Any = "cuda") -> None:
    """Set the generator's state."""
    default_generator.set_state(new_state)


def get_rng_state_all() -> list[Tensor]:
    """Return the state once for each device."""
    return [default_generator.get_state() for _ in range(device_count())]


def set_rng_state_all(new_states: Iterable[Tensor]) -> None:
    """Set the generator's state to the last one."""
    for state in new_states:
        default_generator.set_state(state)
