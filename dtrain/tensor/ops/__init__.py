"""The operators, one family a module. Importing this package registers them all."""

from __future__ import annotations

from dtrain.tensor.ops.bitwise import *  # noqa: F403
from dtrain.tensor.ops.cast import *  # noqa: F403
from dtrain.tensor.ops.choose import *  # noqa: F403
from dtrain.tensor.ops.compare import *  # noqa: F403
from dtrain.tensor.ops.elementary import *  # noqa: F403
from dtrain.tensor.ops.fill import *  # noqa: F403
from dtrain.tensor.ops.gather import *  # noqa: F403
from dtrain.tensor.ops.getitem import *  # noqa: F403
from dtrain.tensor.ops.join import *  # noqa: F403
from dtrain.tensor.ops.pointwise import *  # noqa: F403
from dtrain.tensor.ops.reduce import *  # noqa: F403
from dtrain.tensor.ops.rounding import *  # noqa: F403
from dtrain.tensor.ops.select import *  # noqa: F403
from dtrain.tensor.ops.shape import *  # noqa: F403
from dtrain.tensor.ops.sort import *  # noqa: F403
from dtrain.tensor.ops.strided import *  # noqa: F403
