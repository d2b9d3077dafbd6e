"""Learning rate schedules: what torch calls optim.lr_scheduler."""

from __future__ import annotations

from dtrain.optim.composed import *  # noqa: F403
from dtrain.optim.cycle import CosineAnnealingWarmRestarts, OneCycleLR  # noqa: F401 (given on)
from dtrain.optim.cyclic import *  # noqa: F403
from dtrain.optim.decay import *  # noqa: F403
from dtrain.optim.plateau import *  # noqa: F403
from dtrain.optim.scheduler import LRScheduler

_LRScheduler = LRScheduler
