"""GradScaler: gradients of short types kept in range by a factor on the loss."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from dtrain.backend.cupy_ import device_count
from dtrain.errors import GradError, OpValueError
from dtrain.tensor import dtype as dt
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.tensor import Tensor

__all__ = ["GradScaler"]


class Optimizer(Protocol):
    """What is needed of an optimizer."""

    param_groups: list[dict[str, Any]]
    step: Any


_UNSCALED, _STEPPED = "unscaled", "stepped"


class GradScaler:
    """Multiply the loss by a factor, divide the gradients by it, skip steps that overflowed.

    Args:
        device: "cuda" or "cpu"; without a GPU "cuda" disables the scaler.
        init_scale: The factor at first.
        growth_factor: What it is multiplied by after `growth_interval` steps without inf or nan.
        backoff_factor: What it is multiplied by after a step with one.
        growth_interval: That number of steps.
        enabled: False to make every method do nothing but step.

    Raises:
        OpValueError: A factor lies on the wrong side of 1.
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        if enabled and device == "cuda" and not device_count():
            warnings.warn(
                "torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.",
                UserWarning,
                stacklevel=2,
            )
            enabled = False
        if growth_factor <= 1.0:
            raise OpValueError(f"GradScaler({growth_factor=}): The growth factor must be > 1.0.")
        if backoff_factor >= 1.0:
            raise OpValueError(f"GradScaler({backoff_factor=}): The backoff factor must be < 1.0.")
        self._device, self._enabled = device, enabled
        self._scale = float(init_scale)
        self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
        self._growth_interval = growth_interval
        self._growth_tracker = 0  # steps since the factor has last changed
        self._started = False  # scale() has been called
        self._stages: dict[int, str] = {}  # by the optimizer's identity
        self._found_inf: dict[int, bool] = {}

    def scale(self, outputs: Any) -> Any:
        """Return a tensor, or nested lists and tuples of tensors, multiplied by the factor.

        Raises:
            OpValueError: There is something else in them.
        """
        if not self._enabled:
            return outputs
        self._started = True
        return _mapped(lambda t: t * self._scale, outputs)

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divide the gradients of an optimizer's parameters by the factor, as to clip them.

        Raises:
            GradError: It has been done since the last update, or nothing was scaled.
            OpValueError: A gradient is float16: the parameters have to be float32.
        """
        if not self._enabled:
            return
        self._check_started("unscale_")
        stage = self._stages.get(id(optimizer))
        if stage == _UNSCALED:
            raise GradError(
                "unscale_() has already been called on this optimizer since the last update()."
            )
        if stage == _STEPPED:
            raise GradError("unscale_() is being called after step().")
        inverse, found = 1.0 / self._scale, False
        with no_grad():
            for grad in _gradients(optimizer):
                found |= not bool(grad.isfinite().all())
                grad *= inverse
        self._stages[id(optimizer)] = _UNSCALED
        self._found_inf[id(optimizer)] = found

    def step(self, optimizer: Optimizer, *args: Any, **kw: Any) -> Any:
        """Unscale unless that is done, and call optimizer.step unless a gradient is inf or nan.

        Returns:
            What optimizer.step has returned; None where it was left out.

        Raises:
            GradError: It has been done since the last update, nothing was scaled, or there is a
                closure, whose losses would not be.
        """
        if not self._enabled:
            return optimizer.step(*args, **kw)
        if "closure" in kw:
            raise GradError("Closure use is not currently supported if GradScaler is enabled.")
        self._check_started("step")
        if self._stages.get(id(optimizer)) == _STEPPED:
            raise GradError("step() has already been called since the last update().")
        if id(optimizer) not in self._stages:
            self.unscale_(optimizer)
        self._stages[id(optimizer)] = _STEPPED
        return None if self._found_inf[id(optimizer)] else optimizer.step(*args, **kw)

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Adapt the factor to what the steps since the last update have found.

        Args:
            new_scale: A factor to use instead.

        Raises:
            GradError: Nothing was scaled, or no gradient was looked at.
        """
        if not self._enabled:
            return
        self._check_started("update")
        if new_scale is not None:
            self._scale = float(new_scale)
        elif not self._found_inf:
            raise GradError("No inf checks were recorded prior to update.")
        elif any(self._found_inf.values()):
            self._scale *= self._backoff_factor
            self._growth_tracker = 0
        else:
            self._growth_tracker += 1
            if self._growth_tracker == self._growth_interval:
                self._scale *= self._growth_factor
                self._growth_tracker = 0
        self._stages, self._found_inf = {}, {}

    def _check_started(self, where: str) -> None:
        if not self._started:
            raise GradError(
                f"Attempted {where} but _scale is None.  This may indicate your script did not use "
                "scaler.scale(loss or outputs) earlier in the iteration."
            )

    # ---- its figures ----

    def is_enabled(self) -> bool:
        """Return True where the scaler does something."""
        return self._enabled

    def get_scale(self) -> float:
        """Return the factor; 1 where the scaler is disabled."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """Return what the factor is multiplied by when it grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set what the factor is multiplied by when it grows."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """Return what the factor is multiplied by after inf or nan."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set what the factor is multiplied by after inf or nan."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """Return after how many good steps the factor grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set after how many good steps the factor grows."""
        self._growth_interval = new_interval

    def state_dict(self) -> dict[str, Any]:
        """Return what is to be saved; nothing where the scaler is disabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale, "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor, "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what state_dict has returned.

        Raises:
            GradError: It is empty.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise GradError(
                "The source state dict is empty, possibly because it was saved from a disabled "
                "instance of GradScaler."
            )
        self._scale = float(state_dict["scale"])
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._growth_tracker = state_dict["_growth_tracker"]


def _mapped(fn: Callable[[Tensor], Tensor], outputs: Any) -> Any:
    if isinstance(outputs, Tensor):
        return fn(outputs)
    if isinstance(outputs, (list, tuple)):
        return type(outputs)(_mapped(fn, item) for item in outputs)
    if isinstance(outputs, Iterable) and not isinstance(outputs, str):
        return (_mapped(fn, item) for item in outputs)
    raise OpValueError("outputs must be a Tensor or an iterable of Tensors")


def _gradients(optimizer: Optimizer) -> list[Tensor]:
    """Return the gradients of an optimizer's parameters.

    Raises:
        OpValueError: One is float16.
    """
    found = [p.grad for group in optimizer.param_groups for p in group["params"]]
    grads = [g for g in found if g is not None]
    if any(g.dtype is dt.float16 for g in grads):
        raise OpValueError("Attempting to unscale FP16 gradients.")
    return grads
