"""Sequences of different lengths."""

from __future__ import annotations

import pytest

from tests.twin import same

pytestmark = pytest.mark.torch

SETUP = """
rnn = torch.nn.utils.rnn
xs = [torch.arange(n * 2.0).reshape(n, 2).requires_grad_() for n in (3, 1, 4)]
"""


@pytest.mark.parametrize(
    "call",
    [
        "rnn.pad_sequence(xs)",
        "rnn.pad_sequence(xs, batch_first=True, padding_value=-1.0)",
        "rnn.pad_sequence(xs, padding_side='left')",
        "rnn.pack_sequence(xs, enforce_sorted=False)",
        "rnn.pad_packed_sequence(rnn.pack_sequence(xs, enforce_sorted=False))",
        "rnn.pad_packed_sequence(rnn.pack_sequence(xs[:2]), True, -2.0, total_length=6)",
        "rnn.unpack_sequence(rnn.pack_sequence(xs, enforce_sorted=False))",
        "rnn.pack_padded_sequence(torch.arange(12.0).reshape(2, 6, 1), torch.tensor([5, 2]), True)",
        "rnn.pack_sequence(xs[:2]).double().data",
        "rnn.unpad_sequence(rnn.pad_sequence(xs, True), torch.tensor([3, 1, 4]), True)",
        "rnn.invert_permutation(torch.tensor([2, 0, 1]))",
    ],
)
def test_padding_and_packing(call):
    same(f"{SETUP}\nmade = {call}\ndef bare(v):\n"
         "    return [bare(t) for t in v] if isinstance(v, (list, tuple)) else "
         "v if v is None else v.detach().clone()\n"
         "bare(made)")  # fmt: skip


def test_gradients_find_their_rows():
    same(
        f"{SETUP}\np = rnn.pack_sequence(xs, enforce_sorted=False)\n"
        "y, n = rnn.pad_packed_sequence(p)\n"
        "(y * y).sum().backward(); [x.grad for x in xs]"
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("rnn.pack_sequence(xs)", "must be sorted in decreasing order when `enforce_sorted`"),
        ("rnn.pack_padded_sequence(torch.ones(3, 2), [3])", "Expected `len(lengths)` to be equal"),
        ("rnn.pack_padded_sequence(torch.ones(3, 1), [0])", "has to be greater than 0"),
        ("rnn.pack_padded_sequence(torch.ones(0, 1), [0])", "Cannot pack empty tensors"),
        ("rnn.pad_sequence([])", "received an empty list of sequences"),
        ("rnn.pad_sequence(xs, padding_side='up')", "Expected padding_side to be one of left or"),
        ("rnn.pad_sequence(3)", "Expected iterable for input sequences"),
        (
            "rnn.pad_packed_sequence(rnn.pack_sequence(xs[:2]), total_length=2)",
            "Expected total_length to be at least the length of the longest sequence",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    same(SETUP + call, words)
