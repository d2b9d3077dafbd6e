"""One layer of an LSTM in one direction, over all steps: one operator with its own backward.

Letters: N sequences, I inputs, H cells, P outputs (H, or fewer with a projection).
"""

from __future__ import annotations

from typing import Any

from dtrain.nn.functional.kinds import FUNCTION, recording
from dtrain.nn.functional.linear import linear
from dtrain.nn.functional.steps import Sizes, recorded_grads, states_before, steps_of
from dtrain.tensor.op import op
from dtrain.tensor.ops.join import cat
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, F, Xp

__all__ = ["lstm_layer"]

_TENSORS = (
    "input", "weight_ih", "weight_hh", "bias_ih", "bias_hh", "hidden", "cell", "weight_hr",
)  # fmt: skip
_SCALE = (0.5, 0.5, 1.0, 0.5)  # sigmoid(x) = tanh(x / 2) / 2 + 1 / 2: one tanh for all four gates
_SHIFT = (0.5, 0.5, 0.0, 0.5)


def _composed(
    sizes: Sizes, reverse: bool, input: Tensor, weight_ih: Tensor, weight_hh: Tensor,
    bias_ih: Tensor | None, bias_hh: Tensor | None, hidden: Any, cell: Any,
    weight_hr: Tensor | None,
) -> tuple[Any, ...]:  # fmt: skip
    """Return (output, hidden, cell) of the layer, made of operators."""
    made: dict[int, Any] = {}
    into: Any = linear(input, weight_ih, bias_ih)
    for start, stop in steps_of(sizes, reverse):
        n = stop - start
        gates: Any = into[start:stop] + linear(hidden[:n], weight_hh, bias_hh)
        i, f, g, o = gates.chunk(4, 1)
        c = f.sigmoid() * cell[:n] + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        made[start] = h = h if weight_hr is None else linear(h, weight_hr)
        hidden, cell = cat([h, hidden[n:]]), cat([c, cell[n:]])
    return cat([made[start] for start in sorted(made)]), hidden, cell


def _grads(
    F: F, g: Any, wanted: tuple[bool, ...], input: Any, weight_ih: Any, weight_hh: Any,
    bias_ih: Any, bias_hh: Any, hidden: Any, cell: Any, weight_hr: Any, sizes: Sizes,
    reverse: bool, output: Any, gates: Any, cells: Any,
) -> Any:  # fmt: skip
    if recording(F):
        tensors = (input, weight_ih, weight_hh, bias_ih, bias_hh, hidden, cell, weight_hr)
        return recorded_grads(lambda *a: _composed(sizes, reverse, *a), tensors, wanted, g)
    return F.lstm_layer_grad(
        g, wanted, input, weight_ih, weight_hh, hidden, cell, weight_hr, sizes, reverse, output,
        gates, cells,
    )  # fmt: skip


@op(
    FUNCTION, returns=("output", "last_hidden", "last_cell", "gates", "cells"),
    joint=(_TENSORS, _grads), node="LstmBackward0",
)  # fmt: skip
def lstm_layer(
    xp: Xp, input: Array, weight_ih: Array, weight_hh: Array, bias_ih: Array, bias_hh: Array,
    hidden: Array, cell: Array, weight_hr: Array, sizes: Sizes, reverse: bool,
) -> Any:  # fmt: skip
    """Run an LSTM over rows of inputs (Hochreiter and Schmidhuber, 1997).

    Args:
        xp: The array module.
        input: (rows, I).
        weight_ih: (4 H, I), for the input, forget, cell and output gates.
        weight_hh: (4 H, P).
        bias_ih: (4 H,).
        bias_hh: (4 H,).
        hidden: (N, P), the first output.
        cell: (N, H), the first cells.
        weight_hr: (P, H), the projection; None for none.
        sizes: How many sequences each step has.
        reverse: Process the steps from the last to the first.

    Returns:
        output (rows, P), last_hidden (N, P), last_cell (N, H); for backward: gates (rows, 4 H),
        cells (rows, H).
    """
    size = cell.shape[1]
    scale = xp.repeat(xp.asarray(_SCALE, input.dtype), size)
    shift = xp.repeat(xp.asarray(_SHIFT, input.dtype), size)
    gates = input @ weight_ih.T
    if bias_ih is not None:
        gates += bias_ih + bias_hh
    gates *= scale
    recurrent = (weight_hh * scale[:, None]).T
    h, c = hidden.copy(), cell.copy()
    output = xp.empty((len(input), hidden.shape[1]), input.dtype)
    cells = xp.empty((len(input), size), input.dtype)
    for start, stop in steps_of(sizes, reverse):
        n = stop - start
        a, cn = gates[start:stop], c[:n]
        a += h[:n] @ recurrent
        xp.tanh(a, out=a)
        a *= scale
        a += shift
        cn *= a[:, size : 2 * size]
        cn += a[:, :size] * a[:, 2 * size : 3 * size]
        cells[start:stop] = cn
        made = xp.tanh(cn)
        made *= a[:, 3 * size :]
        h[:n] = output[start:stop] = made if weight_hr is None else made @ weight_hr.T
    return output, h, c, gates, cells


@op(FUNCTION)
def lstm_layer_grad(
    xp: Xp, g: Any, wanted: tuple[bool, ...], input: Array, weight_ih: Array, weight_hh: Array,
    hidden: Array, cell: Array, weight_hr: Array, sizes: Sizes, reverse: bool, output: Array,
    gates: Array, cells: Array,
) -> Any:  # fmt: skip
    """Return the gradients of lstm_layer to its eight tensors; `g` holds those of its results."""
    size = cell.shape[1]
    i, f, c, o = (gates[:, k * size : (k + 1) * size] for k in range(4))
    held = xp.tanh(cells)
    to_cell = o * (1 - held * held)
    # by what the cell's gradient, and for the last gate the output's, becomes that of each gate
    to_gates = xp.empty_like(gates)
    to_gates[:, :size] = c * i * (1 - i)
    to_gates[:, size : 2 * size] = states_before(xp, cells, cell, sizes, reverse) * f * (1 - f)
    to_gates[:, 2 * size : 3 * size] = i * (1 - c * c)
    to_gates[:, 3 * size :] = held * o * (1 - o)
    dh = xp.zeros_like(hidden) if g[1] is None else g[1].copy()
    dc = xp.zeros_like(cell) if g[2] is None else g[2].copy()
    projected = None if weight_hr is None else xp.empty_like(output)
    for start, stop in steps_of(sizes, not reverse):
        n = stop - start
        d, e, part = dh[:n], dc[:n], to_gates[start:stop]
        if g[0] is not None:
            d += g[0][start:stop]
        if projected is not None:
            projected[start:stop] = d
            d = d @ weight_hr
        e += d * to_cell[start:stop]
        by_gate = part.reshape(n, 4, size)
        by_gate[:, :3] *= e[:, None]
        by_gate[:, 3] *= d
        dh[:n] = part @ weight_hh
        e *= f[start:stop]
    to_bias: Any = xp.add.reduce(to_gates, 0) if wanted[3] or wanted[4] else None
    before = states_before(xp, output, hidden, sizes, reverse) if wanted[2] else None
    return (
        to_gates @ weight_ih if wanted[0] else None,
        to_gates.T @ input if wanted[1] else None,
        to_gates.T @ before if before is not None else None,
        to_bias if wanted[3] else None,
        to_bias.copy()
        if wanted[4] and to_bias is not None
        else None,  # two parameters never share a gradient
        dh if wanted[5] else None,
        dc if wanted[6] else None,
        projected.T @ (o * held) if projected is not None and wanted[7] else None,
    )
