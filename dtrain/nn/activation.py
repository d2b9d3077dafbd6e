"""Activations, element by element. The functions themselves stand in nn.functional."""

from __future__ import annotations

import warnings
from typing import Any

from dtrain.nn import functional as F
from dtrain.nn.module import Module
from dtrain.nn.parameter import Parameter
from dtrain.tensor.create import full
from dtrain.tensor.tensor import Tensor

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]


class _Activation(Module):
    """An activation whose printed arguments are the attributes named in `shown`."""

    shown: tuple[str, ...] = ()
    inplace: bool = False

    def extra_repr(self) -> str:
        """Return the arguments."""
        parts = [f"{name}={getattr(self, name)!r}" for name in self.shown]
        if self.inplace:
            parts.append("inplace=True")
        return ", ".join(parts)


class _Inplace(_Activation):
    """An activation without any arguments but `inplace`."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


class ReLU(_Inplace):
    """max(0, x)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.relu(input, inplace=self.inplace)


class SELU(_Inplace):
    """scale (max(0, x) + min(0, alpha (exp(x) - 1))) (Klambauer et al., 2017)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.selu(input, self.inplace)


class SiLU(_Inplace):
    """x sigmoid(x), also known as swish."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.silu(input, inplace=self.inplace)


class Mish(_Inplace):
    """x tanh(softplus(x))."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.mish(input, inplace=self.inplace)


class Hardswish(Module):
    """x relu6(x + 3) / 6."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.hardswish(input, self.inplace)


class Hardsigmoid(Module):
    """relu6(x + 3) / 6."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.hardsigmoid(input, self.inplace)


class Hardtanh(_Activation):
    """x cut off below `min_val` and above `max_val`."""

    shown: tuple[str, ...] = ("min_val", "max_val")

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        for old, new, value in (
            ("min_value", "min_val", min_value),
            ("max_value", "max_val", max_value),
        ):
            if value is not None:
                warnings.warn(
                    f"keyword argument `{old}` is deprecated and rename to `{new}`",
                    FutureWarning,
                    stacklevel=2,
                )
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if self.max_val <= self.min_val:
            raise AssertionError(
                f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})"
            )

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)


class ReLU6(Hardtanh):
    """min(max(0, x), 6)."""

    shown = ()

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)


class LeakyReLU(_Activation):
    """x for x >= 0, `negative_slope` x below."""

    shown = ("negative_slope",)

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)


class RReLU(_Activation):
    """x for x >= 0; below, x by a slope drawn from [lower, upper] while training."""

    shown = ("lower", "upper")

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__()
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)


class PReLU(_Activation):
    """x for x >= 0, x by a learned slope below: one slope, or one for each channel."""

    shown = ("num_parameters",)

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(full((num_parameters,), float(init), device=device, dtype=dtype))

    def reset_parameters(self) -> None:
        """Set the slopes to their first value."""
        self.weight.data.fill_(self.init)

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.prelu(input, self.weight)


class ELU(_Activation):
    """x for x > 0, alpha (exp(x) - 1) below."""

    shown = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.elu(input, self.alpha, self.inplace)


class CELU(ELU):
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1))."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.celu(input, self.alpha, self.inplace)


class GELU(_Activation):
    """x Phi(x), with the normal distribution function or, for "tanh", an approximation of it."""

    shown = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.gelu(input, approximate=self.approximate)


class GLU(_Activation):
    """a sigmoid(b) for the two halves a and b of the input along `dim`."""

    shown = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of half the size along `dim`."""
        return F.glu(input, self.dim)


class Softplus(_Activation):
    """log(1 + exp(beta x)) / beta; x itself where beta x > threshold."""

    shown = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.softplus(input, self.beta, self.threshold)


class Threshold(_Activation):
    """x where x > threshold, else `value`."""

    shown = ("threshold", "value")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.threshold(input, self.threshold, self.value, self.inplace)


class _Shrink(Module):
    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        """Return the argument."""
        return str(self.lambd)


class Softshrink(_Shrink):
    """x moved by `lambd` towards zero, zero inside of it."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.softshrink(input, self.lambd)


class Hardshrink(_Shrink):
    """x where its absolute value is above `lambd`, zero elsewhere."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.hardshrink(input, self.lambd)


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return input.sigmoid()


class Tanh(Module):
    """tanh(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return input.tanh()


class LogSigmoid(Module):
    """log(sigmoid(x))."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.logsigmoid(input)


class Softsign(Module):
    """x / (1 + |x|)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.softsign(input)


class Tanhshrink(Module):
    """x - tanh(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape."""
        return F.tanhshrink(input)
