"""Layouts: how a tensor's elements lie in memory."""

from __future__ import annotations

__all__ = ["layout", "sparse_coo", "strided"]


class layout:
    """A way to lay elements out, as torch.layout."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name


sparse_coo = layout("sparse_coo")
strided = layout("strided")
