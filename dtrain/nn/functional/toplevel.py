"""The functions that torch has under its own name as well, some there with another signature."""

from __future__ import annotations

from typing import Any

from dtrain.nn.functional.activation import (
    hardshrink,
    prelu,
    relu,
    relu_,
    rrelu,
    rrelu_,
    threshold,
    threshold_,
)
from dtrain.nn.functional.adaptive import adaptive_avg_pool1d, adaptive_max_pool1d_with_indices
from dtrain.nn.functional.conv import (
    conv1d,
    conv2d,
    conv3d,
    conv_tbc,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
    convolution,
)
from dtrain.nn.functional.distance import cosine_similarity, pairwise_distance, pdist
from dtrain.nn.functional.dropout import alpha_dropout, dropout, feature_alpha_dropout
from dtrain.nn.functional.embedding import embedding as _embedding
from dtrain.nn.functional.fold import (
    channel_shuffle,
    native_channel_shuffle,
    pixel_shuffle,
    pixel_unshuffle,
)
from dtrain.nn.functional.layer_norm import group_norm, layer_norm, rms_norm
from dtrain.nn.functional.linear import bilinear
from dtrain.nn.functional.native import (
    embedding_bag,
    grid_sampler,
    grid_sampler_2d,
    grid_sampler_3d,
    native_batch_norm,
    native_group_norm,
    native_layer_norm,
)
from dtrain.nn.functional.norm import batch_norm as _batch_norm
from dtrain.nn.functional.norm import instance_norm as _instance_norm
from dtrain.nn.functional.pad import constant_pad_nd
from dtrain.nn.functional.pool import (
    avg_pool1d,
    max_pool1d,
    max_pool1d_with_indices,
    max_pool2d,
    max_pool3d,
)
from dtrain.nn.functional.smooth import celu, celu_, selu, selu_
from dtrain.nn.functional.softmax import log_softmax_along as log_softmax
from dtrain.nn.functional.softmax import softmax_along as softmax
from dtrain.tensor.tensor import Tensor

__all__ = [
    "adaptive_avg_pool1d", "adaptive_max_pool1d", "alpha_dropout", "avg_pool1d", "batch_norm",
    "bilinear", "celu", "celu_", "channel_shuffle", "constant_pad_nd", "conv1d", "conv2d",
    "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "convolution", "cosine_similarity", "dropout", "embedding", "embedding_bag",
    "feature_alpha_dropout", "grid_sampler", "grid_sampler_2d", "grid_sampler_3d", "group_norm",
    "hardshrink", "instance_norm", "layer_norm", "log_softmax", "max_pool1d",
    "max_pool1d_with_indices", "max_pool2d", "max_pool3d", "native_batch_norm",
    "native_channel_shuffle", "native_group_norm", "native_layer_norm", "pairwise_distance",
    "pdist", "pixel_shuffle", "pixel_unshuffle", "prelu", "relu", "relu_", "rms_norm", "rrelu",
    "rrelu_", "selu", "selu_", "softmax", "threshold", "threshold_",
]  # fmt: skip


def adaptive_max_pool1d(input: Tensor, output_size: Any) -> Any:
    """Return the maxima over regions and where they lie."""
    return adaptive_max_pool1d_with_indices(input, output_size)


def batch_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
    running_var: Tensor | None, training: bool, momentum: float, eps: float, cudnn_enabled: bool,
) -> Any:  # fmt: skip
    """Normalise each channel over the batch; see nn.functional.batch_norm."""
    how = (training, momentum, eps)
    return _batch_norm(input, running_mean, running_var, weight, bias, *how)


def instance_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
    running_var: Tensor | None, use_input_stats: bool, momentum: float, eps: float,
    cudnn_enabled: bool,
) -> Any:  # fmt: skip
    """Normalise each channel of each sample; see nn.functional.instance_norm."""
    how = (use_input_stats, momentum, eps)
    return _instance_norm(input, running_mean, running_var, weight, bias, *how)


def embedding(
    weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:  # fmt: skip
    """Return the rows of `weight` that `indices` names; see nn.functional.embedding."""
    padding = None if padding_idx < 0 else padding_idx
    how = {"scale_grad_by_freq": scale_grad_by_freq, "sparse": sparse}
    return _embedding(indices, weight, padding, **how)
