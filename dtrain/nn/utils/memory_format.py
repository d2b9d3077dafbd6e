"""Memory formats of convolutions' weights."""

from __future__ import annotations

from typing import Any, TypeVar

from dtrain.nn.conv import Conv2d, Conv3d
from dtrain.nn.conv_transpose import ConvTranspose2d, ConvTranspose3d
from dtrain.nn.module import Module

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]

M = TypeVar("M", bound=Module)


def _convert(module: M, kinds: tuple[type[Module], ...], memory_format: Any) -> M:
    for found in module.modules():
        if isinstance(found, kinds):
            weight: Any = found.weight
            weight.data = weight.detach().clone(memory_format=memory_format)
    return module


def convert_conv2d_weight_memory_format(module: M, memory_format: Any) -> M:
    """Put the weights of all two-dimensional convolutions in a module into a memory format."""
    return _convert(module, (Conv2d, ConvTranspose2d), memory_format)


def convert_conv3d_weight_memory_format(module: M, memory_format: Any) -> M:
    """Put the weights of all three-dimensional convolutions in a module into a memory format."""
    return _convert(module, (Conv3d, ConvTranspose3d), memory_format)
