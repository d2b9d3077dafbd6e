"""Layers of transformers (Vaswani et al., 2017). Letters: N batch, S and T lengths, E features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dtrain.errors import OpError
from dtrain.nn import functional as F
from dtrain.nn.activation import GELU, ReLU
from dtrain.nn.attention import MultiheadAttention
from dtrain.nn.dropout import Dropout
from dtrain.nn.linear import Linear
from dtrain.nn.module import Module
from dtrain.nn.norm import LayerNorm
from dtrain.tensor.tensor import Tensor

__all__ = ["Activation", "TransformerDecoderLayer", "TransformerEncoderLayer"]

Activation = str | Callable[[Tensor], Tensor]


def _activation(given: Activation) -> Callable[[Tensor], Tensor]:
    """Return an activation given by name as a function."""
    if not isinstance(given, str):
        return given
    known: dict[str, Any] = {"relu": F.relu, "gelu": F.gelu}
    if given not in known:
        raise OpError(f"activation should be relu/gelu, not {given}")
    found: Callable[[Tensor], Tensor] = known[given]
    return found


class _Layer(Module):
    """What the layers of encoder and decoder share: attention to itself, and two linear maps."""

    norms: int  # normalizations, each with a dropout: one for each block

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        how: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        for name in ("self_attn", "multihead_attn")[: self.norms - 1]:
            attention = MultiheadAttention(
                d_model, nhead, dropout=dropout, batch_first=batch_first, **how
            )
            setattr(self, name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, **how)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, **how)
        self.norm_first = norm_first
        for i in range(1, self.norms + 1):
            setattr(self, f"norm{i}", LayerNorm(d_model, eps=layer_norm_eps, **how))
        for i in range(1, self.norms + 1):
            setattr(self, f"dropout{i}", Dropout(dropout))
        self.activation = _activation(activation)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "activation" not in state and "activation" not in self._modules:
            self.activation = F.relu

    def _sa_block(
        self, x: Tensor, attn_mask: Tensor | None, key_padding_mask: Tensor | None, is_causal: bool
    ) -> Any:
        """Return the attention of a sequence to itself."""
        made = self.self_attn(
            x, x, x, attn_mask=attn_mask, key_padding_mask=key_padding_mask, need_weights=False,
            is_causal=is_causal,
        )[0]  # fmt: skip
        return self.dropout1(made)

    def _ff_block(self, x: Tensor) -> Any:
        """Return the two linear maps of a sequence."""
        made = self.linear2(self.dropout(self.activation(self.linear1(x))))
        return getattr(self, f"dropout{self.norms}")(made)


class TransformerEncoderLayer(_Layer):
    """Attention of a sequence to itself and two linear maps, each added to its input.

    Args:
        d_model: E.
        nhead: Number of heads.
        dim_feedforward: Features between the linear maps.
        dropout: Probability of dropout.
        activation: "relu", "gelu" or a function, between the linear maps.
        layer_norm_eps: Added to variances.
        batch_first: Tensors are (N, S, E) instead of (S, N, E).
        norm_first: Normalize the input of each block instead of the sum.
        bias: Add biases.
        device: Where the parameters lie.
        dtype: Their type.
    """

    norms = 2

    @property
    def activation_relu_or_gelu(self) -> int:
        """1 for relu, 2 for gelu, 0 for another activation."""
        known = ((F.relu, ReLU), (F.gelu, GELU))
        found = [i for i, (fn, cls) in enumerate(known, 1)
                 if self.activation is fn or isinstance(self.activation, cls)]  # fmt: skip
        return found[0] if found else 0

    def forward(
        self,
        src: Any,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Any:
        """Return a sequence of the same shape.

        Args:
            src: (S, N, E), (N, S, E) with `batch_first`, or (S, E).
            src_mask: (S, S) or (N * nhead, S, S), True (or a number to add) where hidden.
            src_key_padding_mask: (N, S) likewise.
            is_causal: A hint that `src_mask` is the causal mask.
        """
        given = (src_mask, src_key_padding_mask, is_causal)
        if self.norm_first:
            x = src + self._sa_block(self.norm1(src), *given)
            return x + self._ff_block(self.norm2(x))
        x = self.norm1(src + self._sa_block(src, *given))
        return self.norm2(x + self._ff_block(x))


class TransformerDecoderLayer(_Layer):
    """As TransformerEncoderLayer, with attention to an encoded sequence in between."""

    norms = 3

    def _mha_block(
        self,
        x: Tensor,
        mem: Tensor,
        attn_mask: Tensor | None,
        key_padding_mask: Tensor | None,
        is_causal: bool,
    ) -> Any:
        """Return the attention of a sequence to the encoded one."""
        made = self.multihead_attn(
            x, mem, mem, attn_mask=attn_mask, key_padding_mask=key_padding_mask,
            is_causal=is_causal, need_weights=False,
        )[0]  # fmt: skip
        return self.dropout2(made)

    def forward(
        self,
        tgt: Any,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Any:
        """Return a sequence of the shape of `tgt`.

        Args:
            tgt: (T, N, E), (N, T, E) with `batch_first`, or (T, E).
            memory: What the encoder returned, (S, N, E) and so on.
            tgt_mask: (T, T), True (or a number to add) where hidden.
            memory_mask: (T, S) likewise.
            tgt_key_padding_mask: (N, T) likewise.
            memory_key_padding_mask: (N, S) likewise.
            tgt_is_causal: A hint that `tgt_mask` is the causal mask.
            memory_is_causal: A hint that `memory_mask` is the causal mask.
        """
        own = (tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        other = (memory, memory_mask, memory_key_padding_mask, memory_is_causal)
        if self.norm_first:
            x = tgt + self._sa_block(self.norm1(tgt), *own)
            x = x + self._mha_block(self.norm2(x), *other)
            return x + self._ff_block(self.norm3(x))
        x = self.norm1(tgt + self._sa_block(tgt, *own))
        x = self.norm2(x + self._mha_block(x, *other))
        return self.norm3(x + self._ff_block(x))
