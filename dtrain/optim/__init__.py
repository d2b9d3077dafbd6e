"""dtrain.optim: optimizers and learning rate schedules."""

from __future__ import annotations

from dtrain.optim import schedule as lr_scheduler  # noqa: F401 (torch has it here)
from dtrain.optim.adam import *  # noqa: F403
from dtrain.optim.optimizer import Optimizer as Optimizer
from dtrain.optim.sgd import *  # noqa: F403
