"""Averages of a model's weights: all of them (SWA) or mostly the last (EMA)."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import Any

from dtrain.errors import OpValueError
from dtrain.nn.batchnorm import _BatchNorm
from dtrain.nn.module import Module
from dtrain.optim.optimizer import Optimizer
from dtrain.optim.scheduler import LRScheduler, for_each_group
from dtrain.tensor import dtype as dt
from dtrain.tensor.from_data import tensor
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.tensor import Tensor

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

Average = Callable[[Tensor, Tensor, Any], Tensor]
MultiAverage = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise OpValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] range."
        )


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """Return a function that sets averages to decay average + (1 - decay) value, in place.

    Args:
        decay: Share of the old average in the new, 0 to 1.

    Raises:
        OpValueError: `decay` lies outside.
    """
    _check_decay(decay)

    @no_grad()
    def ema_update(averages: Sequence[Tensor], values: Sequence[Tensor], count: Any) -> None:
        for average, value in zip(averages, values, strict=True):
            if average.is_floating_point() or average.is_complex():
                average.lerp_(value, 1 - decay)
            else:
                average.copy_(average * decay + value * (1 - decay))

    return ema_update


def get_swa_multi_avg_fn() -> MultiAverage:
    """Return a function that takes one more value into the mean of all, in place."""

    @no_grad()
    def swa_update(averages: Sequence[Tensor], values: Sequence[Tensor], count: Any) -> None:
        for average, value in zip(averages, values, strict=True):
            if average.is_floating_point() or average.is_complex():
                average.lerp_(value, 1 / (float(count) + 1))
            else:
                average.add_(((value - average) / (float(count) + 1)).to(average.dtype))

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """Return a function that gives decay average + (1 - decay) value.

    Args:
        decay: Share of the old average in the new, 0 to 1.

    Raises:
        OpValueError: `decay` lies outside.
    """
    _check_decay(decay)

    @no_grad()
    def ema_update(average: Tensor, value: Tensor, count: Any) -> Tensor:
        return decay * average + (1 - decay) * value

    return ema_update


def get_swa_avg_fn() -> Average:
    """Return a function that gives the mean of all values, one more among them."""

    @no_grad()
    def swa_update(average: Tensor, value: Tensor, count: Any) -> Tensor:
        mean: Tensor = average + (value - average) / (count + 1)
        return mean

    return swa_update


class AveragedModel(Module):
    """A copy of a model whose weights are averages of the model's (Izmailov et al., 2018).

    Args:
        model: The model.
        device: Where the averages are kept; where the model is by default.
        avg_fn: Gives a new average from the old, the value and the number of values so far.
        multi_avg_fn: The same for many tensors at once, in place.
        use_buffers: Average buffers too; else they are copied.

    Raises:
        AssertionError: Both functions are given.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=dt.int64, device=device))
        self.avg_fn, self.multi_avg_fn = avg_fn, multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the averaged model."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the model's present weights into the averages; the first time copy them."""
        averages, values = self._tensors(self.module), self._tensors(model)
        values = [v.to(a.device) for a, v in zip(averages, values, strict=False)]
        if int(self.n_averaged) == 0:
            for average, value in zip(averages, values, strict=True):
                average.copy_(value)
        elif self.multi_avg_fn is not None:
            self._update_many(self.multi_avg_fn, averages, values)
        else:
            mean = self.avg_fn or get_swa_avg_fn()
            for average, value in zip(averages, values, strict=True):
                average.copy_(mean(average, value, self.n_averaged.to(average.device)))
        if not self.use_buffers:
            for mine, theirs in zip(self.module.buffers(), model.buffers(), strict=True):
                mine.detach().copy_(theirs.detach().to(mine.device))
        self.n_averaged += 1

    def _tensors(self, model: Module) -> list[Tensor]:
        found = model.parameters()
        if self.use_buffers:
            return [t.detach() for t in itertools.chain(found, model.buffers())]
        return [t.detach() for t in found]

    def _update_many(
        self, update: MultiAverage, averages: list[Tensor], values: list[Tensor]
    ) -> None:
        """Call the function for many once for each type and device."""
        alike: defaultdict[Any, list[tuple[Tensor, Tensor]]] = defaultdict(list)
        for average, value in zip(averages, values, strict=True):
            alike[str(average.device), average.dtype].append((average, value))
        for pairs in alike.values():
            mine, theirs = (list(side) for side in zip(*pairs, strict=True))
            update(mine, theirs, self.n_averaged.to(mine[0].device))


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of all batch norms anew, in one pass over data.

    Args:
        loader: Batches: tensors, or lists or tuples that begin with one.
        model: The model.
        device: Where batches are moved before.
    """
    norms = {m: m.momentum for m in model.modules() if isinstance(m, _BatchNorm)}
    if not norms:
        return
    was_training = model.training
    model.train()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all batches
    for batch in loader:
        given = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(given if device is None else given.to(device))
    for norm, momentum in norms.items():
        norm.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """Let the rate go from what it is to a fixed one, and stay there.

    Args:
        optimizer: The optimizer.
        swa_lr: The last rate, or one for each group.
        anneal_epochs: Epochs until then.
        anneal_strategy: "cos" or "linear".
        last_epoch: The number of the last epoch when resuming; -1 at the start.

    Raises:
        OpValueError: An option lies outside its range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: Any,
        anneal_epochs: Any = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = for_each_group("swa_lr", optimizer, swa_lr)
        for group, lr in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = lr
        if anneal_strategy not in {"cos", "linear"}:
            raise OpValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise OpValueError(
                f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}"
            )
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """Return how much of the way lies behind at a step, 0 to 1."""
        way = max(0, min(1, step / max(1, self.anneal_epochs)))
        return way if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * way)) / 2

    def get_lr(self) -> list[Any]:
        """Return the rates for `last_epoch`."""
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for group in self.optimizer.param_groups:
            lr, last = group["lr"], group["swa_lr"]
            # Other schedules may have changed the rate: find the start that leads to it.
            first = last if before == 1 else (lr - before * last) / (1 - before)
            rates.append(last * now + first * (1 - now))
        return rates
