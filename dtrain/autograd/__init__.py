"""Automatic differentiation: torch.autograd's face."""

from __future__ import annotations

import importlib
from typing import Any

from dtrain.autograd import anomaly_mode, functional, graph
from dtrain.autograd.anomaly_mode import detect_anomaly, set_detect_anomaly
from dtrain.autograd.function import Function
from dtrain.autograd.gradcheck import gradcheck, gradgradcheck
from dtrain.autograd.run import backward, grad
from dtrain.autograd.variable import Variable
from dtrain.tensor import grad_mode
from dtrain.tensor.grad_mode import (
    enable_grad,
    inference_mode,
    no_grad,
    set_grad_enabled,
)

__all__ = [
    "Function",
    "Variable",
    "anomaly_mode",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "functional",
    "grad",
    "grad_mode",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]


def __getattr__(name: str) -> Any:
    if name == "profiler":  # few programs want it
        return importlib.import_module("dtrain.autograd.profiler")
    raise AttributeError(f"module 'dtrain.autograd' has no attribute {name!r}")
