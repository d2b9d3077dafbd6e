"""dtrain.nn.utils: torch.nn.utils' names."""

from __future__ import annotations

from dtrain.nn import clip as _clip
from dtrain.nn import sequence as _sequence
from dtrain.nn.clip import *  # noqa: F403
from dtrain.nn.utils import parametrizations as parametrizations
from dtrain.nn.utils import parametrize as parametrize
from dtrain.nn.utils import prune as prune
from dtrain.nn.utils import stateless as stateless
from dtrain.nn.utils.fusion import *  # noqa: F403
from dtrain.nn.utils.init import *  # noqa: F403
from dtrain.nn.utils.memory_format import *  # noqa: F403
from dtrain.nn.utils.spectral_norm import remove_spectral_norm as remove_spectral_norm
from dtrain.nn.utils.spectral_norm import spectral_norm as spectral_norm
from dtrain.nn.utils.tuples import *  # noqa: F403
from dtrain.nn.utils.tuples import _ntuple as _ntuple
from dtrain.nn.utils.tuples import _pair as _pair
from dtrain.nn.utils.tuples import _quadruple as _quadruple
from dtrain.nn.utils.tuples import _single as _single
from dtrain.nn.utils.tuples import _triple as _triple
from dtrain.nn.utils.weight_norm import remove_weight_norm as remove_weight_norm
from dtrain.nn.utils.weight_norm import weight_norm as weight_norm

clip_grad = convert_parameters = _clip
rnn = _sequence
