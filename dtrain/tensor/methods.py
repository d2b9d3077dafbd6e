"""Methods: the operators as methods of a tensor.

`@op` and `@function` attach to this class while the operator modules are imported; what is there in
the end is written down for readers and type checkers in methods.pyi (by scripts/stubs).
"""

from __future__ import annotations

__all__ = ["Methods"]


class Methods:
    """Base of Tensor that holds the generated methods."""

    __slots__ = ()
