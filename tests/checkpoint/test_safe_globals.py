from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from fractions import Fraction

import pytest

from dtrain.checkpoint.safe_globals import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
    user_globals,
)
from dtrain.errors import OpTypeError, OpValueError


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    clear_safe_globals()
    yield
    clear_safe_globals()


def test_adding_and_clearing() -> None:
    add_safe_globals([Fraction, (deque, "old.name")])
    assert get_safe_globals() == [Fraction, (deque, "old.name")]
    assert user_globals() == {"fractions.Fraction": Fraction, "old.name": deque}
    clear_safe_globals()
    assert get_safe_globals() == []


def test_the_block_restores_what_was() -> None:
    add_safe_globals([Fraction])
    with safe_globals([Fraction, deque]):
        assert get_safe_globals() == [Fraction, deque]
    assert get_safe_globals() == [Fraction]


@pytest.mark.parametrize("entry", [os.system, os.getpid, (Fraction, "os.system"), (Fraction, 1)])
def test_what_can_never_be_allowed(entry: object) -> None:
    with pytest.raises(OpValueError):
        add_safe_globals([entry])  # type: ignore[list-item]
    assert get_safe_globals() == []


def test_what_is_no_class_or_function() -> None:
    with pytest.raises(OpTypeError):
        add_safe_globals([1])  # type: ignore[list-item]
