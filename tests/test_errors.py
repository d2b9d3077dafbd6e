"""The error tree: each class is what torch raises, and the picture of it is true."""

from __future__ import annotations

import inspect
import pickle
import re

import pytest

from dtrain import errors
from dtrain.errors import DtrainError

CLASSES = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
def test_each_error_is_ours_and_a_builtin(cls: type[Exception]) -> None:
    assert issubclass(cls, DtrainError)
    if cls is not DtrainError:
        builtin = [c for c in cls.__mro__ if c.__module__ == "builtins" and c is not object]
        assert builtin[0] not in (Exception, BaseException)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
def test_errors_travel_between_processes(cls: type[Exception]) -> None:
    again = pickle.loads(pickle.dumps(cls("what was wrong")))
    assert type(again) is cls
    assert str(again) == "what was wrong"


def test_the_picture_names_every_class() -> None:
    drawn = re.findall(r"-- (\w+)", inspect.getdoc(errors) or "")
    assert sorted([*drawn, "DtrainError"]) == sorted(errors.__all__)
