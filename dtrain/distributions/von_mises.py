"""The normal distribution's counterpart for angles."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from dtrain.distributions import constraints
from dtrain.distributions.distribution import Distribution
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.ops import acos, cos, special_i0e, special_i1e, where
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Shape

__all__ = ["VonMises"]

_EMPTY = Size()


class VonMises(Distribution):
    """Angles around `loc`, the more closely the greater the concentration."""

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real, "concentration": constraints.positive,
    }  # fmt: skip
    support: Any = constraints.real
    loc: Tensor
    concentration: Tensor

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self._set(validate_args, loc=loc, concentration=concentration)

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        """The circular variance, 1 - |E exp(i x)|."""
        return 1 - special_i1e(self.concentration) / special_i0e(self.concentration)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        height = self.concentration * (cos(value - self.loc) - 1)  # i0e has the other exp(k)
        return height - math.log(2 * math.pi) - special_i0e(self.concentration).log()

    def sample(self, sample_shape: Shape = _EMPTY) -> Any:
        """Return angles in [-pi, pi), by rejection from a wrapped Cauchy distribution.

        Source: Best and Fisher 1979.
        """
        shape = self._extended_shape(sample_shape)
        with no_grad():
            k: Any = self.concentration.double().expand(shape)
            tau = 1 + (1 + 4 * k**2).sqrt()
            rho = (tau - (2 * tau).sqrt()) / (2 * k)
            # for small concentrations the formula cancels; its series does not
            s = where(k < 1e-5, 1 / k + k, (1 + rho**2) / (2 * rho))
            angle, open_ = k * 0, (k * 0 + 1).bool()
            while bool(open_.any()):
                u = k.new_empty((3, *shape)).uniform_()
                z = cos(math.pi * u[0])
                f = (1 + s * z) / (s + z)
                c = k * (s - f)
                fits = (c * (2 - c) - u[1] > 0) | ((c / u[1]).log() + 1 - c >= 0)
                found = (u[2] - 0.5).sign() * acos(f.clamp(-1, 1))
                angle = where(open_ & fits, found, angle)
                open_ = open_ & ~fits
            turned = (angle + math.pi + self.loc) % (2 * math.pi) - math.pi
            return turned.to(self.loc.dtype)
