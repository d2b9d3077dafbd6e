"""Running programs that import torch: `install()`, or `python -m dtrain.compat script.py args`."""

from __future__ import annotations

from dtrain.compat.aliases import install

__all__ = ["install"]
