"""Softmax over many classes, most of them rare. Letters: N batch, E features, C classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from dtrain.errors import OpError, OpValueError, ShapeError
from dtrain.nn import functional as F
from dtrain.nn.containers import ModuleList, Sequential
from dtrain.nn.linear import Linear
from dtrain.nn.module import Module
from dtrain.tensor.ops.join import cat
from dtrain.tensor.tensor import Tensor

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    """The log-probability of each target (N,), and the mean loss."""

    output: Any
    loss: Any


class AdaptiveLogSoftmaxWithLoss(Module):
    """Frequent classes have a place each, rarer ones share one with their cluster (Grave, 2017).

    The classes must be sorted by frequency, the most frequent first.

    Args:
        in_features: E.
        n_classes: C.
        cutoffs: The first class of each cluster.
        div_value: By what the features shrink from cluster to cluster.
        head_bias: Add a bias for the frequent classes and the clusters.
        device: Where the parameters lie.
        dtype: Their type.

    Raises:
        OpValueError: The cutoffs are no rising sequence of classes.
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        given = list(cutoffs)
        if not given:
            raise OpValueError("cutoffs should be a sequence of length larger than 0")
        rising = given == sorted(set(given)) and all(int(c) == c for c in given)
        if not rising or given[0] <= 0 or given[-1] > n_classes - 1:
            raise OpValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an "
                "increasing order, where each value is between 1 and n_classes-1"
            )
        self.in_features, self.n_classes = in_features, n_classes
        self.cutoffs = [*given, n_classes]
        self.div_value, self.head_bias = div_value, head_bias
        self.shortlist_size, self.n_clusters = given[0], len(given)
        self.head_size = self.shortlist_size + self.n_clusters
        how: dict[str, Any] = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **how)
        self.tail = ModuleList()
        for i in range(self.n_clusters):
            hidden = int(in_features // div_value ** (i + 1))
            classes = self.cutoffs[i + 1] - self.cutoffs[i]
            down = Linear(in_features, hidden, bias=False, **how)
            self.tail.append(Sequential(down, Linear(hidden, classes, bias=False, **how)))

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        self.head.reset_parameters()
        for down, up in self.tail:
            down.reset_parameters()
            up.reset_parameters()

    def forward(self, input_: Any, target_: Any) -> _ASMoutput:
        """Return the log-probabilities of targets, and the loss: the mean of their negatives.

        Args:
            input_: (N, E) or (E,).
            target_: Classes, (N,) or ().

        Raises:
            ShapeError: The shapes do not fit.
            OpError: A target is no class.
        """
        _check(input_, target_)
        alone = target_.ndim == 0
        input, target = (input_.unsqueeze(0), target_.unsqueeze(0)) if alone else (input_, target_)
        if target.numel() and not bool(((target >= 0) & (target < self.n_classes)).all()):
            raise OpError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{target.min().item()}, {target.max().item()}] were found. "
            )
        output = input.new_zeros(target.shape[0])
        head_at = target.clone()
        for i in range(self.n_clusters):
            low, high = self.cutoffs[i : i + 2]
            inside = (target >= low) & (target < high)
            rows = inside.nonzero().squeeze(1)
            if not rows.numel():
                continue
            inner = F.log_softmax(self.tail[i](input.index_select(0, rows)), 1)
            own = inner.gather(1, (target[inside] - low).unsqueeze(1)).squeeze(1)
            output = output.index_copy(0, rows, own)
            head_at[inside] = self.shortlist_size + i
        outer = F.log_softmax(self.head(input), 1)
        output = output + outer.gather(1, head_at.unsqueeze(1)).squeeze(1)
        loss = -output.mean()
        return _ASMoutput(output.squeeze(0) if alone else output, loss)

    def _get_full_log_prob(self, input: Any, head_output: Any) -> Any:
        """Return the log-probabilities (N, C) from the head's output."""
        outer = F.log_softmax(head_output, 1)
        parts = [outer[:, : self.shortlist_size]]
        for i in range(self.n_clusters):
            inner = F.log_softmax(self.tail[i](input), 1)
            at = self.shortlist_size + i
            parts.append(inner + outer[:, at : at + 1])
        return cat(parts, 1)

    def log_prob(self, input: Tensor) -> Any:
        """Return the log-probabilities of all classes, (N, C), for an input (N, E)."""
        return self._get_full_log_prob(input, self.head(input))

    def predict(self, input: Any) -> Any:
        """Return the most probable class of each row, (N,), for an input (N, E)."""
        head_output = self.head(input)
        best = head_output.argmax(1)
        rare = best >= self.shortlist_size
        if bool(rare.any()):
            full = self._get_full_log_prob(input[rare], head_output[rare])
            best[rare] = full.argmax(1)
        return best


def _check(input: Any, target: Any) -> None:
    if target.ndim > 1:
        raise ShapeError("0D or 1D target tensor expected, multi-target not supported")
    if target.ndim == 1 and input.shape[0] != target.shape[0]:
        raise ShapeError("Input and target should have the same size in the batch dimension.")
    if input.ndim != target.ndim + 1:
        raise ShapeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found "
            f"inputs with size {input.shape}"
        )
