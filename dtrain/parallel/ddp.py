"""DistributedDataParallel: the same module on every rank, each with its part of the batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dtrain.errors import DeviceError, DistributedError, OpValueError
from dtrain.nn.module import Module
from dtrain.parallel.process_group import ProcessGroup, find
from dtrain.parallel.reducer import Reducer
from dtrain.parallel.replicas import broadcast_tensors, check_same_model
from dtrain.tensor.grad_mode import is_grad_enabled
from dtrain.tensor.tensor import Tensor

__all__ = ["DistributedDataParallel"]

_MIB = 1 << 20
_DEFAULT_BUCKET_MIB = 25


class DistributedDataParallel(Module):
    """Train one module on many ranks: gradients are averaged over all of them in backward.

    All ranks start with the parameters and buffers of rank 0. The outputs and the gradients are
    those of a single process whose batch is the batches of all ranks, if the loss is a mean and
    the batches have equal sizes.

    Args:
        module: The module; every rank builds the same one.
        device_ids: None or [] for a module on the CPU.
        output_device: None for a module on the CPU.
        dim: Has no meaning with one device per rank.
        broadcast_buffers: Take the buffers of rank 0 before each forward that will be averaged.
        init_sync: Check and broadcast the module now; without it, the ranks must be equal already.
        process_group: The ranks; all of them by default.
        bucket_cap_mb: How much memory is sent at once, in MiB; 25 by default.
        find_unused_parameters: Allow parameters that get no gradient in some backward.
        check_reduction: Has no meaning any more, as in torch.
        gradient_as_bucket_view: Has no meaning: gradients always are views of the buckets.
        static_graph: As `find_unused_parameters`; a graph that never changes is not made use of.

    Raises:
        OpValueError: The process group is not initialised; device_ids for a CPU module.
        DeviceError: The module is not on the CPU.
        DistributedError: No parameter requires a gradient; the ranks have different modules.

    Note:
        `p.grad` is a view of a bucket, so a tensor that was `p.grad` before zero_grad() changes
        with the next backward: clone it to keep it. Under no_grad(), in no_sync() and after
        eval(), forward does not communicate, so that one rank alone may call it. Arguments of
        torch that are not listed are not accepted.
    """

    def __init__(
        self,
        module: Module,
        device_ids: Sequence[Any] | None = None,
        output_device: Any = None,
        dim: int = 0,
        broadcast_buffers: bool | None = None,
        init_sync: bool = True,
        process_group: ProcessGroup | None = None,
        bucket_cap_mb: float | None = None,
        find_unused_parameters: bool = False,
        check_reduction: bool = False,
        gradient_as_bucket_view: bool = False,
        static_graph: bool = False,
    ) -> None:
        super().__init__()
        self.module = module
        self.dim = dim
        self.broadcast_buffers = broadcast_buffers is None or broadcast_buffers
        self.find_unused_parameters = find_unused_parameters
        self.static_graph = static_graph
        self.gradient_as_bucket_view = True
        self.require_backward_grad_sync = True
        named = [(n, p) for n, p in module.named_parameters() if p.requires_grad]
        _check_module(module, named, device_ids, output_device)
        self.device_ids = self.output_device = None
        self.device = named[0][1].device
        self.device_type = self.device.type
        self.process_group = find(process_group)
        if self.process_group is None:
            raise OpValueError("Invalid process group specified")
        communicator = self._communicator = self.process_group.communicator
        if init_sync:
            check_same_model(named, communicator)
            broadcast_tensors([*module.parameters(), *module.buffers()], communicator)
        mib = _DEFAULT_BUCKET_MIB if bucket_cap_mb is None else bucket_cap_mb
        self.reducer = Reducer(
            named,
            communicator,
            bucket_bytes=max(1, int(mib * _MIB)),
            find_unused=find_unused_parameters or static_graph,
            timeout=self.process_group.timeout,
        )

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """Return what the module returns; prepare for its backward."""
        if is_grad_enabled():
            self.reducer.enabled = self.require_backward_grad_sync
            if self.require_backward_grad_sync:
                self.reducer.check_finished()
                if self.training and self.broadcast_buffers:
                    broadcast_tensors(list(self.module.buffers()), self._communicator)
        return self.module(*inputs, **kwargs)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Let gradients add up on this rank: forward and backward inside do not communicate.

        The first forward and backward outside averages all that has been added up.
        """
        before, self.require_backward_grad_sync = self.require_backward_grad_sync, False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before


def _check_module(
    module: Module, named: Sequence[tuple[str, Tensor]], device_ids: Any, output_device: Any
) -> None:
    """Refuse what cannot be trained here."""
    if not named:
        raise DistributedError(
            "DistributedDataParallel is not needed when a module doesn't have any parameter that "
            "requires a gradient."
        )
    devices = sorted({str(p.device) for p in module.parameters()})
    if devices != ["cpu"]:
        raise DeviceError(
            f"DistributedDataParallel({type(module).__name__}): its parameters are on "
            f"{', '.join(devices)}; expected cpu, which the ranks can exchange; use module.cpu()"
        )
    if device_ids or output_device is not None:
        raise OpValueError(
            "DistributedDataParallel device_ids and output_device arguments only work with "
            "single-device/multiple-device GPU modules or CPU modules, but got device_ids "
            f"{device_ids}, output_device {output_device}, and module parameters {devices}."
        )
