"""Pruning: parameters with a part of their elements held at zero by a mask.

A pruned parameter `name` is computed before each forward from the parameter `name_orig` and the
buffer `name_mask`. The methods choose what is to be zero; a second one on the same parameter works
on what the first one left.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any, TypeVar

from dtrain.errors import OpTypeError, OpValueError
from dtrain.nn.clip import parameters_to_vector
from dtrain.nn.module import Module
from dtrain.nn.utils.pruning import BasePruningMethod, PruningContainer, dim_of, hooks_on
from dtrain.tensor.like import ones_like, zeros_like
from dtrain.tensor.random import rand, rand_like
from dtrain.tensor.tensor import Tensor

__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "PruningContainer",
    "RandomStructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]

M = TypeVar("M", bound=Module)
Amount = int | float
"""How many to prune: a number of elements or channels, or a share of them in [0, 1]."""


# ---- the methods ----
class _ByAmount(BasePruningMethod):
    """A method that prunes a number or a share of elements or channels."""

    amount: Amount

    def _set_amount(self, amount: Any) -> None:
        if not isinstance(amount, numbers.Real):
            raise OpTypeError(f"Invalid type for amount: {amount}. Must be int or float.")
        whole = isinstance(amount, numbers.Integral)
        if float(amount) < 0 or (not whole and float(amount) > 1.0):
            raise OpValueError(
                f"amount={amount} should either be a float in the range [0, 1] or a non-negative "
                "integer"
            )
        self.amount = amount  # type: ignore[assignment]

    def _count(self, size: int) -> int:
        """Return how many of `size` to prune."""
        if not isinstance(self.amount, numbers.Integral):
            return round(self.amount * size)
        if self.amount > size:
            raise OpValueError(
                f"amount={self.amount} should be smaller than the number of parameters to "
                f"prune={size}"
            )
        return int(self.amount)


class Identity(BasePruningMethod):
    """Prunes nothing: gives a parameter a mask of ones."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask as it is."""
        return default_mask


class RandomUnstructured(_ByAmount):
    """Prunes elements at random."""

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: Amount) -> None:
        self._set_amount(amount)

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask with random zeros."""
        return _without(default_mask, lambda: rand_like(t), self._count(t.numel()), largest=True)


class L1Unstructured(_ByAmount):
    """Prunes the elements of the least absolute value."""

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: Amount) -> None:
        self._set_amount(amount)

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask with zeros where `t` is small."""
        return _without(default_mask, t.abs, self._count(t.numel()), largest=False)


def _without(mask: Any, scores: Any, count: int, largest: bool) -> Any:
    """Return a mask with zeros at the largest or least scores."""
    made = mask.clone()
    if count:
        chosen = scores().detach().reshape(-1).topk(count, largest=largest)
        made.view(-1)[chosen.indices] = 0
    return made


class RandomStructured(_ByAmount):
    """Prunes slices of a dimension at random."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Amount, dim: int = -1) -> None:
        self._set_amount(amount)
        self.dim = dim

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask with random slices of zeros."""
        size = _slices(t, self.dim)
        count = self._count(size)
        if not count:
            return default_mask
        draws = rand(size)
        return _keep(t, self.dim, draws > draws.sort().values[count - 1], default_mask)


class LnStructured(_ByAmount):
    """Prunes the slices of a dimension with the least n-norms."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Amount, n: Any, dim: int = -1) -> None:
        self._set_amount(amount)
        self.n, self.dim = n, dim

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask with zeros in the slices of small norms."""
        size = _slices(t, self.dim)
        count = self._count(size)
        if not count:
            return default_mask
        dim = dim_of(t, self.dim)
        norms = t.detach().norm(self.n, [d for d in range(t.ndim) if d != dim])
        return _keep(t, self.dim, norms.topk(size - count).indices, default_mask)


def _slices(t: Any, dim: int) -> int:
    """Return how many slices a dimension has."""
    if t.ndim <= 1:
        raise OpValueError(
            "Structured pruning can only be applied to multidimensional tensors. Found tensor of "
            f"shape {t.shape} with {t.ndim} dims"
        )
    return int(t.shape[dim_of(t, dim)])


def _keep(t: Any, dim: int, kept: Any, mask: Any) -> Any:
    """Return a mask with zeros in all slices of a dimension but those at `kept`."""
    made = zeros_like(t).detach()
    made[(slice(None),) * dim_of(t, dim) + (kept,)] = 1
    return made * mask.to(dtype=made.dtype)


class CustomFromMask(BasePruningMethod):
    """Prunes by a given mask."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Any) -> None:
        self.mask = mask

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask with the zeros of the given one."""
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"default_mask shape {default_mask.shape} must match self.mask shape "
                f"{self.mask.shape}"
            )
        return default_mask * self.mask.to(dtype=default_mask.dtype)


# ---- the methods as functions ----
def identity(module: M, name: str) -> M:
    """Give a parameter a mask of ones."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: M, name: str, amount: Amount) -> M:
    """Prune elements of a parameter at random."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: M, name: str, amount: Amount, importance_scores: Any = None) -> M:
    """Prune the elements of a parameter of the least absolute value."""
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: M, name: str, amount: Amount, dim: int) -> M:
    """Prune slices of a parameter's dimension at random."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: M, name: str, amount: Amount, n: Any, dim: int, importance_scores: Any = None
) -> M:
    """Prune the slices of a parameter's dimension with the least n-norms."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: M, name: str, mask: Tensor) -> M:
    """Prune a parameter by a given mask."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: type[BasePruningMethod],
    importance_scores: dict[tuple[Module, str], Tensor] | None = None,
    **kwargs: Any,
) -> None:
    """Prune several parameters as if they were one.

    Args:
        parameters: (module, name) of each.
        pruning_method: A method that chooses single elements.
        importance_scores: What to choose by; the parameters themselves by default.
        **kwargs: The method's arguments.

    Raises:
        OpTypeError: An argument has the wrong type, or the method chooses no single elements.
    """
    if not isinstance(parameters, Iterable):
        raise OpTypeError("global_unstructured(): parameters is not an Iterable")
    if not isinstance(importance_scores, (dict, type(None))):
        raise OpTypeError("global_unstructured(): importance_scores must be of type dict")
    chosen = list(parameters)
    given = importance_scores or {}
    held = [getattr(module, name) for module, name in chosen]
    scores = [given.get(key, tensor) for key, tensor in zip(chosen, held, strict=True)]
    masks = [
        getattr(module, f"{name}_mask", ones_like(tensor))
        for (module, name), tensor in zip(chosen, held, strict=True)
    ]
    method: Any = pruning_method(**kwargs)
    method._tensor_name = "temp"
    if method.PRUNING_TYPE != "unstructured":
        raise OpTypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {method.PRUNING_TYPE}"
        )
    container = PruningContainer(method)
    final: Any = container.compute_mask(parameters_to_vector(scores), parameters_to_vector(masks))
    start = 0
    for (module, name), tensor in zip(chosen, held, strict=True):
        size = tensor.numel()
        custom_from_mask(module, name, mask=final[start : start + size].view_as(tensor))
        start += size


def remove(module: M, name: str) -> M:
    """Make a pruned parameter a common one again, zeros included.

    Raises:
        OpValueError: It is not pruned.
    """
    for key, hook in hooks_on(module, name):
        hook.remove(module)
        del module._forward_pre_hooks[key]
        return module
    raise OpValueError(
        f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
    )


def is_pruned(module: Module) -> bool:
    """Return whether a parameter of the module, or of one below, is pruned."""
    hooks = (hook for below in module.modules() for hook in below._forward_pre_hooks.values())
    return any(isinstance(hook, BasePruningMethod) for hook in hooks)
