"""Multi-head attention. Letters: N batch, H heads, L query length, S key length, E features."""

from __future__ import annotations

from typing import Any

from dtrain.errors import OpValueError
from dtrain.nn import functional as F
from dtrain.nn import init
from dtrain.nn.linear import Linear
from dtrain.nn.module import Module
from dtrain.nn.parameter import Parameter
from dtrain.tensor.create import empty
from dtrain.tensor.tensor import Tensor

__all__ = ["MultiheadAttention"]


class NonDynamicallyQuantizableLinear(Linear):
    """A linear layer under the name that torch prints for the output projection."""


class MultiheadAttention(Module):
    """Attend to `num_heads` projections of keys and values at once (Vaswani et al., 2017).

    Args:
        embed_dim: E.
        num_heads: H, which divides E.
        dropout: Probability of dropping an attention weight.
        bias: Add biases in the projections.
        add_bias_kv: Add a learned key and value to every sequence.
        add_zero_attn: Add a key and value of zeros.
        kdim: Features of the keys; E by default.
        vdim: Features of the values; E by default.
        batch_first: Tensors are (N, L, E) instead of (L, N, E).
        device: Where the parameters lie.
        dtype: Their type.

    Raises:
        OpValueError: `embed_dim` or `num_heads` is not positive.
        AssertionError: `num_heads` does not divide `embed_dim`.
    """

    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise OpValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and "
                f"num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim == self.vdim
        self.batch_first, self.add_zero_attn = batch_first, add_zero_attn
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")
        how: dict[str, Any] = {"device": device, "dtype": dtype}
        one, parts = (3 * embed_dim, embed_dim), (embed_dim, self.kdim, self.vdim)
        same = self._qkv_same_embed_dim
        self.register_parameter("in_proj_weight", Parameter(empty(one, **how)) if same else None)
        for name, features in zip("qkv", parts, strict=True):
            made = None if same else Parameter(empty((embed_dim, features), **how))
            self.register_parameter(f"{name}_proj_weight", made)
        self.register_parameter("in_proj_bias", Parameter(empty(one[0], **how)) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, **how)
        self.bias_k = self.bias_v = None
        if add_bias_kv:
            self.bias_k = Parameter(empty((1, 1, embed_dim), **how))
            self.bias_v = Parameter(empty((1, 1, embed_dim), **how))
        self._reset_parameters()

    def _projections(self) -> list[Any]:
        if self._qkv_same_embed_dim:
            return [self.in_proj_weight]
        return [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]

    def _reset_parameters(self) -> None:
        for weight in self._projections():
            init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for extra in (self.bias_k, self.bias_v):
            if extra is not None:
                init.xavier_normal_(extra)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        """Attend from queries to keys and return what the weights pick of the values.

        Args:
            query: (L, N, E), (N, L, E) with `batch_first`, or (L, E).
            key: (S, N, kdim), and so on.
            value: (S, N, vdim), and so on.
            key_padding_mask: (N, S), True (or a number to add) where a key is hidden.
            need_weights: Return the weights as well.
            attn_mask: (L, S) or (N * H, L, S), True or a number likewise.
            average_attn_weights: Return the mean of the weights over heads.
            is_causal: A hint that `attn_mask` is the causal mask.

        Returns:
            The result, of the query's shape, and the weights (N, L, S), (N, H, L, S) or None.
        """
        turned = self.batch_first and query.ndim == 3
        if turned:
            same_key, same_value = query is key, key is value
            query = query.transpose(0, 1)
            key = query if same_key else key.transpose(0, 1)
            value = key if same_value else value.transpose(0, 1)
        separate: dict[str, Any] = {}
        if not self._qkv_same_embed_dim:
            separate = {
                f"{name}_proj_weight": getattr(self, f"{name}_proj_weight") for name in "qkv"
            }
        made, weights = F.multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight,
            self.in_proj_bias, self.bias_k, self.bias_v, self.add_zero_attn, self.dropout,
            self.out_proj.weight, self.out_proj.bias, training=self.training,
            key_padding_mask=key_padding_mask, need_weights=need_weights, attn_mask=attn_mask,
            use_separate_proj_weight=bool(separate), average_attn_weights=average_attn_weights,
            is_causal=is_causal, **separate,
        )  # fmt: skip
        return (made.transpose(0, 1) if turned else made), weights

    def merge_masks(
        self, attn_mask: Tensor | None, key_padding_mask: Tensor | None, query: Tensor
    ) -> tuple[Any, int | None]:
        """Return both masks of numbers as one for (N, H, L, L), and which there are (1, 2).

        Args:
            attn_mask: (L, L) or (N * H, L, L).
            key_padding_mask: (N, L); alone it is returned as it is.
            query: (N, L, E).
        """
        if attn_mask is None:
            return key_padding_mask, None if key_padding_mask is None else 1
        batch, length, _ = query.shape
        merged: Any = attn_mask.view(-1, 1, length, length)
        if attn_mask.ndim == 3:
            merged = attn_mask.view(batch, -1, length, length)
        merged = merged.expand(batch, self.num_heads, length, length)
        if key_padding_mask is not None:
            merged = merged + key_padding_mask.view(batch, 1, 1, length)
        return merged, 2
