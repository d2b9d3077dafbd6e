"""Data-parallel training: torch.nn.parallel's face."""

from __future__ import annotations

from dtrain.parallel.ddp import DistributedDataParallel

__all__ = ["DistributedDataParallel"]
