"""Recurrent networks."""

from __future__ import annotations

import pytest

from tests.nn.layer import agree, check, varied
from tests.twin import same

pytestmark = pytest.mark.torch

LAYERS = [
    "nn.LSTM(3, 4{})",
    "nn.GRU(3, 4{})",
    "nn.RNN(3, 4{})",
    "nn.RNN(3, 4, nonlinearity='relu'{})",
]
SHAPES = ["", ", num_layers=2", ", bidirectional=True", ", num_layers=2, bidirectional=True"]
# The loss is of order three in the outputs, so that the second gradient is not constant.
SECOND = """
torch.manual_seed(0)
m = torch.{layer}.double()
x = torch.randn(4, 2, 3).double().requires_grad_()
y, h = m(x)
last = sum((s * s * s).sum() for s in (h if isinstance(h, tuple) else (h,)))
wanted = (x, *m.parameters())
g = torch.autograd.grad((y * y * y).sum() + last, wanted, create_graph=True)
torch.autograd.grad(sum((t * t).sum() for t in g), wanted)
"""
PACKED = """
torch.manual_seed(0)
m = torch.{layer}.double()
xs = [torch.randn(n, 3).double().requires_grad_() for n in {lengths}]
p = torch.nn.utils.rnn.pack_sequence(xs, enforce_sorted=False)
y, h = m(p)
states = h if isinstance(h, tuple) else (h,)
loss = (y.data ** 3).sum() + sum((s ** 3).sum() for s in states)
loss.backward()
(y, states, [x.grad for x in xs], [w.grad for w in m.parameters()])
"""
STATES = """
torch.manual_seed(0)
m = torch.nn.LSTM(3, 4, 2, batch_first=True, proj_size=2).double()
h = torch.randn(2, 5, 2).double().requires_grad_()
c = torch.randn(2, 5, 4).double().requires_grad_()
y, last = m(torch.randn(5, 6, 3).double(), (h, c))
(y.sum() + (last[1] ** 2).sum()).backward()
(y, last, h.grad, c.grad)
"""


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("more", [*SHAPES, ", bias=False", ", batch_first=True"])
def test_layer(layer, more):
    check(layer.format(more), varied(5, 2, 3))


@pytest.mark.parametrize("more", ["", ", bidirectional=True, num_layers=2"])
def test_projection(more):
    check(f"nn.LSTM(3, 5, proj_size=2{more})", varied(5, 2, 3))


@pytest.mark.parametrize("layer", LAYERS)
def test_without_a_batch(layer):
    check(layer.format(""), varied(5, 3))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("more", ["", ", bidirectional=True"])
def test_second_gradients(layer, more):
    agree(SECOND.format(layer=layer.format(more)))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("lengths", [(4, 2, 5, 1), (3, 3), (2,)])
def test_packed_sequences(layer, lengths):
    agree(PACKED.format(layer=layer.format(SHAPES[3]), lengths=lengths))


def test_first_states_get_gradients():
    agree(STATES)


def test_dropout_between_layers_draws_as_torch():
    same(
        "torch.manual_seed(1); m = torch.nn.GRU(3, 4, 3, dropout=0.5)\n"
        "m(torch.ones(4, 2, 3))[0].detach() * 1",
    )


def test_dropout_of_one_layer_warns():
    same("torch.nn.LSTM(3, 4, dropout=0.5).dropout")


def test_halves_are_computed():
    same(
        "torch.manual_seed(0); m = torch.nn.GRU(3, 4).bfloat16()\n"
        "y, h = m(torch.ones(2, 2, 3).bfloat16()); (str(y.dtype), str(h.dtype))"
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nn.LSTM(3, 4)(torch.ones(2, 2, 5))", "input.size(-1) must be equal to input_size"),
        ("nn.LSTM(3, 4)(torch.ones(2, 2, 2, 3))", "Expected input to be 2D or 3D"),
        ("nn.RNN(3, 4)(torch.ones(3))", "RNN: Expected input to be 2D or 3D, got 1D tensor"),
        (
            "nn.GRU(3, 4)(torch.ones(2, 2, 3), torch.ones(1, 3, 4))",
            "Expected hidden size (1, 2, 4)",
        ),
        (
            "nn.GRU(3, 4)(torch.ones(2, 2, 3), torch.ones(3, 4))",
            "hx should also be 3-D but got 2-D",
        ),
        (
            "nn.LSTM(3, 4)(torch.ones(2, 2, 3), (torch.ones(1, 2, 4), torch.ones(1, 2, 5)))",
            "Expected hidden[1] size (1, 2, 4), got [1, 2, 5]",
        ),
        (
            "nn.LSTM(3, 4)(torch.ones(2, 3), (torch.ones(1, 1, 4), torch.ones(1, 1, 4)))",
            "For unbatched 2-D input, hx and cx should also be 2-D",
        ),
        ("nn.GRU(3, 4)(torch.ones(2, 2, 3).double())", "does not match weight dtype"),
        ("nn.GRU(3, 4)(torch.ones(0, 2, 3))", "Expected sequence length to be larger than 0"),
        ("nn.RNN(3, 4, nonlinearity='cos')", "Unknown nonlinearity 'cos'"),
        ("nn.GRU(3, 4, proj_size=2)", "proj_size argument is only supported for LSTM"),
        ("nn.LSTM(3, 4, proj_size=4)", "proj_size has to be smaller than hidden_size"),
        ("nn.LSTM(3, 0)", "hidden_size must be greater than zero"),
        ("nn.LSTM(3, 4.0)", "hidden_size should be of type int, got: float"),
        ("nn.LSTM(3, 4, num_layers=0)", "num_layers must be greater than zero"),
        ("nn.LSTM(3, 4, dropout=2)", "dropout should be a number in range [0, 1]"),
        ("nn.LSTM(3, 4, bias=1)", "bias should be of type bool, got: int"),
    ],
)
def test_what_does_not_fit_is_refused(source, words):
    same(f"nn = torch.nn; {source}", words)


def test_weights_are_grouped_by_layer_and_direction():
    same("m = torch.nn.LSTM(3, 4, 2, bidirectional=True); [len(w) for w in m.all_weights]")
    same("m = torch.nn.GRU(3, 4); m.flatten_parameters(); [*m.state_dict()]")
