"""torch.signal's face: windows."""

from __future__ import annotations

from dtrain.signal import windows as windows

__all__ = ["windows"]
