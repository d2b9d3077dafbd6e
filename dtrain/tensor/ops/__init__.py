"""The operators, one family a module. Importing this package registers them all."""

from __future__ import annotations

from dtrain.tensor.ops.cast import *  # noqa: F403
from dtrain.tensor.ops.pointwise import *  # noqa: F403
from dtrain.tensor.ops.reduce import *  # noqa: F403
from dtrain.tensor.ops.shape import *  # noqa: F403
from dtrain.tensor.ops.strided import *  # noqa: F403
