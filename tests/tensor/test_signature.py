"""Parameters as inspect.signature finds them."""

from __future__ import annotations

import functools
from typing import Any

from dtrain.tensor.signature import NO_DEFAULT, parameters


def body(xp: Any, input: Array, dim: int = -1, out: Array = None) -> Any:  # noqa: F821
    """Look like an operator's body."""


def test_names_defaults_and_annotations() -> None:
    names, defaults, annotations = parameters(body, 1)
    assert names == ("input", "dim", "out")
    assert defaults == (NO_DEFAULT, -1)
    assert annotations == ("Array", "int")


def test_a_wrapped_function_counts_as_what_it_wraps() -> None:
    @functools.wraps(body)
    def wrapper(*args: Any) -> Any:
        return body(*args)

    assert parameters(wrapper, 1) == parameters(body, 1)


def test_a_rule_may_have_no_further_parameters() -> None:
    assert parameters(lambda F, g: g, 2) == ((), (), ())
