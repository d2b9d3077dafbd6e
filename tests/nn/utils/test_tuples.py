"""Small helpers of layers."""

from __future__ import annotations

import pytest

from tests.twin import same

pytestmark = pytest.mark.torch

IMPORT = "import importlib; U = importlib.import_module(f'{torch.__name__}.nn.modules.utils')\n"


def test_a_prefix_is_taken_off():
    same(
        f"{IMPORT}m = torch.nn.Module(); m.module = torch.nn.Linear(2, 1); s = m.state_dict()\n"
        "U.consume_prefix_in_state_dict_if_present(s, 'module.')\n"
        "([*s], dict(s._metadata), str(torch.nn.Linear(2, 1).load_state_dict(s)))"
    )


def test_one_value_for_each_dimension():
    same(f"{IMPORT}(U._single(3), U._pair(3), U._pair([1, 2]), U._triple('abc'), U._quadruple(0))")
