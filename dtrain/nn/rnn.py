"""Recurrent networks. Letters: T steps, N sequences, I inputs, H states, L layers, D directions."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any

from dtrain.errors import OpError, OpTypeError, OpValueError, ShapeError
from dtrain.nn import init
from dtrain.nn.functional import recurrent
from dtrain.nn.module import Module
from dtrain.nn.parameter import Parameter
from dtrain.nn.sequence import PackedSequence
from dtrain.tensor.create import empty, zeros
from dtrain.tensor.tensor import Tensor

__all__ = ["GRU", "LSTM", "RNN", "RNNBase"]

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}
_RUN = {
    "LSTM": recurrent.lstm, "GRU": recurrent.gru, "RNN_TANH": recurrent.rnn_tanh,
    "RNN_RELU": recurrent.rnn_relu,
}  # fmt: skip


class RNNBase(Module):
    """What recurrent networks share: weights by layer and direction, states, packed sequences.

    Args:
        mode: "LSTM", "GRU", "RNN_TANH" or "RNN_RELU".
        input_size: I.
        hidden_size: H.
        num_layers: L; each layer takes the output of the one before.
        bias: Add biases.
        batch_first: Inputs and outputs are (N, T, *) instead of (T, N, *).
        dropout: Probability of dropout on the output of each layer but the last.
        bidirectional: Run each layer in both directions.
        proj_size: Outputs of a projection of the states; 0 for none.
        device: Where the parameters lie.
        dtype: Their type.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.mode, self.input_size, self.hidden_size = mode, input_size, hidden_size
        self.num_layers, self.bias, self.batch_first = num_layers, bias, batch_first
        self.bidirectional, self.proj_size = bidirectional, proj_size
        _check_arguments(self, dropout)
        self.dropout = float(dropout)
        self._all_weights: list[list[str]] = []
        gates, directions = _GATES[mode] * hidden_size, 2 if bidirectional else 1
        outputs = proj_size or hidden_size
        for layer in range(num_layers):
            inputs = outputs * directions if layer else input_size
            sizes: dict[str, Any] = {"weight_ih": (gates, inputs), "weight_hh": (gates, outputs)}
            if bias:
                sizes |= {"bias_ih": gates, "bias_hh": gates}
            if proj_size:
                sizes["weight_hr"] = (proj_size, hidden_size)
            for tail in ("", "_reverse")[:directions]:
                names = [f"{name}_l{layer}{tail}" for name in sizes]
                for name, size in zip(names, sizes.values(), strict=True):
                    setattr(self, name, Parameter(empty(size, device=device, dtype=dtype)))
                self._all_weights.append(names)
        self.reset_parameters()

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Any]:
        return [getattr(self, name, None) for name in self._flat_weights_names]

    def flatten_parameters(self) -> None:
        """Do nothing: the parameters need not lie in one piece of memory here."""

    def reset_parameters(self) -> None:
        """Draw all parameters from U(-1/sqrt(H), 1/sqrt(H))."""
        bound = 1 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    # ---- checks ----
    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Raise where an input has the wrong type, rank or size."""
        kind = getattr(self, self._all_weights[0][0]).dtype
        if input.dtype != kind:
            raise OpValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({kind}). Convert "
                f"input: input.to({kind}), or convert model: model.to({input.dtype})"
            )
        rank = 3 if batch_sizes is None else 2
        if input.ndim != rank:
            raise ShapeError(f"input must have {rank} dimensions, got {input.ndim}")
        if input.shape[-1] != self.input_size:
            raise ShapeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got "
                f"{input.shape[-1]}"
            )

    def get_expected_hidden_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """Return (L * D, N, H), with the projection's size in place of H where there is one."""
        batch = _batch_of(self, input, batch_sizes)
        layers = self.num_layers * (2 if self.bidirectional else 1)
        return layers, batch, self.proj_size or self.hidden_size

    def check_hidden_size(
        self,
        hx: Tensor,
        expected_hidden_size: tuple[int, int, int],
        msg: str = "Expected hidden size {}, got {}",
    ) -> None:
        """Raise where a state has the wrong shape."""
        if tuple(hx.shape) != expected_hidden_size:
            raise ShapeError(msg.format(expected_hidden_size, list(hx.shape)))

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Raise where input or states do not fit."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """Return the states of the sequences in another order."""
        return hx if permutation is None else hx.index_select(1, permutation)

    # ---- running ----
    def _first_states(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        """Return states of zeros."""
        size = self.get_expected_hidden_size(input, batch_sizes)
        return zeros(size, dtype=input.dtype, device=input.device)

    def _with_batch(self, hx: Any, batched: bool) -> Any:
        """Return given states with a dimension for the batch.

        Raises:
            ShapeError: They have the wrong number of dimensions.
        """
        rank = 3 if batched else 2
        if hx.ndim != rank:
            what = "batched 3-D" if batched else "unbatched 2-D"
            raise ShapeError(
                f"For {what} input, hx should also be {rank}-D but got {hx.ndim}-D tensor"
            )
        return hx if batched else hx.unsqueeze(1)

    def _without_batch(self, hx: Any) -> Any:
        return hx.squeeze(1)

    def _last_states(self, states: tuple[Any, ...]) -> Any:
        """Return the states as forward returns them."""
        return states[0]

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Run sequences through all layers.

        Args:
            input: (T, N, I), (N, T, I) with `batch_first`, (T, I), or a PackedSequence.
            hx: The first states (L * D, N, H), or (L * D, H) without a batch; zeros by default.

        Returns:
            The output (T, N, D * H), of the input's kind, and the last states.

        Raises:
            ShapeError: Sizes do not fit.
        """
        weights = self._flat_weights
        how = (self.bias, self.num_layers, self.dropout, self.training, self.bidirectional)
        run = _RUN[self.mode]
        if isinstance(input, PackedSequence):
            data, sizes, order, back = input
            hx = self._first_states(data, sizes) if hx is None else self.permute_hidden(hx, order)
            self.check_forward_args(data, hx, sizes)
            made, *states = run(data, sizes, hx, weights, *how)
            last = self.permute_hidden(self._last_states(tuple(states)), back)
            return PackedSequence(made, sizes, order, back), last
        if input.ndim not in (2, 3):
            name = "RNN" if self.mode.startswith("RNN") else self.mode
            tail = " tensor" if name == "RNN" else ""
            raise OpValueError(
                f"{name}: Expected input to be 2D or 3D, got {input.ndim}D{tail} instead"
            )
        batched, batch_dim = input.ndim == 3, 0 if self.batch_first else 1
        x = input if batched else input.unsqueeze(batch_dim)
        hx = self._first_states(x, None) if hx is None else self._with_batch(hx, batched)
        self.check_forward_args(x, hx, None)
        made, *states = run(x, hx, weights, *how, self.batch_first)
        last = self._last_states(tuple(states))
        if batched:
            return made, last
        return made.squeeze(batch_dim), self._without_batch(last)

    def extra_repr(self) -> str:
        """Return the arguments that differ from their defaults."""
        parts = [f"{self.input_size}, {self.hidden_size}"]
        defaults = {
            "proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0,
            "bidirectional": False,
        }  # fmt: skip
        parts += [f"{k}={getattr(self, k)}" for k, v in defaults.items() if getattr(self, k) != v]
        return ", ".join(parts)


def _batch_of(module: RNNBase, input: Tensor, batch_sizes: Tensor | None) -> int:
    if batch_sizes is not None:
        return int(batch_sizes[0])
    return input.shape[0 if module.batch_first else 1]


def _check_arguments(module: RNNBase, dropout: Any) -> None:
    """Raise where an argument has the wrong type or value."""
    number = isinstance(dropout, numbers.Number) and not isinstance(dropout, bool)
    if not number or not 0 <= dropout <= 1:
        raise OpValueError(
            "dropout should be a number in range [0, 1] representing the probability of an "
            "element being zeroed"
        )
    if dropout > 0 and module.num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout "
            f"expects num_layers greater than 1, but got dropout={dropout} and "
            f"num_layers={module.num_layers}",
            stacklevel=4,
        )
    kinds = {"bias": bool, "batch_first": bool, "input_size": int, "hidden_size": int}
    for name, kind in kinds.items():
        value = getattr(module, name)
        if not isinstance(value, kind):
            raise OpTypeError(
                f"{name} should be of type {kind.__name__}, got: {type(value).__name__}"
            )
    for name in ("input_size", "hidden_size", "num_layers"):
        if getattr(module, name) <= 0:
            raise OpValueError(f"{name} must be greater than zero")
    if module.proj_size < 0:
        raise OpValueError("proj_size should be a positive integer or zero to disable projections")
    if module.proj_size >= module.hidden_size:
        raise OpValueError("proj_size has to be smaller than hidden_size")
    if module.mode not in _GATES:
        raise OpValueError(f"Unrecognized RNN mode: {module.mode}")


def _no_projection(kwargs: dict[str, Any]) -> None:
    if "proj_size" in kwargs:
        raise OpValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


class RNN(RNNBase):
    """h = tanh(W_ih x + b_ih + W_hh h + b_hh), or max(0, ...), over sequences (Elman, 1990).

    Args:
        *args: RNNBase's from `input_size` on, with `nonlinearity` ("tanh" or "relu") fourth.
        **kwargs: The same by name, without `proj_size`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _no_projection(kwargs)
        if len(args) > 3:
            nonlinearity, args = args[3], args[:3] + args[4:]
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise OpValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity


class GRU(RNNBase):
    """Gated recurrent units over sequences (Cho et al., 2014).

    Args:
        *args: RNNBase's from `input_size` on.
        **kwargs: The same by name, without `proj_size`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _no_projection(kwargs)
        super().__init__("GRU", *args, **kwargs)


class LSTM(RNNBase):
    """Long short-term memory over sequences (Hochreiter and Schmidhuber, 1997).

    States are pairs (h, c). With `proj_size` = P, h and the outputs have P elements.

    Args:
        *args: RNNBase's from `input_size` on.
        **kwargs: The same by name.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """Return (L * D, N, H)."""
        layers = self.num_layers * (2 if self.bidirectional else 1)
        return layers, _batch_of(self, input, batch_sizes), self.hidden_size

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Raise where input or states do not fit."""
        self.check_input(input, batch_sizes)
        expected = (self.get_expected_hidden_size, self.get_expected_cell_size)
        for i, size in enumerate(expected):
            wanted = size(input, batch_sizes)
            self.check_hidden_size(hidden[i], wanted, f"Expected hidden[{i}] size {{}}, got {{}}")

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """Return the states of the sequences in another order."""
        if permutation is None:
            return hx
        return tuple([state.index_select(1, permutation) for state in hx])

    def _first_states(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        sizes = (self.get_expected_hidden_size, self.get_expected_cell_size)
        how: dict[str, Any] = {"dtype": input.dtype, "device": input.device}
        return tuple([zeros(size(input, batch_sizes), **how) for size in sizes])

    def _with_batch(self, hx: Any, batched: bool) -> Any:
        if not isinstance(hx, (tuple, list)) or len(hx) != 2:
            raise OpError("LSTM: expected hx to be a pair (h, c)")
        rank = 3 if batched else 2
        if any(state.ndim != rank for state in hx):
            what = "batched 3-D" if batched else "unbatched 2-D"
            raise ShapeError(
                f"For {what} input, hx and cx should also be {rank}-D but got ({hx[0].ndim}-D, "
                f"{hx[1].ndim}-D) tensors"
            )
        return tuple([state if batched else state.unsqueeze(1) for state in hx])

    def _without_batch(self, hx: Any) -> Any:
        return tuple([state.squeeze(1) for state in hx])

    def _last_states(self, states: tuple[Any, ...]) -> Any:
        return states
