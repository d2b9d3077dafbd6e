"""The hooks of pruning."""

from __future__ import annotations

import pytest

import dtrain
from dtrain.nn.utils.pruning import hooks_on
from tests.nn.utils.test_prune import IMPORT
from tests.twin import same

pytestmark = pytest.mark.torch


def test_hooks_are_found_by_their_parameter():
    layer = dtrain.nn.Linear(2, 2)
    dtrain.nn.utils.prune.identity(layer, "weight")
    layer.register_forward_pre_hook(lambda *_: None)
    assert len(hooks_on(layer, "weight")) == 1
    assert hooks_on(layer, "bias") == []


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("container.add_pruning_method(3)", "is not a BasePruningMethod subclass"),
        ("container.add_pruning_method(other)", "Can only add pruning methods acting on the param"),
    ],
)
def test_containers_take_methods_of_one_parameter(call, words):
    same(
        f"{IMPORT}own, other = prune.Identity(), prune.Identity()\n"
        "own._tensor_name, other._tensor_name = 'a', 'b'\n"
        f"container = prune.PruningContainer(own)\n{call}",
        words,
    )
