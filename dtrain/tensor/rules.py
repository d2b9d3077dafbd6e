"""What one node does with a gradient: check what it saved, and run its operator's rules on it."""

from __future__ import annotations

from typing import Any

from dtrain.errors import GradError, VersionError
from dtrain.tensor import dtype as dt
from dtrain.tensor.graph import Node, Parts, Pick
from dtrain.tensor.tensor import Tensor, wrap

__all__ = ["freed_error", "run_node", "unbroadcast"]


def run_node(node: Node, F: Any, g: Any, create_graph: bool) -> Any:  # noqa: C901, PLR0912 (hot)
    """Return the gradients that a node sends along its edges, in their order.

    Raises:
        GradError: The saved values are gone.
        VersionError: One of them was changed in place.
    """
    plan = node.plan
    if plan is None:
        return node.apply(F, g, create_graph)  # type: ignore[attr-defined]
    saved = node.saved
    if saved.__class__ is not tuple:
        if saved is None:
            raise freed_error()
        saved = saved.unpack()  # hooks own the values, and the versions are their business
    else:
        checks = node.checks
        if checks:
            for i in range(0, len(checks), 2):
                if checks[i][0] != checks[i + 1]:
                    raise _version_error(node, checks[i][0], checks[i + 1])
    if create_graph:
        saved = _saved_tensors(node, saved, len(g) if g.__class__ is Parts else 0)
    elif plan.op.holomorphic and g.__class__ is not Parts and g.dtype.kind == "c":
        saved = [s.conjugate() if _is_complex(s) else s for s in saved]
    if plan.single is not None and not plan.many:
        d = plan.single(F, g, *saved)
        shapes = node.shapes
        if shapes is not None and d is not None and d.shape != shapes[0]:
            d = unbroadcast(F, d, shapes[0])
        return (_tied(F, d, saved),) if create_graph else (d,)
    if plan.joint is not None:
        return plan.joint(F, g, plan.wanted, *saved)
    outs = [rule(F, g, *[saved[i] for i in picks]) for rule, picks in plan.steps]
    if plan.many:
        return outs[0]
    if node.shapes is not None:
        for i, shape in enumerate(node.shapes):
            if outs[i] is not None and outs[i].shape != shape:
                outs[i] = unbroadcast(F, outs[i], shape)
    return outs


def _tied(F: Any, d: Any, saved: Any) -> Any:
    """Give a gradient of no history that of the first saved tensor with one.

    The rule has read that tensor in a way that has no derivative: the mask of a relu, the winners
    of a pool. As in torch the gradient can be differentiated all the same, to zeros.
    """
    if d is None or d._node is not None:
        return d
    held = next((s for s in saved if isinstance(s, Tensor) and s._node is not None), None)
    return d if held is None else F.tie(d, held)


def _is_complex(s: Any) -> bool:
    return s.__class__ is complex or getattr(getattr(s, "dtype", None), "kind", "") == "c"


def _saved_tensors(node: Node, saved: tuple[Any, ...], parts: int) -> list[Any]:
    """Return the saved arrays as tensors with their place in the graph.

    Args:
        node: The node that saved them.
        saved: What it saved.
        parts: How many outputs it has, each of which hands on a part of the gradient; 0 for one.
    """
    out: list[Any] = []
    plan = node.plan
    assert plan is not None
    for value, (position, _), source in zip(saved, plan.saves, plan.sources, strict=True):
        if value.__class__ is list and value and hasattr(value[0], "strides"):
            made: Any = [wrap(v) for v in value]
            if plan.many and source >= 0:
                for t, n in zip(made, node.edges, strict=True):
                    t._node = n
        elif source == -1 and not (hasattr(value, "dtype") and hasattr(value, "strides")):
            made = (
                value.conjugate() if plan.op.holomorphic and value.__class__ is complex else value
            )
        else:
            made = wrap(value)
            if source >= 0:
                made._node = node.edges[source]
            elif source == -2 and dt.of(value.dtype).category >= 2:
                made._node = Pick(node, -1 - position, parts) if parts else node
            if plan.op.holomorphic and value.dtype.kind == "c":
                made = made.conj()
        out.append(made)
    return out


def unbroadcast(F: Any, g: Any, shape: tuple[int, ...]) -> Any:
    """Sum a gradient over the dimensions along which its operand was broadcast."""
    lead = g.ndim - len(shape)
    dims = tuple(range(lead)) + tuple(
        [i + lead for i, n in enumerate(shape) if n == 1 and g.shape[i + lead] != 1]
    )
    if dims:
        g = F.sum(g, dims)
    return g if g.shape == shape else F.reshape(g, shape)


def freed_error() -> GradError:
    """Return the error for a second walk over a graph whose values are gone."""
    return GradError(
        "Trying to backward through the graph a second time (or directly access saved tensors "
        "after they have already been freed). Saved intermediate values of the graph are freed "
        "when you call .backward() or autograd.grad(). Specify retain_graph=True if you need to "
        "backward through the graph a second time or if you need to access saved tensors after "
        "calling backward."
    )


def _version_error(node: Node, now: int, expected: int) -> VersionError:
    shape = next((list(s.shape) for s in node.saved if hasattr(s, "shape")), [])
    return VersionError(
        "one of the variables needed for gradient computation has been modified by an inplace "
        f"operation: a value saved by {node.name()}, of shape {shape}, is at version {now}; "
        f"expected version {expected} instead. Hint: enable anomaly detection to find the "
        "operation that failed to compute its gradient, with "
        "torch.autograd.set_detect_anomaly(True)."
    )
