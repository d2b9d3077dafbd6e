"""torch.backends' face: what the libraries underneath are, and switches for some of them.

The switches keep what is written to them, so programs that set them run; each module says what its
own do.
"""

from __future__ import annotations

from dtrain.backends import cuda, cudnn, mkl, mkldnn, mps, openmp

__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]
