"""One layer of a GRU or of a plain recurrent network in one direction, over all steps.

Letters: N sequences, I inputs, H states.
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

__all__ = ["gru_layer", "rnn_layer"]

_TENSORS = ("input", "weight_ih", "weight_hh", "bias_ih", "bias_hh", "hidden")


def _gru_composed(
    sizes: Sizes, reverse: bool, input: Tensor, weight_ih: Tensor, weight_hh: Tensor,
    bias_ih: Tensor | None, bias_hh: Tensor | None, hidden: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """Return (output, hidden) of a GRU layer, made of operators."""
    made: dict[int, Any] = {}
    into: Any = linear(input, weight_ih, bias_ih)
    for start, stop in steps_of(sizes, reverse):
        n = stop - start
        r, z, new = into[start:stop].chunk(3, 1)
        from_r, from_z, inner = linear(hidden[:n], weight_hh, bias_hh).chunk(3, 1)
        r, z = (r + from_r).sigmoid(), (z + from_z).sigmoid()
        new = (new + r * inner).tanh()
        made[start] = h = new + z * (hidden[:n] - new)
        hidden = cat([h, hidden[n:]])
    return cat([made[start] for start in sorted(made)]), hidden


def _gru_grads(
    F: F, g: Any, wanted: tuple[bool, ...], input: Any, weight_ih: Any, weight_hh: Any,
    bias_ih: Any, bias_hh: Any, hidden: Any, sizes: Sizes, reverse: bool, output: Any, gates: Any,
    inner: Any,
) -> Any:  # fmt: skip
    if recording(F):
        tensors = (input, weight_ih, weight_hh, bias_ih, bias_hh, hidden)
        return recorded_grads(lambda *a: _gru_composed(sizes, reverse, *a), tensors, wanted, g)
    return F.gru_layer_grad(
        g, wanted, input, weight_ih, weight_hh, hidden, sizes, reverse, output, gates, inner
    )


@op(
    FUNCTION, returns=("output", "last_hidden", "gates", "inner"), joint=(_TENSORS, _gru_grads),
    node="GruBackward0",
)  # fmt: skip
def gru_layer(
    xp: Xp, input: Array, weight_ih: Array, weight_hh: Array, bias_ih: Array, bias_hh: Array,
    hidden: Array, sizes: Sizes, reverse: bool,
) -> Any:  # fmt: skip
    """Run a GRU over rows of inputs (Cho et al., 2014).

    Args:
        xp: The array module.
        input: (rows, I).
        weight_ih: (3 H, I), for the reset and update gates and the new state.
        weight_hh: (3 H, H).
        bias_ih: (3 H,).
        bias_hh: (3 H,).
        hidden: (N, H), the first state.
        sizes: How many sequences each step has.
        reverse: Process the steps from the last to the first.

    Returns:
        output (rows, H), last_hidden (N, H); for backward: gates (rows, 3 H), inner (rows, H).
    """
    size = hidden.shape[1]
    scale = xp.repeat(xp.asarray((0.5, 0.5, 1.0), input.dtype), size)
    gates = input @ weight_ih.T
    from_bias = xp.zeros(size, input.dtype)
    if bias_ih is not None:
        gates += bias_ih
        gates[:, : 2 * size] += bias_hh[: 2 * size]
        from_bias = bias_hh[2 * size :]
    gates *= scale
    recurrent = (weight_hh * scale[:, None]).T
    h = hidden.copy()
    output, inner = (xp.empty((len(input), size), input.dtype) for _ in range(2))
    for start, stop in steps_of(sizes, reverse):
        n = stop - start
        both, new, hn = gates[start:stop, : 2 * size], gates[start:stop, 2 * size :], h[:n]
        made = hn @ recurrent
        both += made[:, : 2 * size]
        xp.tanh(both, out=both)
        both *= 0.5
        both += 0.5
        at = inner[start:stop]
        xp.add(made[:, 2 * size :], from_bias, out=at)
        new += both[:, :size] * at
        xp.tanh(new, out=new)
        hn -= new
        hn *= both[:, size:]
        hn += new
        output[start:stop] = hn
    return output, h, gates, inner


@op(FUNCTION)
def gru_layer_grad(
    xp: Xp, g: Any, wanted: tuple[bool, ...], input: Array, weight_ih: Array, weight_hh: Array,
    hidden: Array, sizes: Sizes, reverse: bool, output: Array, gates: Array, inner: Array,
) -> Any:  # fmt: skip
    """Return the gradients of gru_layer to its six tensors; `g` holds those of its results."""
    size = hidden.shape[1]
    r, z, new = (gates[:, k * size : (k + 1) * size] for k in range(3))
    before = states_before(xp, output, hidden, sizes, reverse)
    # by what the state's gradient becomes that of each gate, and of the new state's inner part
    to_gates = xp.empty_like(gates)
    to_gates[:, 2 * size :] = (1 - z) * (1 - new * new)
    to_gates[:, size : 2 * size] = (before - new) * z * (1 - z)
    to_gates[:, :size] = to_gates[:, 2 * size :] * inner * r * (1 - r)
    from_state = to_gates.copy()
    from_state[:, 2 * size :] *= r
    dh = xp.zeros_like(hidden) if g[1] is None else g[1].copy()
    for start, stop in steps_of(sizes, not reverse):
        n = stop - start
        d = dh[:n]
        if g[0] is not None:
            d += g[0][start:stop]
        for part in (to_gates[start:stop], from_state[start:stop]):
            by_gate = part.reshape(n, 3, size)
            by_gate *= d[:, None]
        d *= z[start:stop]
        d += from_state[start:stop] @ weight_hh
    return (
        to_gates @ weight_ih if wanted[0] else None,
        to_gates.T @ input if wanted[1] else None,
        from_state.T @ before if wanted[2] else None,
        xp.add.reduce(to_gates, 0) if wanted[3] else None,
        xp.add.reduce(from_state, 0) if wanted[4] else None,
        dh if wanted[5] else None,
    )


# ---- the plain recurrent network ----
def _rnn_composed(
    sizes: Sizes, reverse: bool, relu: bool, input: Tensor, weight_ih: Tensor, weight_hh: Tensor,
    bias_ih: Tensor | None, bias_hh: Tensor | None, hidden: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """Return (output, hidden) of a plain recurrent layer, made of operators."""
    made: dict[int, Any] = {}
    into: Any = linear(input, weight_ih, bias_ih)
    for start, stop in steps_of(sizes, reverse):
        n = stop - start
        h = into[start:stop] + linear(hidden[:n], weight_hh, bias_hh)
        made[start] = h = h.clamp_min(0) if relu else h.tanh()
        hidden = cat([h, hidden[n:]])
    return cat([made[start] for start in sorted(made)]), hidden


def _rnn_grads(
    F: F, g: Any, wanted: tuple[bool, ...], input: Any, weight_ih: Any, weight_hh: Any,
    bias_ih: Any, bias_hh: Any, hidden: Any, sizes: Sizes, reverse: bool, relu: bool, output: Any,
) -> Any:  # fmt: skip
    if recording(F):
        tensors = (input, weight_ih, weight_hh, bias_ih, bias_hh, hidden)
        return recorded_grads(
            lambda *a: _rnn_composed(sizes, reverse, relu, *a), tensors, wanted, g
        )
    return F.rnn_layer_grad(
        g, wanted, input, weight_ih, weight_hh, hidden, sizes, reverse, relu, output
    )


@op(FUNCTION, returns=("output", "last_hidden"), joint=(_TENSORS, _rnn_grads), node="RnnBackward0")
def rnn_layer(
    xp: Xp, input: Array, weight_ih: Array, weight_hh: Array, bias_ih: Array, bias_hh: Array,
    hidden: Array, sizes: Sizes, reverse: bool, relu: bool,
) -> Any:  # fmt: skip
    """Run h = act(W_ih x + b_ih + W_hh h + b_hh) over rows of inputs (Elman, 1990).

    Args:
        xp: The array module.
        input: (rows, I).
        weight_ih: (H, I).
        weight_hh: (H, H).
        bias_ih: (H,).
        bias_hh: (H,).
        hidden: (N, H), the first state.
        sizes: How many sequences each step has.
        reverse: Process the steps from the last to the first.
        relu: Use max(0, x) in place of tanh(x).

    Returns:
        output (rows, H), last_hidden (N, H).
    """
    output = input @ weight_ih.T
    if bias_ih is not None:
        output += bias_ih + bias_hh
    h, recurrent = hidden.copy(), weight_hh.T
    for start, stop in steps_of(sizes, reverse):
        a, n = output[start:stop], stop - start
        a += h[:n] @ recurrent
        _ = xp.maximum(a, 0, out=a) if relu else xp.tanh(a, out=a)
        h[:n] = a
    return output, h


@op(FUNCTION)
def rnn_layer_grad(
    xp: Xp, g: Any, wanted: tuple[bool, ...], input: Array, weight_ih: Array, weight_hh: Array,
    hidden: Array, sizes: Sizes, reverse: bool, relu: bool, output: Array,
) -> Any:  # fmt: skip
    """Return the gradients of rnn_layer to its six tensors; `g` holds those of its results."""
    to_sums = (output > 0).astype(output.dtype) if relu else 1 - output * output
    dh = xp.zeros_like(hidden) if g[1] is None else g[1].copy()
    for start, stop in steps_of(sizes, not reverse):
        d, part = dh[: stop - start], to_sums[start:stop]
        if g[0] is not None:
            d += g[0][start:stop]
        part *= d
        d[...] = part @ weight_hh
    to_bias: Any = xp.add.reduce(to_sums, 0) if wanted[3] or wanted[4] else None
    before = states_before(xp, output, hidden, sizes, reverse) if wanted[2] else None
    return (
        to_sums @ weight_ih if wanted[0] else None,
        to_sums.T @ input if wanted[1] else None,
        to_sums.T @ before if before is not None else None,
        to_bias if wanted[3] else None,
        to_bias.copy()
        if wanted[4] and to_bias is not None
        else None,  # two parameters never share a gradient
        dh if wanted[5] else None,
    )
