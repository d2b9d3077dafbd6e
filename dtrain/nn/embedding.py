"""Embeddings: rows of a table, looked up by number. Shape letters: V rows, E their size."""

from __future__ import annotations

from typing import Any, TypeVar

from dtrain.nn import functional as F
from dtrain.nn import init
from dtrain.nn.module import Module
from dtrain.nn.parameter import Parameter
from dtrain.tensor.create import empty
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.tensor import Tensor

__all__ = ["Embedding", "EmbeddingBag"]

M = TypeVar("M", bound="_Table")


class _Table(Module):
    """What both embeddings share: the table."""

    num_embeddings: int
    embedding_dim: int
    padding_idx: int | None

    def _make(
        self, weight: Tensor | None, padding_idx: int | None, freeze: bool, device: Any, dtype: Any
    ) -> None:
        rows, size = self.num_embeddings, self.embedding_dim
        if padding_idx is not None:
            if not -rows <= padding_idx < rows:
                raise AssertionError("Padding_idx must be within num_embeddings")
            padding_idx %= rows
        self.padding_idx = padding_idx
        if weight is None:
            made = empty((rows, size), device=device, dtype=dtype)
            self.weight = Parameter(made, requires_grad=not freeze)
            self.reset_parameters()
            return
        if list(weight.shape) != [rows, size]:
            raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
        self.weight = Parameter(weight, requires_grad=not freeze)

    def reset_parameters(self) -> None:
        """Draw the table from N(0, 1); the row for padding is zero."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)

    @classmethod
    def _from_pretrained(cls: type[M], embeddings: Tensor, freeze: bool, **options: Any) -> M:
        if embeddings.ndim != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        rows, size = embeddings.shape
        made = cls(num_embeddings=rows, embedding_dim=size, _weight=embeddings, **options)
        made.weight.requires_grad_(not freeze)
        return made

    def _shown(self, names: tuple[str, ...]) -> list[str]:
        """Return the arguments that differ from their defaults."""
        parts = [f"{self.num_embeddings}, {self.embedding_dim}"]
        defaults = {"norm_type": 2, "scale_grad_by_freq": False, "sparse": False}
        for name in names:
            value = getattr(self, name)
            if value != defaults.get(name):
                parts.append(f"{name}={value!r}")
        return parts


class Embedding(_Table):
    """Look up rows of a learned table.

    Args:
        num_embeddings: V.
        embedding_dim: E.
        padding_idx: A row that gets no gradient; it starts as zeros.
        max_norm: Scale rows that are longer than this when they are looked up.
        norm_type: The p of the norm for `max_norm`.
        scale_grad_by_freq: Divide gradients by how often a row occurs in the batch.
        sparse: Give the table a sparse gradient.
        _weight: The table (V, E), in place of one drawn from N(0, 1).
        _freeze: Do not train the table.
        device: Where the table lies.
        dtype: Its type.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        self._make(_weight, padding_idx, _freeze, device, dtype)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """Return a layer over a given table (V, E), which is not trained unless `freeze=False`."""
        return cls._from_pretrained(
            embeddings, freeze, padding_idx=padding_idx, max_norm=max_norm, norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq, sparse=sparse,
        )  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        """Return (*, E) for row numbers (*)."""
        return F.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type,
            self.scale_grad_by_freq, self.sparse,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Return the arguments that differ from their defaults."""
        names = ("padding_idx", "max_norm", "norm_type", "scale_grad_by_freq")
        return ", ".join(self._shown(names) + (["sparse=True"] if self.sparse else []))


class EmbeddingBag(_Table):
    """Look up bags of rows of a learned table and return the sum, mean or maximum of each bag.

    Args:
        num_embeddings: V.
        embedding_dim: E.
        max_norm: Scale rows that are longer than this when they are looked up.
        norm_type: The p of the norm for `max_norm`.
        scale_grad_by_freq: Divide gradients by how often a row occurs in the batch.
        mode: "sum", "mean" or "max".
        sparse: Give the table a sparse gradient.
        _weight: The table (V, E), in place of one drawn from N(0, 1).
        include_last_offset: The offsets end with the number of all rows.
        padding_idx: A row that counts in no bag.
        device: Where the table lies.
        dtype: Its type.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.mode, self.sparse = scale_grad_by_freq, mode, sparse
        self.include_last_offset = include_last_offset
        self._make(_weight, padding_idx, False, device, dtype)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> EmbeddingBag:
        """Return a layer over a given table (V, E), which is not trained unless `freeze=False`."""
        return cls._from_pretrained(
            embeddings, freeze, max_norm=max_norm, norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq, mode=mode, sparse=sparse,
            include_last_offset=include_last_offset, padding_idx=padding_idx,
        )  # fmt: skip

    def forward(
        self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None
    ) -> Tensor:
        """Return (bags, E) for row numbers (bags, n), or (n) with the offset of each bag."""
        return F.embedding_bag(
            input, self.weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq,
            self.mode, self.sparse, per_sample_weights, self.include_last_offset, self.padding_idx,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Return the arguments that differ from their defaults."""
        return ", ".join(
            self._shown(("max_norm", "norm_type", "scale_grad_by_freq", "mode", "padding_idx"))
        )
