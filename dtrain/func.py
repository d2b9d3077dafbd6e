"""torch.func's face: modules as functions of their parameters."""

from __future__ import annotations

from dtrain.nn.utils.stateless import stateless_call as functional_call

__all__ = ["functional_call"]
