"""dtrain.nn: modules, layers, losses and the names of torch.nn."""

from __future__ import annotations

from dtrain.nn import functional as functional
from dtrain.nn import init as init
from dtrain.nn.activation import *  # noqa: F403
from dtrain.nn.adaptive import *  # noqa: F403
from dtrain.nn.attention import *  # noqa: F403
from dtrain.nn.batchnorm import *  # noqa: F403
from dtrain.nn.containers import *  # noqa: F403
from dtrain.nn.conv import *  # noqa: F403
from dtrain.nn.conv_transpose import *  # noqa: F403
from dtrain.nn.distance import *  # noqa: F403
from dtrain.nn.dropout import *  # noqa: F403
from dtrain.nn.embedding import *  # noqa: F403
from dtrain.nn.flatten import *  # noqa: F403
from dtrain.nn.lazy import *  # noqa: F403
from dtrain.nn.legacy import *  # noqa: F403
from dtrain.nn.likelihood_loss import *  # noqa: F403
from dtrain.nn.linear import *  # noqa: F403
from dtrain.nn.linear_loss import *  # noqa: F403
from dtrain.nn.loss import *  # noqa: F403
from dtrain.nn.module import Module as Module
from dtrain.nn.norm import *  # noqa: F403
from dtrain.nn.padding import *  # noqa: F403
from dtrain.nn.parameter import *  # noqa: F403
from dtrain.nn.parameter_containers import *  # noqa: F403
from dtrain.nn.pool import *  # noqa: F403
from dtrain.nn.ranking_loss import *  # noqa: F403
from dtrain.nn.resize import *  # noqa: F403
from dtrain.nn.rnn import *  # noqa: F403
from dtrain.nn.rnn_cells import *  # noqa: F403
from dtrain.nn.softmax import *  # noqa: F403
from dtrain.nn.transformer import *  # noqa: F403
from dtrain.nn.transformer_layer import TransformerDecoderLayer as TransformerDecoderLayer
from dtrain.nn.transformer_layer import TransformerEncoderLayer as TransformerEncoderLayer
from dtrain.nn.unpool import *  # noqa: F403
