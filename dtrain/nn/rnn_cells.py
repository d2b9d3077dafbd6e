"""Single steps of recurrent networks. Letters: N batch, I inputs, H states."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from dtrain.errors import OpError, OpValueError
from dtrain.nn import init
from dtrain.nn.functional import recurrent
from dtrain.nn.module import Module
from dtrain.nn.parameter import Parameter
from dtrain.tensor.create import empty, zeros
from dtrain.tensor.tensor import Tensor

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """What cells share: the parameters, and inputs without a batch.

    Args:
        input_size: I.
        hidden_size: H.
        bias: Add biases.
        num_chunks: Number of gates.
        device: Where the parameters lie.
        dtype: Their type.
    """

    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        gates, how = num_chunks * hidden_size, {"device": device, "dtype": dtype}
        self.weight_ih = Parameter(empty((gates, input_size), **how))
        self.weight_hh = Parameter(empty((gates, hidden_size), **how))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(empty(gates, **how)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters from U(-1/sqrt(H), 1/sqrt(H))."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _check_rank(self, value: Tensor, what: str) -> None:
        if value.ndim not in (1, 2):
            raise OpValueError(
                f"{type(self).__name__}: Expected {what} to be 1D or 2D, got {value.ndim}D instead"
            )

    def _weights(self) -> tuple[Any, ...]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def _zeros(self, input: Tensor) -> Any:
        size = (input.shape[0], self.hidden_size)
        return zeros(size, dtype=input.dtype, device=input.device)

    def _step(self, run: Any, input: Tensor, hx: Tensor | None) -> Any:
        """Run one step of a cell with one state, (N, H) or (H,)."""
        self._check_rank(input, "input")
        if hx is not None:
            self._check_rank(hx, "hidden")
        if input.ndim == 2:
            return run(input, self._zeros(input) if hx is None else hx, *self._weights())
        alone = input.unsqueeze(0)
        state = self._zeros(alone) if hx is None else hx.unsqueeze(0)
        return run(alone, state, *self._weights()).squeeze(0)

    def extra_repr(self) -> str:
        """Return the arguments."""
        parts = [f"{self.input_size}, {self.hidden_size}"]
        if self.bias is not True:
            parts.append(f"bias={self.bias}")
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            parts.append(f"nonlinearity={self.nonlinearity}")
        return ", ".join(parts)


class RNNCell(RNNCellBase):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or max(0, ...) for nonlinearity="relu"."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Any:
        """Return the next state (N, H) or (H,); the first state is zero by default."""
        runs = {"tanh": recurrent.rnn_tanh_cell, "relu": recurrent.rnn_relu_cell}
        if self.nonlinearity not in runs:
            raise OpError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(runs[self.nonlinearity], input, hx)


class GRUCell(RNNCellBase):
    """One step of a GRU (Cho et al., 2014)."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Any:
        """Return the next state (N, H) or (H,); the first state is zero by default."""
        return self._step(recurrent.gru_cell, input, hx)


class LSTMCell(RNNCellBase):
    """One step of an LSTM (Hochreiter and Schmidhuber, 1997)."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: Sequence[Tensor] | None = None) -> tuple[Any, Any]:
        """Return the next (h, c), each (N, H) or (H,); the first ones are zero by default."""
        self._check_rank(input, "input")
        for i, state in enumerate(hx or ()):
            self._check_rank(state, f"hx[{i}]")
        x: Any = input if input.ndim == 2 else input.unsqueeze(0)
        if hx is None:
            hx = (self._zeros(x),) * 2
        elif input.ndim == 1:
            hx = [state.unsqueeze(0) for state in hx]
        h, c = recurrent.lstm_cell(x, hx, *self._weights())
        return (h, c) if input.ndim == 2 else (h.squeeze(0), c.squeeze(0))
