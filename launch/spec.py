"""What is to be run: the command line after it has been understood and checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

__all__ = ["LaunchSpec", "SpecError", "count_ranks"]

_NVIDIA_GPUS = Path("/proc/driver/nvidia/gpus")


class SpecError(ValueError):
    """The command line asks for something that cannot be."""


class LaunchSpec(NamedTuple):
    """A job on one node.

    Args:
        command: What each rank runs, with its arguments.
        nproc: Number of ranks.
        log_dir: Folder for a log per rank; None for none.
        max_restarts: How often all ranks are started again after a failure.
        master_addr: What MASTER_ADDR says.
        master_port: What MASTER_PORT says; None for a port that is free.
    """

    command: tuple[str, ...]
    nproc: int = 1
    log_dir: Path | None = None
    max_restarts: int = 0
    master_addr: str = "127.0.0.1"
    master_port: int | None = None


def count_ranks(text: str, environ: Mapping[str, str] = os.environ) -> int:
    """Return how many ranks a node gets.

    Args:
        text: A number, "cpu" (the CPUs this process may use), "gpu", or "auto" (GPUs if there are
            any, else CPUs).
        environ: Where CUDA_VISIBLE_DEVICES is looked up.

    Raises:
        SpecError: `text` is none of these, or there is no GPU.

    >>> count_ranks("4")
    4
    """
    if text.isdecimal() and int(text) > 0:
        return int(text)
    if text not in {"auto", "cpu", "gpu"}:
        raise SpecError(f"--nproc {text}: expected a positive number, auto, cpu or gpu")
    gpus = 0 if text == "cpu" else _count_gpus(environ)
    if text == "gpu" and gpus == 0:
        raise SpecError("--nproc gpu: there is no GPU on this node; give a number or cpu")
    return gpus or len(os.sched_getaffinity(0))


def _count_gpus(environ: Mapping[str, str]) -> int:
    visible = environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        # CUDA stops reading at the first entry that names no device.
        names = [name.strip() for name in visible.split(",")]
        return next((i for i, name in enumerate(names) if name in {"", "-1"}), len(names))
    return len(list(_NVIDIA_GPUS.iterdir())) if _NVIDIA_GPUS.is_dir() else 0
