"""L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dtrain.errors import OpError, OpValueError
from dtrain.optim.line_search import Point, strong_wolfe
from dtrain.optim.optimizer import Optimizer
from dtrain.optim.options import check_rate
from dtrain.tensor.grad_mode import enable_grad, no_grad
from dtrain.tensor.ops.complex import view_as_real
from dtrain.tensor.ops.join import cat
from dtrain.tensor.tensor import Tensor

__all__ = ["LBFGS"]

KEPT = ("d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss")


class LBFGS(Optimizer):
    """Quasi-Newton steps from the last gradients (Liu and Nocedal, 1989).

    Args:
        params: Parameters, in one group.
        lr: Learning rate: the first step length that is tried.
        max_iter: Iterations in a step.
        max_eval: Calls of the closure in a step; 1.25 max_iter by default.
        tolerance_grad: A step ends where no element of the gradient is greater.
        tolerance_change: A step ends where parameters or loss change less.
        history_size: How many changes of the gradient are kept.
        line_search_fn: "strong_wolfe", or None for steps of length `lr`.

    Raises:
        OpValueError: The rate is negative, or there are several groups.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_rate(lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise OpValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make up to `max_iter` iterations.

        Args:
            closure: Clears the gradients, computes the loss, goes backward and returns the loss.

        Returns:
            The loss before the step.

        Raises:
            OpError: There is no closure, or the line search has another name.
        """
        if closure is None:
            raise OpError("LBFGS.step(closure=None): the loss is needed several times; pass one")
        group = self.param_groups[0]
        # Nothing belongs to one parameter: all is kept as the state of the first.
        state = self.state[group["params"][0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        with no_grad():
            return self._iterate(enable_grad()(closure), group, state)

    def _iterate(
        self, closure: Callable[[], Any], group: dict[str, Any], state: dict[str, Any]
    ) -> Any:
        loss_before = closure()
        loss = float(loss_before)
        state["func_evals"] += 1
        grad = self._flat_grad()
        if _greatest(grad) <= group["tolerance_grad"]:
            return loss_before
        m: dict[str, Any] = {key: state.get(key) for key in KEPT}
        evaluated, tolerance = 1, group["tolerance_change"]
        for i in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            lr = _number(group["lr"])
            if state["n_iter"] == 1:
                m.update(d=-grad, old_dirs=[], old_stps=[], ro=[], H_diag=1)
                m["t"] = min(1.0, 1.0 / grad.abs().sum()) * lr
            else:
                _remember(m, grad, group["history_size"])
                slots = state.setdefault("al", [None] * group["history_size"])
                m["d"] = _direction(m, grad, slots)
                m["t"] = lr
            m["prev_flat_grad"], m["prev_loss"] = grad.clone(), loss
            slope = grad.dot(m["d"])
            if slope > -tolerance:
                break
            start = Point(0, loss, grad, slope)
            last = i == group["max_iter"]
            found, more = self._move(closure, start, m, group["max_eval"] - evaluated, last)
            loss, grad, m["t"] = found.loss, found.grad, found.t
            evaluated += more
            state["func_evals"] += more
            if (
                last
                or evaluated >= group["max_eval"]
                or _greatest(grad) <= group["tolerance_grad"]
                or _greatest(m["d"] * m["t"]) <= tolerance
                or abs(loss - m["prev_loss"]) < tolerance
            ):
                break
        state.update(m)
        return loss_before

    def _move(
        self, closure: Callable[[], Any], start: Point, m: dict[str, Any], most: int, last: bool
    ) -> tuple[Point, int]:
        """Go along the direction; return where that led, and how many losses were computed."""
        direction, t = m["d"], m["t"]
        search = self.param_groups[0]["line_search_fn"]
        if search is None:
            self._go(direction, t)
            if last:  # nobody will ask for the loss there
                return start._replace(t=t), 0
            with enable_grad():
                loss = float(closure())
            return Point(t, loss, self._flat_grad(), None), 1
        if search != "strong_wolfe":
            raise OpError("only 'strong_wolfe' is supported")
        params = self.param_groups[0]["params"]
        origin = [p.clone() for p in params]

        def evaluate(t: Any) -> Point:
            self._go(direction, t)
            loss = float(closure())
            grad = self._flat_grad()
            for p, value in zip(params, origin, strict=True):
                p.copy_(value)
            return Point(t, loss, grad, grad.dot(direction))

        reach = direction.abs().max()
        found, evaluated = strong_wolfe(evaluate, start, t, reach, most)
        self._go(direction, found.t)
        return found, evaluated

    def _flat_grad(self) -> Tensor:
        """Return all gradients in one row, complex ones as real numbers."""
        rows = []
        for p in self.param_groups[0]["params"]:
            grad = p.detach().new_zeros(p.shape) if p.grad is None else p.grad
            if grad.is_sparse:
                grad = grad.to_dense()
            rows.append(_real(grad).reshape(-1))
        flat: Tensor = cat(rows)
        return flat

    def _go(self, direction: Tensor, t: Any) -> None:
        """Add `t` times a direction to the parameters."""
        start = 0
        for p in self.param_groups[0]["params"]:
            real = _real(p)
            end = start + real.numel()
            real.add_(direction[start:end].view_as(real), alpha=_number(t))
            start = end


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, Tensor) else value


def _real(t: Tensor) -> Tensor:
    return view_as_real(t) if t.is_complex() else t


def _greatest(t: Tensor) -> float:
    return float(t.abs().max())


def _remember(m: dict[str, Any], grad: Tensor, size: int) -> None:
    """Keep the last change of the gradient and the step that led to it, where they are sound."""
    change, step = grad - m["prev_flat_grad"], m["d"] * m["t"]
    product = change.dot(step)
    if product > 1e-10:
        if len(m["old_dirs"]) == size:
            for key in ("old_dirs", "old_stps", "ro"):
                m[key].pop(0)
        m["old_dirs"].append(change)
        m["old_stps"].append(step)
        m["ro"].append(1.0 / product)
        m["H_diag"] = product / change.dot(change)


def _direction(m: dict[str, Any], grad: Tensor, slots: list[Any]) -> Tensor:
    """Return minus the gradient times about the inverse of the Hessian: two loops."""
    history = list(enumerate(zip(m["old_dirs"], m["old_stps"], m["ro"], strict=True)))
    q = -grad
    for i, (change, step, ro) in reversed(history):
        slots[i] = step.dot(q) * ro
        q.add_(change, alpha=-_number(slots[i]))
    direction: Any = q * m["H_diag"]
    for i, (change, step, ro) in history:
        direction.add_(step, alpha=_number(slots[i] - change.dot(direction) * ro))
    return direction
