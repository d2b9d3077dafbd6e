"""Modules without their first values."""

from __future__ import annotations

import pytest

from tests.twin import same

pytestmark = pytest.mark.torch


def test_no_random_numbers_are_drawn():
    same(
        "torch.manual_seed(0); m = torch.nn.utils.skip_init(torch.nn.Linear, 2, 3)\n"
        "(repr(m), tuple(m.weight.shape), torch.rand(2))"
    )


def test_what_does_not_fit_is_refused():
    same("torch.nn.utils.skip_init(torch.nn.ReLU)", "Module must support a 'device' arg")
    same("torch.nn.utils.skip_init(dict)", "Expected a Module")
