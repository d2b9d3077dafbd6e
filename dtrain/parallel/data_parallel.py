"""DataParallel: torch's wrapper for several GPUs in one process, which here computes on one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from dtrain.backend.cupy_ import device_count
from dtrain.nn.module import Module

__all__ = ["DataParallel", "data_parallel"]

M = TypeVar("M", bound=Module)


class DataParallel(Module, Generic[M]):
    """Call a module as it is; for programs that save `model.module.state_dict()`.

    Args:
        module: The module.
        device_ids: Kept; all devices for None.
        output_device: Kept; the first of `device_ids` for None.
        dim: Kept.

    Note:
        The batch is not divided: with several GPUs, one computes. DistributedDataParallel uses all
        of them.
    """

    def __init__(
        self,
        module: M,
        device_ids: Sequence[Any] | None = None,
        output_device: Any = None,
        dim: int = 0,
    ) -> None:
        super().__init__()
        ids = list(range(device_count())) if device_ids is None else list(device_ids)
        self.module = module
        self.device_ids = ids if device_count() else []
        self.dim = dim
        if self.device_ids:
            self.output_device = self.device_ids[0] if output_device is None else output_device
            module.to(f"cuda:{self.device_ids[0]}")

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """Return what the module returns."""
        return self.module(*inputs, **kwargs)


def data_parallel(
    module: Module,
    inputs: Any,
    device_ids: Sequence[Any] | None = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> Any:
    """Return module(*inputs, **module_kwargs), as DataParallel does."""
    args = inputs if isinstance(inputs, tuple) else () if inputs is None else (inputs,)
    return module(*args, **(module_kwargs or {}))
