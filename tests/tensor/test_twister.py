"""Words and states; the streams made of them are compared with torch's in test_generator.py."""

from __future__ import annotations

import numpy as np
import pytest

from dtrain.tensor.twister import Twister


def test_words_of_the_reference_program():
    """The authors of MT19937 give the ten-thousandth word for their usual seed."""
    assert Twister(5489).words(10000)[-1] == 4123659995


def test_only_the_lower_half_of_the_seed_counts():
    np.testing.assert_array_equal(Twister(7).words(5), Twister(7 + (3 << 32)).words(5))


def test_wide_words_join_two():
    narrow = Twister(1).words(10).astype(object)
    wide = Twister(1).words64(5)
    assert wide.tolist() == [(a << 32) | b for a, b in narrow.reshape(-1, 2).tolist()]


@pytest.mark.parametrize("cuts", [[10], [3, 7], [0, 1, 9], [700, 650]])
def test_pieces_make_the_same_stream(cuts):
    whole, parts = Twister(2), Twister(2)
    pieces = np.concatenate([parts.words(n) for n in cuts])
    np.testing.assert_array_equal(pieces, whole.words(sum(cuts)))


@pytest.mark.parametrize(("kind", "bits"), [(np.float32, 24), (np.float64, 53)])
def test_unit_fills_the_interval(kind, bits):
    values = Twister(3).unit(200000, np.dtype(kind))
    assert values.dtype == kind
    assert values.min() >= 0
    assert values.max() < 1
    steps = values.astype(np.float64) * 2.0**bits
    np.testing.assert_array_equal(steps, np.round(steps))
    assert (steps % 2).mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("calls", [[5], [1, 4], [2, 3], [1, 1, 1, 1, 1], [0, 5]])
def test_pairs_are_kept_between_calls(calls):
    whole, parts = Twister(4), Twister(4)
    pieces = np.concatenate([parts.normal_pairs(n) for n in calls])
    np.testing.assert_array_equal(pieces, whole.normal_pairs(5))
    assert parts.spare_normal == whole.spare_normal is not None


def test_state_knows_whether_a_word_was_read():
    fresh, used = Twister(5), Twister(5)
    before = fresh.state_bytes()
    used.words(624)
    assert len(before) == 5056
    assert not np.array_equal(used.state_bytes(), before)
    used.set_state_bytes(before)
    np.testing.assert_array_equal(used.state_bytes(), before)
    np.testing.assert_array_equal(used.words(3), fresh.words(3))
