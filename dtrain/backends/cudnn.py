"""torch.backends.cudnn: switches of a library that dtrain does not use.

dtrain computes on GPUs with CuPy's own kernels and cuBLAS. The switches keep what is written to
them and change nothing: the same kernel is chosen every time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = [
    "allow_tf32", "benchmark", "benchmark_limit", "deterministic", "enabled", "flags",
    "is_acceptable", "is_available", "version",
]  # fmt: skip

enabled = True
benchmark = False
benchmark_limit = 10
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """Return False: cuDNN is not used."""
    return False


def version() -> int | None:
    """Return None: there is no cuDNN."""
    return None


def is_acceptable(tensor: object) -> bool:
    """Return False: no tensor goes to cuDNN."""
    return False


@contextmanager
def flags(
    enabled: bool = False,
    benchmark: bool = False,
    benchmark_limit: int = 10,
    deterministic: bool = False,
    allow_tf32: bool = True,
) -> Iterator[None]:
    """Set all switches for a while."""
    wanted = {
        "enabled": enabled, "benchmark": benchmark, "benchmark_limit": benchmark_limit,
        "deterministic": deterministic, "allow_tf32": allow_tf32,
    }  # fmt: skip
    space = globals()
    before = {name: space[name] for name in wanted}
    space.update(wanted)
    try:
        yield
    finally:
        space.update(before)
