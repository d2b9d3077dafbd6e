"""Tests of the rules for names of dimensions."""

from __future__ import annotations

import pytest

import dtrain
from dtrain.errors import OpError
from dtrain.tensor.named_rules import RULES, names_of, position, unified
from dtrain.tensor.tensor import Tensor


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (("N", "C"), ("C",), ("N", "C")), ((None, "C"), ("N", None), ("N", "C")),
        ((), ("N",), ("N",)), ((None, None), (None,), (None, None)),
    ],
)  # fmt: skip
def test_names_of_operands_join(a: tuple[str], b: tuple[str], expected: tuple[str]) -> None:
    assert unified(a, b) == expected
    assert unified(b, a) == expected


@pytest.mark.parametrize(("a", "b"), [(("N",), ("C",)), (("N", None), (None, "N"))])
def test_names_that_do_not_fit_are_refused(a: tuple[str], b: tuple[str]) -> None:
    with pytest.raises(OpError, match="broadcast dims"):
        unified(a, b)


def test_a_name_stands_for_its_position() -> None:
    assert position(("N", "C"), "C") == 1
    assert position(("N", "C"), -1) == -1
    assert names_of(dtrain.ones(2, 3)) == (None, None)


def test_every_rule_is_for_a_method() -> None:
    missing = {name for name in RULES if not hasattr(Tensor, name)}
    assert missing <= {"dropout"}
