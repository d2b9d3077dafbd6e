"""Recurrent networks and their single steps."""

from __future__ import annotations

from tests.samples import T, V, call, raises, sample

__all__ = ["SAMPLES"]

HOW = (True, 1, 0.0, False)


def weights(gates: int, inputs: int = 3, more: tuple = ()) -> list:
    """Return the parameters of one layer with four states."""
    return [T(4 * gates, inputs), T(4 * gates, 4), T(4 * gates), T(4 * gates), *more]


def cell(gates: int) -> tuple:
    """Return calls of a single step with one state."""
    return (
        call(T(2, 3), T(2, 4), *weights(gates)),
        call(T(2, 3), T(2, 4), *weights(gates)[:2]),
        raises(RuntimeError, T(2, 5), T(2, 4), *weights(gates), match="inconsistent input_size"),
    )


def network(gates: int) -> tuple:
    """Return calls of one layer: padded, in both directions, and packed."""
    own = weights(gates)
    return (
        call(T(5, 2, 3), T(1, 2, 4), own, *HOW, False, False),
        call(T(5, 2, 3), T(2, 2, 4), own + own, *HOW, True, False),
        call(T(2, 5, 3), T(1, 2, 4), own[:2], False, *HOW[1:], False, True),
        call(T(6, 3), V([3, 2, 1]), T(1, 3, 4), own, *HOW, False),
    )


SAMPLES = [
    sample("rnn_tanh_cell", *cell(1)),
    sample("rnn_relu_cell", *cell(1)),
    sample("gru_cell", *cell(3)),
    sample("lstm_cell", call(T(2, 3), [T(2, 4), T(2, 4)], *weights(4))),
    sample("rnn_tanh", *network(1)),
    sample("rnn_relu", *network(1)),
    sample("gru", *network(3)),
    sample(
        "lstm",
        call(T(5, 2, 3), [T(1, 2, 4), T(1, 2, 4)], weights(4), *HOW, False, False),
        call(T(6, 3), V([3, 2, 1]), [T(2, 3, 4)] * 2, weights(4) * 2, *HOW, True),
    ),
]
