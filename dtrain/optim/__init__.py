"""dtrain.optim: optimizers and learning rate schedules."""

from __future__ import annotations

from dtrain.optim import schedule as lr_scheduler  # noqa: F401 (torch has it here)
from dtrain.optim import swa_utils as swa_utils
from dtrain.optim.adadelta import *  # noqa: F403
from dtrain.optim.adafactor import *  # noqa: F403
from dtrain.optim.adagrad import *  # noqa: F403
from dtrain.optim.adam import *  # noqa: F403
from dtrain.optim.adamax import *  # noqa: F403
from dtrain.optim.asgd import *  # noqa: F403
from dtrain.optim.lbfgs import *  # noqa: F403
from dtrain.optim.muon import *  # noqa: F403
from dtrain.optim.nadam import *  # noqa: F403
from dtrain.optim.optimizer import Optimizer as Optimizer
from dtrain.optim.radam import *  # noqa: F403
from dtrain.optim.rmsprop import *  # noqa: F403
from dtrain.optim.rprop import *  # noqa: F403
from dtrain.optim.sgd import *  # noqa: F403
from dtrain.optim.sparse_adam import *  # noqa: F403
