"""The operators, one family a module. Importing this package registers them all."""

from __future__ import annotations

from dtrain.tensor.ops import cast, compare, pointwise, reduce, shape, strided

__all__ = ["cast", "compare", "pointwise", "reduce", "shape", "strided"]
