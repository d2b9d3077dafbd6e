"""dtrain.nn.functional: torch.nn.functional's names."""

from __future__ import annotations

from dtrain.nn.functional.activation import *  # noqa: F403
from dtrain.nn.functional.adaptive import *  # noqa: F403
from dtrain.nn.functional.attention import *  # noqa: F403
from dtrain.nn.functional.bag import *  # noqa: F403
from dtrain.nn.functional.binary import *  # noqa: F403
from dtrain.nn.functional.classification import *  # noqa: F403
from dtrain.nn.functional.conv import *  # noqa: F403
from dtrain.nn.functional.ctc import *  # noqa: F403
from dtrain.nn.functional.distance import *  # noqa: F403
from dtrain.nn.functional.dropout import *  # noqa: F403
from dtrain.nn.functional.embedding import *  # noqa: F403
from dtrain.nn.functional.fold import *  # noqa: F403
from dtrain.nn.functional.grid import *  # noqa: F403
from dtrain.nn.functional.interpolate import *  # noqa: F403
from dtrain.nn.functional.layer_norm import *  # noqa: F403
from dtrain.nn.functional.linear import *  # noqa: F403
from dtrain.nn.functional.margin import *  # noqa: F403
from dtrain.nn.functional.norm import *  # noqa: F403
from dtrain.nn.functional.pad import *  # noqa: F403
from dtrain.nn.functional.pool import *  # noqa: F403
from dtrain.nn.functional.regression import *  # noqa: F403
from dtrain.nn.functional.smooth import *  # noqa: F403
from dtrain.nn.functional.softmax import *  # noqa: F403
from dtrain.nn.functional.unpool import *  # noqa: F403
