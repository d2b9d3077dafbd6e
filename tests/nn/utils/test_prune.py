"""Pruning."""

from __future__ import annotations

import pytest

from tests.twin import same

pytestmark = pytest.mark.torch

IMPORT = "import importlib; prune = importlib.import_module(f'{torch.__name__}.nn.utils.prune')\n"
SETUP = f"{IMPORT}nn = torch.nn; torch.manual_seed(0); m = nn.Conv1d(3, 4, 2)\n"


@pytest.mark.parametrize(
    "call",
    [
        "prune.identity(m, 'weight')",
        "prune.random_unstructured(m, 'weight', 0.3)",
        "prune.l1_unstructured(m, 'weight', 5)",
        "prune.l1_unstructured(m, 'bias', 2, importance_scores=torch.arange(4.0))",
        "prune.random_structured(m, 'weight', 2, dim=0)",
        "prune.ln_structured(m, 'weight', 0.5, n=2, dim=1)",
        "prune.ln_structured(m, 'weight', 1, float('inf'), dim=-1)",
        "prune.custom_from_mask(m, 'bias', torch.tensor([1, 0, 1, 0]))",
    ],
)
def test_method(call):
    same(
        f"{SETUP}{call}; y = m(torch.ones(1, 3, 4)); y.sum().backward()\n"
        "(m.weight, m.bias, [*m.state_dict()], [*m.buffers()], [p.grad for p in m.parameters()])"
    )


@pytest.mark.parametrize(
    "second",
    [
        "prune.l1_unstructured(m, 'weight', 3)",
        "prune.ln_structured(m, 'weight', 1, 1, dim=0)",
        "prune.custom_from_mask(m, 'weight', torch.ones(4, 3, 2).tril())",
    ],
)
def test_methods_in_a_row(second):
    same(
        f"{SETUP}prune.random_structured(m, 'weight', 1, dim=0); {second}\n"
        "hook = next(iter(m._forward_pre_hooks.values()))\n"
        "(m.weight, len(hook), len(m._forward_pre_hooks))"
    )


def test_global_pruning():
    same(
        f"{SETUP}other = nn.Linear(2, 3)\n"
        "prune.global_unstructured([(m, 'weight'), (other, 'weight')], prune.L1Unstructured, "
        "amount=0.4)\n(m.weight, other.weight, other.weight_mask)"
    )


def test_removal():
    same(
        f"{SETUP}prune.l1_unstructured(m, 'weight', 3); before = prune.is_pruned(m)\n"
        "prune.remove(m, 'weight')\n"
        "(before, prune.is_pruned(m), m.weight, [n for n, _ in m.named_parameters()])"
    )


def test_tensors_are_pruned_without_a_module():
    same(f"{SETUP}prune.L1Unstructured(2).prune(torch.arange(6.0) - 3)")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("prune.l1_unstructured(m, 'weight', 1.5)", "should either be a float in the range [0, 1]"),
        ("prune.l1_unstructured(m, 'weight', 'a')", "Invalid type for amount"),
        ("prune.l1_unstructured(m, 'weight', 99)", "should be smaller than the number of param"),
        ("prune.ln_structured(m, 'weight', 1, 2, dim=3)", "Invalid index 3 for tensor of size"),
        ("prune.ln_structured(m, 'bias', 1, 2, dim=0)", "Structured pruning can only be applied"),
        ("prune.remove(m, 'weight')", "has to be pruned before pruning can be removed"),
        ("prune.global_unstructured([(m, 'weight')], prune.LnStructured, amount=1, n=2)",
         'Only "unstructured" PRUNING_TYPE supported'),
        ("prune.l1_unstructured(m, 'weight', 1, torch.ones(2))", "importance_scores should have"),
        ("prune.custom_from_mask(m, 'weight', torch.ones(2))", "must match"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(call, words):
    same(SETUP + call, words)
    same(
        f"{SETUP}try:\n    {call}\nexcept Exception:\n    pass\n"
        "([n for n, _ in m.named_parameters()], len(m._forward_pre_hooks))"
    )
