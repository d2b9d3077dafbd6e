"""backward() and grad(): what users call to have a graph walked."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.autograd.edge import GradientEdge, node_of
from dtrain.autograd.engine import Run, accumulate, grad_mode
from dtrain.backend.module import module_of
from dtrain.errors import GradError, OpTypeError, ShapeError
from dtrain.tensor.graph import Leaf
from dtrain.tensor.op import attach
from dtrain.tensor.tensor import Tensor, wrap

__all__ = ["backward", "grad"]

Tensors = Any  # a tensor or a GradientEdge, or a sequence of them


def _as_tuple(value: Any) -> tuple[Any, ...]:
    alone = value is None or isinstance(value, (Tensor, GradientEdge))
    return (value,) if alone else tuple(value)


def _roots(tensors: Tensors, grads: Tensors, create_graph: bool) -> list[tuple[Any, Any]]:
    """Return (node, gradient) for each output.

    Raises:
        GradError: An output has no graph, or is no scalar and came without a gradient.
        ShapeError: A gradient has another shape than its output.
    """
    outputs = _as_tuple(tensors)
    given = _as_tuple(grads) if grads is not None else (None,) * len(outputs)
    if len(given) != len(outputs):
        raise GradError(f"got {len(outputs)} tensors and {len(given)} gradients")
    roots = []
    for i, (t, g) in enumerate(zip(outputs, given, strict=True)):
        if isinstance(t, GradientEdge):
            if g is None:
                raise GradError("a GradientEdge as output needs a gradient; pass it beside it")
            roots.append((node_of(t), g if create_graph else g._a))
            continue
        if t._node is None:
            raise GradError(
                f"element {i} of tensors does not require grad and does not have a grad_fn"
            )
        a = t._a
        if g is None:
            if a.size != 1:
                raise GradError("grad can be implicitly created only for scalar outputs")
            g = wrap(module_of(a.__class__).ones(a.shape, a.dtype))
        elif not isinstance(g, Tensor):
            raise OpTypeError(
                f"gradients can be either Tensors or None, but got {type(g).__name__}"
            )
        elif g._a.shape != a.shape:
            raise ShapeError(
                f"Mismatch in shape: grad_output[{i}] has a shape of {g.shape} and output[{i}] has "
                f"a shape of {t.shape}."
            )
        elif g._a.dtype != a.dtype:
            g = g.to(t.dtype)
        roots.append((t._node, g if create_graph else g._a))
    return roots


def backward(
    tensors: Tensors,
    grad_tensors: Tensors = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Tensors = None,
    inputs: Tensors = None,
) -> None:
    """Accumulate the gradients of `tensors` in the leaves of their graph.

    Args:
        tensors: Outputs; scalars, or given with their gradients.
        grad_tensors: The gradient of each output, of its shape.
        retain_graph: Keep the graph for another backward; as `create_graph` by default.
        create_graph: Record the computation, for derivatives of higher order.
        grad_variables: The old name of `grad_tensors`.
        inputs: Accumulate in these tensors only.

    Raises:
        GradError: An output has no graph, or its saved values are gone.
    """
    grad_tensors = grad_variables if grad_tensors is None else grad_tensors
    if inputs is not None:
        chosen = _as_tuple(inputs)
        if not chosen:
            raise GradError("'inputs' argument to backward() cannot be empty.")
        keep = create_graph if retain_graph is None else retain_graph
        found = grad(tensors, chosen, grad_tensors, keep, create_graph, allow_unused=True)
        for t, g in zip(chosen, found, strict=True):
            if g is not None:
                _keep(t, g, create_graph)
        return
    roots = _roots(tensors, grad_tensors, create_graph)
    keep = create_graph if retain_graph is None else retain_graph
    with grad_mode(create_graph):
        Run(keep, create_graph).walk(roots)


def _keep(t: Tensor, g: Tensor, create_graph: bool) -> None:
    """Add a gradient to `.grad` of a tensor that was chosen by `inputs`."""
    node = node_of(t)
    if isinstance(node, Leaf):
        accumulate(node, g if create_graph else g._a, False, create_graph)
    else:
        held = t._more.grad if t._more is not None else None
        t.grad = g if held is None else held + g


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Tensors = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """Return the gradients of `outputs` with respect to `inputs`; `.grad` is left alone.

    Args:
        outputs: Outputs; scalars, or given with their gradients.
        inputs: Tensors that require grad.
        grad_outputs: The gradient of each output, of its shape.
        retain_graph: Keep the graph for another backward; as `create_graph` by default.
        create_graph: Record the computation, for derivatives of higher order.
        only_inputs: For torch's signature; True is the only value.
        allow_unused: Give None for inputs that the outputs do not depend on.
        is_grads_batched: The gradients have one dimension more in front: one result for each.
        materialize_grads: Give zeros instead of None.

    Raises:
        GradError: An input does not require grad or was not used.
    """
    wanted_inputs = _as_tuple(inputs)
    if not only_inputs:
        raise GradError("only_inputs argument is deprecated and ignored when it is True")
    if is_grads_batched:
        return _batched(outputs, wanted_inputs, grad_outputs, create_graph, allow_unused)
    for t in wanted_inputs:
        if node_of(t) is None:
            raise GradError("One of the differentiated Tensors does not require grad")
    roots = _roots(outputs, grad_outputs, create_graph)
    keep = create_graph if retain_graph is None else retain_graph
    wanted: dict[Any, Any] = {node_of(t): None for t in wanted_inputs}
    with grad_mode(create_graph):
        Run(keep, create_graph, wanted).walk(roots)
    return tuple(
        _result(t, wanted[node_of(t)], create_graph, allow_unused, materialize_grads)
        for t in wanted_inputs
    )


def _result(t: Tensor, g: Any, create_graph: bool, allow_unused: Any, materialize: bool) -> Any:
    if g is None:
        if materialize:
            return wrap(module_of(t._a.__class__).zeros_like(t._a))
        if not allow_unused:
            raise GradError(
                "One of the differentiated Tensors appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior."
            )
        return None
    if create_graph:
        return g
    a = np.asarray(g) if isinstance(g, np.generic) else g
    return wrap(a.copy() if a.base is not None else a)


def _batched(
    outputs: Tensors, inputs: tuple[Any, ...], grads: Tensors, create_graph: bool, unused: Any
) -> tuple[Any, ...]:
    from dtrain.tensor.ops.join import stack

    batch = _as_tuple(grads)
    rows = [
        grad(outputs, inputs, tuple(g[i] for g in batch), True, create_graph, allow_unused=unused)
        for i in range(len(batch[0]))
    ]
    return tuple(None if col[0] is None else stack(list(col)) for col in zip(*rows, strict=True))


def _backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensors = None,
) -> None:
    """Accumulate the gradients of this tensor in the leaves of its graph."""
    backward(self, gradient, retain_graph, create_graph, inputs=inputs)


attach("backward", _backward)
