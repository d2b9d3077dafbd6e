"""The operators, one family a module. Importing this package registers them all."""

from __future__ import annotations

from dtrain.tensor.ops.bitwise import *  # noqa: F403
from dtrain.tensor.ops.cast import *  # noqa: F403
from dtrain.tensor.ops.choose import *  # noqa: F403
from dtrain.tensor.ops.compare import *  # noqa: F403
from dtrain.tensor.ops.complex import *  # noqa: F403
from dtrain.tensor.ops.copies import *  # noqa: F403
from dtrain.tensor.ops.diagonal import *  # noqa: F403
from dtrain.tensor.ops.einsum import *  # noqa: F403
from dtrain.tensor.ops.elementary import *  # noqa: F403
from dtrain.tensor.ops.extreme import *  # noqa: F403
from dtrain.tensor.ops.fill import *  # noqa: F403
from dtrain.tensor.ops.finite_differences import *  # noqa: F403
from dtrain.tensor.ops.frexp import *  # noqa: F403
from dtrain.tensor.ops.gather import *  # noqa: F403
from dtrain.tensor.ops.getitem import *  # noqa: F403
from dtrain.tensor.ops.index_reduce import *  # noqa: F403
from dtrain.tensor.ops.join import *  # noqa: F403
from dtrain.tensor.ops.linalg_torch import *  # noqa: F403
from dtrain.tensor.ops.matmul import *  # noqa: F403
from dtrain.tensor.ops.moments import *  # noqa: F403
from dtrain.tensor.ops.nonzero import *  # noqa: F403
from dtrain.tensor.ops.norm import *  # noqa: F403
from dtrain.tensor.ops.pointwise import *  # noqa: F403
from dtrain.tensor.ops.rank import *  # noqa: F403
from dtrain.tensor.ops.rearrange import *  # noqa: F403
from dtrain.tensor.ops.reduce import *  # noqa: F403
from dtrain.tensor.ops.resize import *  # noqa: F403
from dtrain.tensor.ops.rounding import *  # noqa: F403
from dtrain.tensor.ops.scan import *  # noqa: F403
from dtrain.tensor.ops.scatter import *  # noqa: F403
from dtrain.tensor.ops.select import *  # noqa: F403
from dtrain.tensor.ops.shape import *  # noqa: F403
from dtrain.tensor.ops.sort import *  # noqa: F403
from dtrain.tensor.ops.sparse import *  # noqa: F403
from dtrain.tensor.ops.special_bessel import *  # noqa: F403
from dtrain.tensor.ops.special_entropy import *  # noqa: F403
from dtrain.tensor.ops.special_error import *  # noqa: F403
from dtrain.tensor.ops.special_gamma import *  # noqa: F403
from dtrain.tensor.ops.special_incomplete import *  # noqa: F403
from dtrain.tensor.ops.special_polynomials import *  # noqa: F403
from dtrain.tensor.ops.spellings import *  # noqa: F403
from dtrain.tensor.ops.statistics import *  # noqa: F403
from dtrain.tensor.ops.stft import *  # noqa: F403
from dtrain.tensor.ops.strided import *  # noqa: F403
from dtrain.tensor.ops.unique import *  # noqa: F403
from dtrain.tensor.ops.windows import *  # noqa: F403

# The operators and not the modules that hold them; stays the last line.
__all__ = sorted(n for n, x in globals().items() if callable(x) and not n.startswith("_"))  # noqa: PLE0605
