"""Spectral normalization: a weight divided by its largest singular value (Miyato et al., 2018)."""

from __future__ import annotations

from typing import Any, TypeVar

from dtrain.errors import OpError, OpValueError
from dtrain.nn import functional as F
from dtrain.nn.conv_transpose import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from dtrain.nn.module import Module
from dtrain.nn.parameter import Parameter, is_lazy
from dtrain.tensor.grad_mode import no_grad

__all__ = ["SpectralNorm", "output_dim", "remove_spectral_norm", "spectral_norm"]

M = TypeVar("M", bound=Module)


def output_dim(module: Module) -> int:
    """Return the dimension of a layer's weight that stands for its outputs."""
    return int(isinstance(module, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)))


class SpectralNorm:
    """The forward hook that divides a weight by its estimated largest singular value.

    Args:
        name: The weight's name.
        n_power_iterations: Steps of the power method for each forward in training.
        dim: The dimension of the outputs.
        eps: The least length of vectors that are normalized.

    Raises:
        OpValueError: `n_power_iterations` is not positive.
    """

    _version = 1

    def __init__(
        self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        if n_power_iterations <= 0:
            raise OpValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.name, self.dim, self.eps = name, dim, eps
        self.n_power_iterations = n_power_iterations

    def reshape_weight_to_matrix(self, weight: Any) -> Any:
        """Return a weight as a matrix with a row for each output."""
        return weight.movedim(self.dim, 0).reshape(weight.shape[self.dim], -1)

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Any:
        """Return the normalized weight.

        Args:
            module: The module.
            do_power_iteration: Bring the estimate of the singular vectors up to date first.
        """
        weight, u, v = (getattr(module, f"{self.name}_{part}") for part in ("orig", "u", "v"))
        matrix = self.reshape_weight_to_matrix(weight)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(F.normalize(matrix.t().mv(u), dim=0, eps=self.eps))
                    u.copy_(F.normalize(matrix.mv(v), dim=0, eps=self.eps))
                u, v = u.clone(), v.clone()  # backward needs them as they are now
        return weight / u.dot(matrix.mv(v))

    def remove(self, module: Module) -> None:
        """Make the weight a parameter again."""
        with no_grad():
            weight = self.compute_weight(module, do_power_iteration=False)
        for name in (self.name, *(f"{self.name}_{part}" for part in ("u", "v", "orig"))):
            delattr(module, name)
        module.register_parameter(self.name, Parameter(weight.detach()))

    def __call__(self, module: Module, inputs: Any) -> None:
        """Compute the weight before a forward."""
        weight = self.compute_weight(module, do_power_iteration=module.training)
        setattr(module, self.name, weight)

    @staticmethod
    def apply(
        module: Module, name: str, n_power_iterations: int, dim: int, eps: float
    ) -> SpectralNorm:
        """Replace a parameter by its normalized form.

        Raises:
            OpError: It is normalized already.
            OpValueError: There is no such parameter, or its shape is not known yet.
        """
        for hook in module._forward_pre_hooks.values():
            if isinstance(hook, SpectralNorm) and hook.name == name:
                raise OpError(
                    f"Cannot register two spectral_norm hooks on the same parameter {name}"
                )
        hook = SpectralNorm(name, n_power_iterations, dim, eps)
        weight: Any = module._parameters[name]
        if weight is None:
            raise OpValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
        if is_lazy(weight):
            raise OpValueError(
                "The module passed to `SpectralNorm` can't have uninitialized parameters. Make "
                "sure to run the dummy forward before applying spectral normalization"
            )
        with no_grad():
            sizes = hook.reshape_weight_to_matrix(weight).shape
            u, v = (F.normalize(weight.new_empty(n).normal_(0, 1), dim=0, eps=eps) for n in sizes)
        delattr(module, name)
        module.register_parameter(f"{name}_orig", weight)
        setattr(module, name, weight.data)
        module.register_buffer(f"{name}_u", u)
        module.register_buffer(f"{name}_v", v)
        module.register_forward_pre_hook(hook)
        module._register_state_dict_hook(_StateDictHook(hook))
        return hook


class _StateDictHook:
    """Notes in a state_dict's metadata in which form the weight stands there."""

    def __init__(self, hook: SpectralNorm) -> None:
        self.hook = hook

    def __call__(
        self, module: Module, state_dict: Any, prefix: str, local_metadata: dict[str, Any]
    ) -> None:
        noted = local_metadata.setdefault("spectral_norm", {})
        noted[f"{self.hook.name}.version"] = self.hook._version


def spectral_norm(
    module: M,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> M:
    """Divide a weight by its largest singular value before each forward.

    Args:
        module: The module; it is changed.
        name: The parameter's name.
        n_power_iterations: Steps of the power method for each forward in training.
        eps: The least length of vectors that are normalized.
        dim: The dimension of the outputs; 0, and 1 for transposed convolutions, by default.

    Note: dtrain.nn.utils.parametrizations.spectral_norm is the newer form.
    """
    dim = output_dim(module) if dim is None else dim
    SpectralNorm.apply(module, name, n_power_iterations, dim, eps)
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Undo spectral_norm.

    Raises:
        OpValueError: The weight is not normalized.
    """
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, SpectralNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            break
    else:
        raise OpValueError(f"spectral_norm of '{name}' not found in {module}")
    for key, noted in module._state_dict_hooks.items():
        if isinstance(noted, _StateDictHook) and noted.hook.name == name:
            del module._state_dict_hooks[key]
            break
    return module
