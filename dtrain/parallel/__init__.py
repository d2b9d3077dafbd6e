"""Data-parallel training: torch.nn.parallel's face."""

from __future__ import annotations

from dtrain.parallel.data_parallel import DataParallel, data_parallel
from dtrain.parallel.ddp import DistributedDataParallel
from dtrain.parallel.sync_batchnorm import SyncBatchNorm

__all__ = ["DataParallel", "DistributedDataParallel", "SyncBatchNorm", "data_parallel"]
