"""Automatic differentiation: torch.autograd's face."""

from __future__ import annotations

from dtrain.autograd.function import Function
from dtrain.autograd.run import backward, grad
from dtrain.autograd.variable import Variable
from dtrain.tensor.grad_mode import enable_grad, no_grad, set_grad_enabled

__all__ = [
    "Function",
    "Variable",
    "backward",
    "enable_grad",
    "grad",
    "no_grad",
    "set_grad_enabled",
]
