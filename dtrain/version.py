"""The version of dtrain, and what torch.version tells."""

from __future__ import annotations

__all__ = ["__version__", "cuda", "git_version", "hip"]

__version__ = "0.1.0"
cuda: str | None = None
hip: str | None = None
git_version = "unknown"
