"""Weight normalization: length and direction of a weight as parameters of their own."""

from __future__ import annotations

import warnings
from typing import Any, TypeVar

from dtrain.errors import OpError, OpValueError
from dtrain.nn.module import Module
from dtrain.nn.parameter import Parameter, is_lazy
from dtrain.tensor.tensor import Tensor

__all__ = ["WeightNorm", "norm_except_dim", "remove_weight_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


def norm_except_dim(v: Any, pow: int = 2, dim: int = 0) -> Any:
    """Return the p-norm over all dimensions but one, which stays; over all for dim=-1."""
    if dim == -1:
        return v.norm(pow)
    others = [d for d in range(v.ndim) if d != dim % v.ndim]
    return v.norm(pow, others, keepdim=True) if others else v.abs()


def scaled(v: Tensor, g: Tensor, dim: int = 0) -> Any:
    """Return v * g / |v|, the norm over all dimensions but one."""
    return v * (g / norm_except_dim(v, 2, dim))


class WeightNorm:
    """The forward hook that computes a weight from its parts."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name, self.dim = name, -1 if dim is None else dim

    def compute_weight(self, module: Module) -> Any:
        """Return the weight from the parameters `name_g` and `name_v`."""
        parts = (getattr(module, f"{self.name}_v"), getattr(module, f"{self.name}_g"))
        return scaled(*parts, self.dim)

    @staticmethod
    def apply(module: Module, name: str, dim: int | None) -> WeightNorm:
        """Replace a parameter by its parts.

        Raises:
            OpError: It is normalized already.
            OpValueError: Its shape is not known yet.
        """
        warnings.warn(
            "`torch.nn.utils.weight_norm` is deprecated in favor of "
            "`torch.nn.utils.parametrizations.weight_norm`.",
            FutureWarning,
            stacklevel=3,
        )
        for hook in module._forward_pre_hooks.values():
            if isinstance(hook, WeightNorm) and hook.name == name:
                raise OpError(f"Cannot register two weight_norm hooks on the same parameter {name}")
        hook = WeightNorm(name, dim)
        weight = getattr(module, name)
        if is_lazy(weight):
            raise OpValueError(
                "The module passed to `WeightNorm` can't have uninitialized parameters. Make sure "
                "to run the dummy forward before applying weight normalization"
            )
        del module._parameters[name]
        length = norm_except_dim(weight.detach(), 2, hook.dim)
        module.register_parameter(f"{name}_g", Parameter(length))
        module.register_parameter(f"{name}_v", Parameter(weight.data))
        setattr(module, name, hook.compute_weight(module))
        module.register_forward_pre_hook(hook)
        return hook

    def remove(self, module: Module) -> None:
        """Make the weight a parameter again."""
        weight = self.compute_weight(module)
        delattr(module, self.name)
        del module._parameters[f"{self.name}_g"], module._parameters[f"{self.name}_v"]
        setattr(module, self.name, Parameter(weight.data))

    def __call__(self, module: Module, inputs: Any) -> None:
        """Compute the weight before a forward."""
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Give a weight's length and direction parameters of their own (Salimans and Kingma, 2016).

    Args:
        module: The module; it is changed.
        name: The parameter's name.
        dim: The dimension whose slices have a length each; None for one length.

    Note: deprecated, as in torch: see dtrain.nn.utils.parametrizations.weight_norm.
    """
    WeightNorm.apply(module, name, dim)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Undo weight_norm.

    Raises:
        OpValueError: The weight is not normalized.
    """
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, WeightNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise OpValueError(f"weight_norm of '{name}' not found in {module}")
