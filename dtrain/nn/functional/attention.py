"""Attention: scaled dot products, and many heads of them.

Letters: N batch, H heads, L query length, S key length, E features.
"""

from __future__ import annotations

import math
from typing import Any

from dtrain.errors import DtypeError, OpError, ShapeError
from dtrain.nn.functional.dropout import dropout
from dtrain.nn.functional.linear import linear
from dtrain.nn.functional.pad import pad
from dtrain.nn.functional.softmax import softmax
from dtrain.tensor.ops.join import cat
from dtrain.tensor.tensor import Tensor

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]


def _causal(scores: Any) -> Any:
    """Return True where a query must not see a key: after its own place."""
    return scores.new_ones(scores.shape[-2:], dtype=bool).triu(1)


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None,
    dropout_p: float = 0.0, is_causal: bool = False, scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:  # fmt: skip
    """Return softmax(query @ key.T * scale + mask) @ value.

    Args:
        query: (*, L, E).
        key: (*, S, E).
        value: (*, S, E_v).
        attn_mask: Broadcasts to (*, L, S): True where a key may be seen, or numbers to be added.
        dropout_p: Probability of dropping a weight.
        is_causal: Queries see keys up to their own place; not together with `attn_mask`.
        scale: None for 1 / sqrt(E).
        enable_gqa: Let several query heads (dimension -3) share a key head.

    Returns:
        (*, L, E_v).

    Raises:
        OpError: `attn_mask` and `is_causal` are both given.
        DtypeError: Types differ.
    """
    if is_causal and attn_mask is not None:
        raise OpError(
            "_scaled_dot_product_attention: Explicit attn_mask should not be set when "
            "is_causal=True"
        )
    if not query._a.dtype == key._a.dtype == value._a.dtype:
        raise DtypeError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{query.dtype} key.dtype: {key.dtype} and value.dtype: {value.dtype} instead."
        )
    if min(query._a.ndim, key._a.ndim, value._a.ndim) < 2:
        raise ShapeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got "
            f"query.dim(): {query._a.ndim}, key.dim(): {key._a.ndim} and value.dim(): "
            f"{value._a.ndim} instead."
        )
    if enable_gqa:
        key = key.repeat_interleave(query._a.shape[-3] // key._a.shape[-3], -3)
        value = value.repeat_interleave(query._a.shape[-3] // value._a.shape[-3], -3)
    factor = 1 / math.sqrt(query._a.shape[-1]) if scale is None else scale
    scores = (query * factor) @ key.transpose(-2, -1)
    if is_causal:
        scores = scores.masked_fill(_causal(scores), -math.inf)
    elif attn_mask is not None:
        hidden = attn_mask._a.dtype == bool
        scores = scores.masked_fill(~attn_mask, -math.inf) if hidden else scores + attn_mask
        if hidden:
            # a query that may see nothing gets zeros, not the NaN of softmax
            blind = (~attn_mask).all(-1, keepdim=True)
            return dropout(softmax(scores, -1).masked_fill(blind, 0.0), dropout_p) @ value
    weights = softmax(scores, -1)
    return (dropout(weights, dropout_p) if dropout_p else weights) @ value


def _as_added(mask: Tensor | None, name: str, query: Tensor) -> Any:
    """Return a mask of numbers to add; a bool mask is True where a key is hidden."""
    if mask is None or mask.is_floating_point():
        return mask
    if mask._a.dtype != bool:
        raise OpError(f"only bool and floating types of {name} are supported, not {mask.dtype}")
    return query.new_zeros(mask.shape).masked_fill_(mask, -math.inf)


def _projected(
    query: Tensor, key: Tensor, value: Tensor, weights: Any, bias: Tensor | None
) -> list[Any]:
    """Return query, key and value after their linear maps: one product for one tensor."""
    if isinstance(weights, Tensor):
        if query is key is value:
            return list(linear(query, weights, bias).chunk(3, -1))
        weights = weights.chunk(3)
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    return [linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True)]


def _check(
    query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None,
    attn_mask: Tensor | None, num_heads: int, embed_dim: int,
) -> None:  # fmt: skip
    dims = query._a.ndim
    if dims not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {dims}-D query tensor"
        )
    if key._a.ndim != dims or value._a.ndim != dims:
        raise AssertionError(
            f"For {'batched (3-D)' if dims == 3 else 'unbatched (2-D)'} `query`, expected `key` "
            f"and `value` to be {dims}-D but found {key._a.ndim}-D and {value._a.ndim}-D tensors"
        )
    if key_padding_mask is not None and key_padding_mask._a.ndim != dims - 1:
        raise AssertionError(
            f"expected `key_padding_mask` to be `None` or {dims - 1}-D but found "
            f"{key_padding_mask._a.ndim}-D tensor instead"
        )
    if attn_mask is not None and attn_mask._a.ndim not in (2, 3):
        raise AssertionError(
            f"expected `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask._a.ndim}-D"
        )
    if query._a.shape[-1] != embed_dim:
        raise AssertionError(
            f"was expecting embedding dimension of {embed_dim}, but got {query._a.shape[-1]}"
        )
    if embed_dim % num_heads:
        raise AssertionError(f"embed_dim {embed_dim} not divisible by num_heads {num_heads}")


def multi_head_attention_forward(
    query: Tensor, key: Tensor, value: Tensor, embed_dim_to_check: int, num_heads: int,
    in_proj_weight: Tensor | None, in_proj_bias: Tensor | None, bias_k: Tensor | None,
    bias_v: Tensor | None, add_zero_attn: bool, dropout_p: float, out_proj_weight: Tensor,
    out_proj_bias: Tensor | None, training: bool = True, key_padding_mask: Tensor | None = None,
    need_weights: bool = True, attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False, q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None, v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None, static_v: Tensor | None = None,
    average_attn_weights: bool = True, is_causal: bool = False,
) -> Any:  # fmt: skip
    """Return the attention of `num_heads` heads, projected in and out, and its weights.

    Args:
        query: (L, N, E), or (L, E) without a batch.
        key: (S, N, E_k).
        value: (S, N, E_v).
        embed_dim_to_check: E.
        num_heads: H, which divides E.
        in_proj_weight: (3 E, E), the three input maps below one another.
        in_proj_bias: (3 E,).
        bias_k: (1, 1, E), one more key for every sequence.
        bias_v: (1, 1, E), its value.
        add_zero_attn: Add a key and value of zeros.
        dropout_p: Probability of dropping a weight in training.
        out_proj_weight: (E, E).
        out_proj_bias: (E,).
        training: Apply dropout.
        key_padding_mask: (N, S), True (or a number to add) where a key is hidden.
        need_weights: Return the weights as well.
        attn_mask: (L, S) or (N * H, L, S), True or a number likewise.
        use_separate_proj_weight: Take the next three instead of `in_proj_weight`.
        q_proj_weight: (E, E).
        k_proj_weight: (E, E_k).
        v_proj_weight: (E, E_v).
        static_k: (N * H, S, E / H), keys as they are.
        static_v: (N * H, S, E / H), values as they are.
        average_attn_weights: Return the mean over heads.
        is_causal: A hint that `attn_mask` is the causal mask.

    Returns:
        (L, N, E), and (N, L, S), or (N, H, L, S) without the mean, or None.
    """
    _check(query, key, value, key_padding_mask, attn_mask, num_heads, embed_dim_to_check)
    if is_causal and attn_mask is None:
        raise OpError("Need attn_mask if specifying the is_causal hint.")
    batched = query._a.ndim == 3
    if not batched:
        same = query is key is value
        query = query.unsqueeze(1)
        key, value = (query, query) if same else (key.unsqueeze(1), value.unsqueeze(1))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, n, embed = query._a.shape
    separate = (q_proj_weight, k_proj_weight, v_proj_weight)
    weights = separate if use_separate_proj_weight else in_proj_weight
    q, k, v = _projected(query, key, value, weights, in_proj_bias)
    extra = int(bias_k is not None) + int(add_zero_attn)
    if bias_k is not None and bias_v is not None:
        k, v = cat([k, bias_k.repeat(1, n, 1)]), cat([v, bias_v.repeat(1, n, 1)])
    q = _heads(q, num_heads)
    k = _heads(k, num_heads) if static_k is None else static_k
    v = _heads(v, num_heads) if static_v is None else static_v
    if add_zero_attn:
        zero = k.new_zeros((n * num_heads, 1, embed // num_heads))
        k, v = cat([k, zero], 1), cat([v, zero], 1)
    mask = _merged_mask(query, key_padding_mask, attn_mask, num_heads, extra)
    scores = (q * math.sqrt(num_heads / embed)) @ k.transpose(-2, -1)
    given = dropout(softmax(scores if mask is None else scores + mask, -1), dropout_p, training)
    made = given @ v
    made = linear(made.transpose(0, 1).reshape(length * n, embed), out_proj_weight, out_proj_bias)
    made = made.reshape(length, n, -1)
    made = made if batched else made.squeeze(1)
    if not need_weights:
        return made, None
    given = given.reshape(n, num_heads, length, -1)
    given = given.mean(1) if average_attn_weights else given
    return made, given if batched else given.squeeze(0)


def _merged_mask(
    query: Tensor, key_padding_mask: Tensor | None, attn_mask: Tensor | None, heads: int, extra: int
) -> Any:
    """Return what both masks add to the scores, with `extra` further keys in sight, or None."""
    hidden = _as_added(key_padding_mask, "key_padding_mask", query)
    mask = _as_added(attn_mask, "attn_mask", query)
    if mask is not None:
        mask = pad(mask.unsqueeze(0) if mask.ndim == 2 else mask, (0, extra))
    if hidden is None:
        return mask
    hidden = pad(hidden, (0, extra)).repeat_interleave(heads, 0).unsqueeze(1)
    return hidden if mask is None else mask + hidden


def _heads(x: Any, heads: int) -> Any:
    """Return (length, N, E) as (N * H, length, E / H)."""
    length, n, embed = x.shape
    return x.reshape(length, n * heads, embed // heads).transpose(0, 1)
