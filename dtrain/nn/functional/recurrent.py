"""Recurrent networks of several layers and directions, and their single steps.

Letters: T steps, N sequences, I inputs, H states, L layers, D directions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dtrain.errors import OpError, ShapeError
from dtrain.nn.functional.dropout import dropout as drop
from dtrain.nn.functional.gru import gru_layer, rnn_layer
from dtrain.nn.functional.lstm import lstm_layer
from dtrain.nn.functional.steps import Sizes
from dtrain.tensor.ops.join import cat, stack
from dtrain.tensor.tensor import Tensor

__all__ = [
    "gru", "gru_cell", "lstm", "lstm_cell", "rnn_relu", "rnn_relu_cell", "rnn_tanh",
    "rnn_tanh_cell",
]  # fmt: skip

Layer = Callable[..., list[Any]]


def _lstm_layer(x: Tensor, states: Any, weights: list[Any], sizes: Sizes, reverse: bool) -> Any:
    projection = weights[4] if len(weights) > 4 else None
    return lstm_layer(x, *weights[:4], *states, projection, sizes, reverse)[:3]


def _gru_layer(x: Tensor, states: Any, weights: list[Any], sizes: Sizes, reverse: bool) -> Any:
    return gru_layer(x, *weights[:4], *states, sizes, reverse)[:2]


def _tanh_layer(x: Tensor, states: Any, weights: list[Any], sizes: Sizes, reverse: bool) -> Any:
    return rnn_layer(x, *weights[:4], *states, sizes, reverse, False)


def _relu_layer(x: Tensor, states: Any, weights: list[Any], sizes: Sizes, reverse: bool) -> Any:
    return rnn_layer(x, *weights[:4], *states, sizes, reverse, True)


def _one_layer(
    layer: Layer, x: Any, states: list[Any], weights: list[Any], sizes: Sizes, reverse: bool
) -> list[Any]:
    """Return (output, *last states) of one layer in one direction; halves as single precision."""
    kind = x.dtype
    if kind.itemsize > 2:
        return layer(x, states, weights, sizes, reverse)
    wide = [t if t is None else t.float() for t in (*states, *weights)]
    made = layer(x.float(), wide[: len(states)], wide[len(states) :], sizes, reverse)
    return [t.to(kind) for t in made]


def _layers(
    layer: Layer, x: Any, states: Sequence[Any], params: Sequence[Any], has_biases: bool,
    num_layers: int, dropout: float, train: bool, bidirectional: bool, sizes: Sizes,
) -> list[Any]:  # fmt: skip
    """Run rows of inputs (rows, I) through all layers.

    Returns:
        The output (rows, D * H) and each last state (L * D, N, H).

    Raises:
        OpError: There are no steps.
    """
    if not sizes:
        raise OpError("Expected sequence length to be larger than 0 in RNN")
    directions = 2 if bidirectional else 1
    per_layer = len(params) // (num_layers * directions)
    lasts: list[list[Any]] = [[] for _ in states]
    for i in range(num_layers):
        outputs = []
        for reverse in range(directions):
            k = i * directions + reverse
            weights = list(params[k * per_layer : (k + 1) * per_layer])
            if not has_biases:
                weights[2:2] = [None, None]
            own = [s[k] for s in states]
            output, *last = _one_layer(layer, x, own, weights, sizes, bool(reverse))
            outputs.append(output)
            for held, state in zip(lasts, last, strict=True):
                held.append(state)
        x = outputs[0] if len(outputs) == 1 else cat(outputs, 1)
        if dropout and train and i < num_layers - 1:
            x = drop(x, dropout, True)
    return [x, *[stack(held) for held in lasts]]


def _padded(
    layer: Layer, input: Any, hx: Any, params: Sequence[Any], has_biases: bool, num_layers: int,
    dropout: float, train: bool, bidirectional: bool, batch_first: bool,
) -> tuple[Any, ...]:  # fmt: skip
    """Run (T, N, I) through all layers; see _layers."""
    states = (hx,) if isinstance(hx, Tensor) else hx
    x = input.transpose(0, 1) if batch_first else input
    length, batch, features = x.shape
    how = (has_biases, num_layers, dropout, train, bidirectional)
    rows = x.reshape(length * batch, features)
    made, *lasts = _layers(layer, rows, states, params, *how, (batch,) * length)
    made = made.reshape(length, batch, -1)
    return (made.transpose(0, 1) if batch_first else made, *lasts)


def _packed(
    layer: Layer, data: Any, batch_sizes: Tensor, hx: Any, params: Sequence[Any], has_biases: bool,
    num_layers: int, dropout: float, train: bool, bidirectional: bool,
) -> tuple[Any, ...]:  # fmt: skip
    """Run the rows of a PackedSequence through all layers; see _layers."""
    states = (hx,) if isinstance(hx, Tensor) else hx
    how = (has_biases, num_layers, dropout, train, bidirectional)
    return tuple(_layers(layer, data, states, params, *how, tuple(batch_sizes.tolist())))


def _network(layer: Layer, args: tuple[Any, ...], kw: dict[str, Any]) -> tuple[Any, ...]:
    """Run padded or packed sequences, as the arguments say."""
    packed = "batch_sizes" in kw or (len(args) > 2 and isinstance(args[1], Tensor) and (
        isinstance(args[2], Tensor) or isinstance(args[3], (list, tuple))
    ))  # fmt: skip
    return (_packed if packed else _padded)(layer, *args, **kw)


def lstm(*args: Any, **kw: Any) -> tuple[Any, ...]:
    """Run sequences through the layers of an LSTM.

    Spellings: lstm(input, hx, params, has_biases, num_layers, dropout, train, bidirectional,
    batch_first) for (T, N, I); lstm(data, batch_sizes, hx, params, has_biases, num_layers, dropout,
    train, bidirectional) for the rows of a PackedSequence. `hx` is (h, c), each (L * D, N, H).

    Returns:
        The output (T, N, D * H), and h and c after the last step.
    """
    return _network(_lstm_layer, args, kw)


def gru(*args: Any, **kw: Any) -> tuple[Any, ...]:
    """Run sequences through the layers of a GRU; see lstm, but `hx` is one state."""
    return _network(_gru_layer, args, kw)


def rnn_tanh(*args: Any, **kw: Any) -> tuple[Any, ...]:
    """Run sequences through recurrent layers with tanh; see lstm, but `hx` is one state."""
    return _network(_tanh_layer, args, kw)


def rnn_relu(*args: Any, **kw: Any) -> tuple[Any, ...]:
    """Run sequences through recurrent layers with max(0, x); see lstm, but `hx` is one state."""
    return _network(_relu_layer, args, kw)


# ---- single steps ----
def _cell(
    layer: Layer, input: Tensor, states: Sequence[Tensor], w_ih: Tensor, w_hh: Tensor,
    b_ih: Tensor | None, b_hh: Tensor | None,
) -> list[Any]:  # fmt: skip
    """Return the states after one step.

    Raises:
        ShapeError: The sizes do not fit.
    """
    batch, features = input._a.shape
    if features != w_ih._a.shape[1]:
        raise ShapeError(
            f"input has inconsistent input_size: got {features} expected {w_ih._a.shape[1]}"
        )
    for i, state in enumerate(states):
        if state._a.shape[0] != batch:
            raise ShapeError(
                f"Input batch size {batch} doesn't match hidden{i} batch size {state._a.shape[0]}"
            )
        if state._a.shape[1] != w_hh._a.shape[1]:
            raise ShapeError(
                f"hidden{i} has inconsistent hidden_size: got {state._a.shape[1]}, expected "
                f"{w_hh._a.shape[1]}"
            )
    return _one_layer(layer, input, list(states), [w_ih, w_hh, b_ih, b_hh], (batch,), False)[1:]


def lstm_cell(
    input: Tensor, hx: Sequence[Tensor], w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return h and c, each (N, H), after one step of an LSTM from `hx` with input (N, I)."""
    h, c = _cell(_lstm_layer, input, hx, w_ih, w_hh, b_ih, b_hh)
    return h, c


def gru_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the state (N, H) after one step of a GRU from `hx` with input (N, I)."""
    return _cell(_gru_layer, input, [hx], w_ih, w_hh, b_ih, b_hh)[0]


def rnn_tanh_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return tanh(W_ih x + b_ih + W_hh h + b_hh), (N, H)."""
    return _cell(_tanh_layer, input, [hx], w_ih, w_hh, b_ih, b_hh)[0]


def rnn_relu_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return max(0, W_ih x + b_ih + W_hh h + b_hh), (N, H)."""
    return _cell(_relu_layer, input, [hx], w_ih, w_hh, b_ih, b_hh)[0]
