"""torch.amp's face: mixed precision."""

from __future__ import annotations

from dtrain.amp.autocast import autocast, custom_bwd, custom_fwd, is_autocast_available
from dtrain.amp.scaler import GradScaler

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]
