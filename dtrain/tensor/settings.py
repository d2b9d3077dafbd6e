"""Settings of the whole program: determinism, threads, the precision of matrix products."""

from __future__ import annotations

import os
import warnings
from typing import Any

from dtrain import env
from dtrain.errors import OpError, OpTypeError

__all__ = [
    "are_deterministic_algorithms_enabled",
    "get_deterministic_debug_mode",
    "get_float32_matmul_precision",
    "get_num_interop_threads",
    "get_num_threads",
    "is_deterministic_algorithms_warn_only_enabled",
    "is_warn_always_enabled",
    "set_deterministic_debug_mode",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_num_interop_threads",
    "set_num_threads",
    "set_warn_always",
    "use_deterministic_algorithms",
]

_DEBUG_MODES = ("default", "warn", "error")
_PRECISIONS = ("highest", "high", "medium")


class _Settings:
    """What has been set."""

    deterministic: int = 0  # an index into _DEBUG_MODES
    precision: str = "highest"
    threads: int | None = None
    interop_threads: int | None = None
    warn_always: bool = False


_set = _Settings()


# ---- determinism ----


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Ask for operators that give the same bits every time.

    Note:
        Operators on the CPU always do. On a GPU the sums of scatter and index_add are made in any
        order; the wish is kept and does not change that.

    Raises:
        OpTypeError: The mode is no bool.
    """
    if not isinstance(mode, bool):
        raise OpTypeError(
            f"use_deterministic_algorithms(): argument 'mode' must be bool, not "
            f"{type(mode).__name__}"
        )
    _set.deterministic = (1 if warn_only else 2) if mode else 0


def are_deterministic_algorithms_enabled() -> bool:
    """Return what use_deterministic_algorithms was told."""
    return _set.deterministic > 0


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Return True where use_deterministic_algorithms was told to warn only."""
    return _set.deterministic == 1


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """Set determinism by "default", "warn" or "error", or by 0, 1 or 2.

    Raises:
        OpTypeError: The mode is no string and no integer.
        OpError: There is no such mode.
    """
    if not isinstance(debug_mode, (str, int)):
        raise OpTypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if debug_mode in _DEBUG_MODES:
        _set.deterministic = _DEBUG_MODES.index(debug_mode)
    elif debug_mode in {0, 1, 2}:
        _set.deterministic = int(debug_mode)
    else:
        raise OpError(
            f"invalid value of debug_mode, expected `default`, `warn`, `error`, 0, 1 or 2, but got "
            f"{debug_mode}"
        )


def get_deterministic_debug_mode() -> int:
    """Return 0 for "default", 1 for "warn", 2 for "error"."""
    return _set.deterministic


# ---- threads ----


def set_num_threads(n: int) -> None:
    """Keep the number of threads for one operator.

    Note:
        NumPy's matrix products take their number of threads from OMP_NUM_THREADS when the program
        starts; other operators use one.

    Raises:
        OpError: The number is not positive.
    """
    _set.threads = _positive("set_num_threads", n)


def get_num_threads() -> int:
    """Return what set_num_threads has set, or OMP_NUM_THREADS, or the number of usable cores."""
    return _set.threads or env.omp_threads() or _cores()


def set_num_interop_threads(n: int) -> None:
    """Keep the number of threads for operators at the same time; there is one all the same.

    Raises:
        OpError: The number is not positive.
    """
    _set.interop_threads = _positive("set_num_interop_threads", n)


def get_num_interop_threads() -> int:
    """Return what set_num_interop_threads has set, or the number of usable cores."""
    return _set.interop_threads or _cores()


def _positive(where: str, n: Any) -> int:
    if not isinstance(n, int):
        raise OpError(f"{where} expects an int, but got {type(n).__name__}")
    if n <= 0:
        raise OpError(f"{where}({n}): expected positive number of threads")
    return n


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# ---- numbers ----


def set_float32_matmul_precision(precision: str) -> None:
    """Keep how exact products of float32 matrices have to be: "highest", "high" or "medium".

    Note:
        They are computed in float32 whatever it says.
    """
    if precision not in _PRECISIONS:
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the current "
            "setFloat32MatmulPrecision call has no effect.",
            UserWarning,
            stacklevel=2,
        )
        return
    _set.precision = precision


def get_float32_matmul_precision() -> str:
    """Return what set_float32_matmul_precision has set; "highest" at first."""
    return _set.precision


def set_flush_denormal(mode: bool) -> bool:
    """Return False, torch's answer where the processor's mode cannot be changed."""
    return False


def set_warn_always(b: bool) -> None:
    """Keep the wish to repeat warnings; Python's own filters decide how often one is shown."""
    _set.warn_always = bool(b)


def is_warn_always_enabled() -> bool:
    """Return what set_warn_always has set."""
    return _set.warn_always
