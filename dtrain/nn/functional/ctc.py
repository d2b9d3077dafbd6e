"""Connectionist temporal classification: the likelihood of a sequence under any alignment.

Letters: T time steps, N batch, C classes, S target length; a target with blanks between and around
its labels has 2 S + 1 states.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.backend.module import to_host
from dtrain.errors import OpError
from dtrain.nn.functional.kinds import placed, reduction_of
from dtrain.tensor.ops.join import cat, stack
from dtrain.tensor.tensor import Tensor

__all__ = ["ctc_loss"]

# Below any log-probability, yet finite: differences of two such stay numbers.
_NEVER = -1e30


def _lengths(values: Any) -> Any:
    return to_host(values._a) if isinstance(values, Tensor) else np.asarray(values, np.int64)


def _padded_targets(targets: Tensor, lengths: Any, longest: int, blank: int) -> Any:
    """Return the targets as (N, S) on the host, from that shape or all in one line."""
    given = to_host(targets._a)
    made = np.full((len(lengths), longest), blank, np.int64)
    start = 0
    for i, n in enumerate(lengths):
        made[i, :n] = given[i, :n] if given.ndim == 2 else given[start : start + n]
        start += int(n)
    return made


def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0,
    reduction: str = "mean", zero_infinity: bool = False,
) -> Any:  # fmt: skip
    """Return the negative log-likelihood of target sequences under all their alignments.

    Args:
        log_probs: (T, N, C) or (T, C).
        targets: (N, S) padded, or (sum of lengths,).
        input_lengths: (N,), tensor or sequence.
        target_lengths: (N,), tensor or sequence.
        blank: The class that stands for no label.
        reduction: "mean" (each loss over its target's length, then over the batch), "sum", "none".
        zero_infinity: Count a target that fits no alignment, and its gradient, as zero.

    Raises:
        OpError: Lengths or the blank do not fit.
    """
    reduction = reduction_of(reduction)
    alone = log_probs._a.ndim == 2
    if alone:
        log_probs = log_probs.unsqueeze(1)
    steps, n, classes = log_probs._a.shape
    long_in, long_out = _lengths(input_lengths).reshape(-1), _lengths(target_lengths).reshape(-1)
    if not 0 <= blank < classes:
        raise OpError("blank must be in label range")
    if len(long_in) != n or len(long_out) != n:
        raise OpError(
            f"input_lengths and target_lengths must be of size batch_size {n}, got {len(long_in)} "
            f"and {len(long_out)}"
        )
    if n and (long_in.max() > steps or long_in.min() < 0 or long_out.min() < 0):
        raise OpError(
            f"Expected input_lengths to have value at most {steps} and lengths not to be negative, "
            f"but got {long_in.tolist()} and {long_out.tolist()}"
        )
    longest = int(long_out.max()) if n else 0
    labels = _padded_targets(targets, long_out, longest, blank)
    loss = _loss(log_probs, labels, long_in, long_out, blank)
    if zero_infinity:
        loss = loss.masked_fill(loss == float("inf"), 0.0)
    if reduction == "none":
        return loss.squeeze(0) if alone else loss
    if reduction == "sum":
        return loss.sum()
    per_label = placed(long_out.clip(1, None).astype(loss._a.dtype), loss)
    return (loss / per_label).mean()


def _loss(log_probs: Any, labels: Any, long_in: Any, long_out: Any, blank: int) -> Any:
    """Return the loss of each sequence, by the forward recursion over states."""
    n, states = len(labels), 2 * labels.shape[1] + 1
    path = np.full((n, states), blank, np.int64)
    path[:, 1::2] = labels
    # a state may be entered from two before where both are labels and differ
    jumps = np.zeros((n, states), bool)
    jumps[:, 3::2] = labels[:, 1:] != labels[:, :-1]
    at = placed(path, log_probs)
    no_jump = placed(~jumps, log_probs)
    first = np.zeros((n, states), bool)
    first[:, 0] = True
    first[:, 1:2] = long_out[:, None] > 0
    alpha = log_probs[0].gather(1, at).masked_fill(placed(~first, log_probs), _NEVER)
    edge = log_probs.new_full((n, 2), _NEVER)
    for t in range(1, log_probs.shape[0]):
        wide = cat([edge, alpha], 1)
        ways = stack(
            [alpha, wide[:, 1:-1], wide[:, :-2].masked_fill(no_jump, _NEVER)], 0
        ).logsumexp(0)
        stepped = ways + log_probs[t].gather(1, at)
        done = placed(np.asarray(long_in <= t)[:, None], log_probs)
        alpha = alpha.where(done, stepped) if bool((long_in <= t).any()) else stepped
    ends = placed(np.stack([2 * long_out, (2 * long_out - 1).clip(0, None)], 1), log_probs)
    last = alpha.gather(1, ends)
    empty = placed(np.stack([long_out < 0, long_out == 0], 1), log_probs)
    total = -last.masked_fill(empty, _NEVER).logsumexp(1)
    total = total.masked_fill(total > -_NEVER / 2, float("inf"))
    # torch's gradient takes log_probs for the result of log_softmax: a term of value zero adds that
    after = placed((np.arange(log_probs.shape[0])[:, None] >= long_in)[..., None], log_probs)
    mass = log_probs.exp().masked_fill(after, 0.0).sum((0, 2))
    return total + (mass - mass.detach())
