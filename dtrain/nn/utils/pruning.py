"""What methods of pruning share: the mask as a forward hook, and several methods in a row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from dtrain.errors import OpIndexError, OpTypeError, OpValueError
from dtrain.nn.module import Module
from dtrain.tensor.like import ones_like
from dtrain.tensor.tensor import Tensor

__all__ = ["BasePruningMethod", "PruningContainer", "dim_of", "hooks_on"]


class BasePruningMethod(ABC):
    """A way to choose what is pruned, and the forward hook that applies the mask.

    A subclass defines compute_mask and the kind of its choice: "unstructured" (single elements),
    "structured" (slices of its dimension `dim`) or "global".
    """

    PRUNING_TYPE: ClassVar[str]
    _tensor_name: str

    @abstractmethod
    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return a mask: `default_mask` with further zeros, chosen by the scores `t`."""

    def __call__(self, module: Module, inputs: Any) -> None:
        """Compute the pruned parameter before a forward."""
        setattr(module, self._tensor_name, self.apply_mask(module))

    def apply_mask(self, module: Module) -> Any:
        """Return the parameter times its mask."""
        mask, original = (getattr(module, f"{self._tensor_name}_{p}") for p in ("mask", "orig"))
        return mask.to(dtype=original.dtype) * original

    @classmethod
    def apply(
        cls,
        module: Module,
        name: str,
        *args: Any,
        importance_scores: Any = None,
        **kwargs: Any,
    ) -> BasePruningMethod:
        """Prune a parameter.

        Args:
            module: The module; it is changed.
            name: The parameter's name.
            *args: The method's own arguments.
            importance_scores: What to choose by, of the parameter's shape; itself by default.
            **kwargs: The method's own arguments by name.

        Raises:
            AssertionError: The scores have another shape.
        """
        method: BasePruningMethod = cls(*args, **kwargs)
        method._tensor_name = name
        older = hooks_on(module, name)
        for key, _ in older:
            del module._forward_pre_hooks[key]
        if older:
            held = older[0][1]
            held = held if isinstance(held, PruningContainer) else PruningContainer(held)
            held.add_pruning_method(method)
            method = held
        original = getattr(module, name)
        scores = _scores(importance_scores, original, f"parameter {name} of {module}")
        if older:
            mask = getattr(module, f"{name}_mask").detach().clone()
        else:
            module.register_parameter(f"{name}_orig", original)
            del module._parameters[name]
            mask = ones_like(original)
        try:
            module.register_buffer(f"{name}_mask", method.compute_mask(scores, default_mask=mask))
            setattr(module, name, method.apply_mask(module))
            module.register_forward_pre_hook(method)
        except Exception:
            if not older:
                module.register_parameter(name, getattr(module, f"{name}_orig"))
                del module._parameters[f"{name}_orig"]
            raise
        return method

    def prune(self, t: Any, default_mask: Any = None, importance_scores: Any = None) -> Any:
        """Return a tensor times the mask that the method computes for it.

        Raises:
            AssertionError: The scores have another shape.
        """
        scores = _scores(importance_scores, t, "tensor t")
        mask = ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, default_mask=mask)

    def remove(self, module: Module) -> None:
        """Make the pruned parameter a common one again, zeros included."""
        name = self._tensor_name
        weight = self.apply_mask(module)
        if hasattr(module, name):
            delattr(module, name)
        original: Any = module._parameters.pop(f"{name}_orig")
        original.data = weight.data
        del module._buffers[f"{name}_mask"]
        setattr(module, name, original)


def hooks_on(module: Module, name: str) -> list[tuple[int, BasePruningMethod]]:
    """Return the hooks that prune a parameter, by their handles' numbers."""
    return [
        (key, hook)
        for key, hook in module._forward_pre_hooks.items()
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name
    ]


def _scores(given: Any, like: Tensor, what: str) -> Any:
    if given is None:
        return like
    if given.shape != like.shape:
        raise AssertionError(
            f"importance_scores should have the same shape as {what}, got {given.shape} vs "
            f"{like.shape}"
        )
    return given


class PruningContainer(BasePruningMethod):
    """Several methods on one parameter, each working on what those before it left.

    Args:
        *args: The methods.
    """

    PRUNING_TYPE = "container"

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        if args:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod) -> None:
        """Add a method.

        Raises:
            OpTypeError: It is none.
            OpValueError: It works on another parameter.
        """
        if not isinstance(method, BasePruningMethod):
            raise OpTypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if self._tensor_name != method._tensor_name:
            raise OpValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to PruningContainer {self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: Any) -> Any:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask of the newest method, which sees only what is not pruned yet."""
        method = self._pruning_methods[-1]
        at: Any
        if method.PRUNING_TYPE == "unstructured":
            at = default_mask == 1
        elif method.PRUNING_TYPE == "structured":
            dim = dim_of(t, method.dim)  # type: ignore[attr-defined]
            others = [d for d in range(t.ndim) if d != dim]
            at = (slice(None),) * dim + (default_mask.sum(dim=others) != 0,)
        elif method.PRUNING_TYPE == "global":
            at = (slice(None),) * t.ndim
        else:
            raise OpValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
        mask = default_mask.to(dtype=t.dtype).clone()
        mask[at] = method.compute_mask(t[at], default_mask=default_mask[at]).to(dtype=mask.dtype)
        return mask


def dim_of(t: Any, dim: int) -> int:
    """Return a dimension counted from the front.

    Raises:
        OpIndexError: There is no such dimension.
    """
    if not -t.ndim <= dim < t.ndim:
        raise OpIndexError(f"Invalid index {dim} for tensor of size {t.shape}")
    return dim % int(t.ndim)
