"""Derivatives of functions of tensors, as torch.autograd.functional.

A function takes one tensor or several and returns one or several; results are nested the same way:
a tensor where there is one, a tuple where there are several.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dtrain.autograd.run import grad
from dtrain.errors import GradError, OpTypeError, OpValueError
from dtrain.tensor.grad_mode import enable_grad
from dtrain.tensor.like import zeros_like
from dtrain.tensor.ops.join import stack
from dtrain.tensor.tensor import Tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = Any  # a tensor or a tuple of them
Fn = Callable[..., Tensors]
Many = tuple[Tensor, ...]


def vjp(
    func: Fn, inputs: Tensors, v: Tensors = None, create_graph: bool = False, strict: bool = False
) -> tuple[Tensors, Tensors]:
    """Return func(*inputs) and v^T J, J being its Jacobian.

    Args:
        func: The function.
        inputs: Its arguments.
        v: Of the form of the outputs; may be left out if there is one output of one element.
        create_graph: Keep the results' history.
        strict: Refuse outputs that do not depend on the inputs, which else give zeros.

    Raises:
        GradError: `v` has another form than the outputs; or `strict` finds something.
    """
    with enable_grad():
        call = _Call("vjp", func, inputs, create_graph, strict)
        if v is not None:
            v = _vector("vjp", v, call.outputs, create_graph)
        elif len(call.outputs) != 1 or call.outputs[0].numel() != 1:
            raise GradError(
                "The vector v can only be None if the user-provided function returns a single "
                "Tensor with a single element."
            )
        found = _gradients(call.outputs, call.inputs, v, create_graph)
        result = call.filled(found, call.inputs)
    return call.finished_outputs(), call.finished(result, call.one_input)


def jvp(
    func: Fn, inputs: Tensors, v: Tensors = None, create_graph: bool = False, strict: bool = False
) -> tuple[Tensors, Tensors]:
    """Return func(*inputs) and J v, J being its Jacobian: by a backward of a backward.

    Args:
        func: The function.
        inputs: Its arguments.
        v: Of the form of the inputs; may be left out if there is one input of one element.
        create_graph: Keep the results' history.
        strict: Refuse outputs that do not depend on the inputs, which else give zeros.

    Raises:
        GradError: `v` has another form than the inputs; or `strict` finds something.
    """
    with enable_grad():
        call = _Call("jvp", func, inputs, create_graph, strict)
        v = call.vector(v)
        duals = tuple([zeros_like(o).requires_grad_() for o in call.outputs])
        back = _gradients(call.outputs, call.inputs, duals, True)
        call.check_dependence(back)
        found = _gradients(_present(back), duals, _beside(back, v), create_graph)
        result = call.filled(found, call.outputs)
    return call.finished_outputs(), call.finished(result, call.one_output)


def vhp(
    func: Fn, inputs: Tensors, v: Tensors = None, create_graph: bool = False, strict: bool = False
) -> tuple[Tensor, Tensors]:
    """Return func(*inputs), of one element, and v^T H, H being its Hessian.

    Args:
        func: The function.
        inputs: Its arguments.
        v: Of the form of the inputs; may be left out if there is one input of one element.
        create_graph: Keep the results' history.
        strict: Refuse outputs that do not depend on the inputs, which else give zeros.

    Raises:
        GradError: The output has more than one element; `v` does not fit; or `strict` finds
            something.
    """
    with enable_grad():
        call = _Call("vhp", func, inputs, create_graph, strict)
        call.check_scalar()
        v = call.vector(v)
        first = _gradients(call.outputs, call.inputs, None, True)
        call.check_dependence(first)
        found = _gradients(_present(first), call.inputs, _beside(first, v), create_graph)
        result = call.filled(found, call.inputs, order=2)
    return call.finished_outputs(), call.finished(result, call.one_input)


def hvp(
    func: Fn, inputs: Tensors, v: Tensors = None, create_graph: bool = False, strict: bool = False
) -> tuple[Tensor, Tensors]:
    """Return func(*inputs), of one element, and H v, H being its Hessian.

    Args:
        func: The function.
        inputs: Its arguments.
        v: Of the form of the inputs; may be left out if there is one input of one element.
        create_graph: Keep the results' history.
        strict: Refuse outputs that do not depend on the inputs, which else give zeros.

    Raises:
        GradError: The output has more than one element; `v` does not fit; or `strict` finds
            something.
    """
    with enable_grad():
        call = _Call("hvp", func, inputs, create_graph, strict)
        call.check_scalar()
        v = call.vector(v)
        first = _gradients(call.outputs, call.inputs, None, True)
        call.check_dependence(first)
        duals = tuple([zeros_like(t).requires_grad_() for t in call.inputs])
        second = _gradients(_present(first), call.inputs, _beside(first, duals), True)
        call.check_dependence(second, order=2)
        found = _gradients(_present(second), duals, _beside(second, v), create_graph)
        result = call.filled(found, call.inputs, order=2)
    return call.finished_outputs(), call.finished(result, call.one_input)


def jacobian(
    func: Fn,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """Return the Jacobian of `func`: for each output, for each input, shape output + input.

    Args:
        func: The function.
        inputs: Its arguments.
        create_graph: Keep the result's history.
        strict: Refuse outputs that do not depend on the inputs, which else give zeros.
        vectorize: For torch's signature; the rows are computed one by one.
        strategy: "reverse-mode" or "forward-mode"; rows are computed backward in both.

    Raises:
        GradError: `strict` finds something.
        OpValueError: `strategy` is another, or does not go with the other arguments.
    """
    if strategy not in {"reverse-mode", "forward-mode"}:
        raise OpValueError(
            f'Expected strategy to be either "reverse-mode" or "forward-mode", got {strategy}'
        )
    if strict and vectorize:
        raise GradError(
            "torch.autograd.functional.jacobian: `strict=True` and `vectorize=True` are not "
            "supported together. Please either set `strict=False` or `vectorize=False`."
        )
    with enable_grad():
        call = _Call("jacobian", func, inputs, create_graph, strict)
        blocks = [_jacobian_of(call, i, out) for i, out in enumerate(call.outputs)]
    rows = [call.finished(block, call.one_input) for block in blocks]
    return rows[0] if call.one_output else tuple(rows)


def _jacobian_of(call: _Call, i: int, out: Tensor) -> Many:
    """Return the derivatives of one output with respect to each input."""
    columns: list[list[Tensor]] = [[] for _ in call.inputs]
    for element in out.reshape(-1) if out.requires_grad else ():
        found = _gradients((element,), call.inputs, None, call.create_graph, keep=True)
        for j, (g, t) in enumerate(zip(found, call.inputs, strict=True)):
            if g is None and call.strict:
                raise GradError(
                    f"Output {i} of the user-provided function is independent of input {j}. This "
                    "is not allowed in strict mode."
                )
            if call.strict and call.create_graph and g is not None and not g.requires_grad:
                raise GradError(
                    "The jacobian of the user-provided function is independent of input "
                    f"{j}. This is not allowed in strict mode when create_graph=True."
                )
            columns[j].append(zeros_like(t) if g is None else g)
    return tuple([
        stack(column).reshape((*out.shape, *t.shape)) if column
        else t.new_zeros((*out.shape, *t.shape))
        for column, t in zip(columns, call.inputs, strict=True)
    ])  # fmt: skip


def hessian(
    func: Fn,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """Return the Hessian of `func`, whose output has one element: for each input, for each input.

    Args:
        func: The function.
        inputs: Its arguments.
        create_graph: Keep the result's history.
        strict: Refuse an output that does not depend on the inputs, which else gives zeros.
        vectorize: For torch's signature.
        outer_jacobian_strategy: As jacobian's `strategy`.

    Raises:
        GradError: The output has more than one element; or `strict` finds something.
    """
    one_input = isinstance(inputs, Tensor)

    def gradient(*args: Tensor) -> Tensors:
        out = func(*args)
        _check_scalar("hessian", out)
        found = _gradients((out,), args, None, True)
        if strict:
            _check_dependence(found)
        whole = _filled(found, args)
        return whole[0] if one_input else whole

    return jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)


class _Call:
    """One call of the user's function, on inputs of its own.

    Attributes:
        inputs: The arguments: leaves of their own, or under create_graph views with history.
        outputs: The results.
        one_input: The function takes one tensor, not in a tuple.
        one_output: It returns one tensor, not in a tuple.
    """

    def __init__(
        self, where: str, func: Fn, inputs: Tensors, create_graph: bool, strict: bool
    ) -> None:
        self.where, self.create_graph, self.strict = where, create_graph, strict
        self.one_input, given = _as_tuple(inputs, "inputs", where)
        self.inputs = tuple([
            t.view_as(t) if create_graph and t.requires_grad else t.detach().requires_grad_()
            for t in given
        ])  # fmt: skip
        made = func(*self.inputs)
        self.one_output, self.outputs = _as_tuple(
            made, "outputs of the user-provided function", where
        )
        for i, t in enumerate(self.outputs if strict else ()):
            if not t.requires_grad:
                raise GradError(
                    f"Output {i} of the user-provided function does not require gradients. The "
                    "outputs must be computed in a differentiable manner from the input when "
                    "running in strict mode."
                )

    def check_scalar(self) -> None:
        """Refuse outputs that are not one tensor of one element."""
        _check_scalar(self.where, self.outputs[0] if self.one_output else self.outputs)

    def check_dependence(self, found: Sequence[Tensor | None], order: int = 1) -> None:
        """Refuse gradients that are missing, if `strict`."""
        if self.strict:
            _check_dependence(found, order)

    def vector(self, v: Tensors) -> Many:
        """Return `v` as a tuple of the form of the inputs."""
        if v is not None:
            return _vector(self.where, v, self.inputs, self.create_graph)
        if len(self.inputs) != 1 or self.inputs[0].numel() != 1:
            raise GradError(
                "The vector v can only be None if the input to the user-provided function is a "
                "single Tensor with a single element."
            )
        return (self.inputs[0].detach() * 0 + 1,)

    def filled(self, found: Sequence[Tensor | None], like: Many, order: int = 1) -> Many:
        """Return gradients with zeros for those that are missing, unless `strict`."""
        self.check_dependence(found, order)
        return _filled(found, like)

    def finished(self, values: Many, one: bool) -> Tensors:
        """Return results for the user: without history unless asked for, in the right form."""
        made = values if self.create_graph else tuple([t.detach() for t in values])
        return made[0] if one else made

    def finished_outputs(self) -> Tensors:
        """Return what the function has returned, for the user."""
        return self.finished(self.outputs, self.one_output)


def _as_tuple(given: Tensors, what: str, where: str) -> tuple[bool, Many]:
    """Return whether `given` is one tensor, and all of them.

    Raises:
        OpTypeError: Something in it is no tensor.
    """
    if isinstance(given, Tensor):
        return True, (given,)
    if not isinstance(given, tuple):
        raise OpTypeError(
            f"The {what} given to {where} must be either a Tensor or a tuple of Tensors but the "
            f"given {what} has type {type(given)}."
        )
    for i, t in enumerate(given):
        if not isinstance(t, Tensor):
            raise OpTypeError(
                f"The {what} given to {where} must be either a Tensor or a tuple of Tensors but "
                f"the value at index {i} has type {type(t)}."
            )
    return False, given


def _vector(where: str, v: Tensors, like: Many, create_graph: bool) -> Many:
    """Return `v` as a tuple.

    Raises:
        GradError: It does not have the form of the tensors `like`.
    """
    _, parts = _as_tuple(v, "v", where)
    if len(parts) != len(like):
        raise GradError(
            f"v is a tuple of invalid length: should be {len(like)} but got {len(parts)}."
        )
    for i, (part, t) in enumerate(zip(parts, like, strict=True)):
        if part.shape != t.shape:
            raise GradError(f"v[{i}] has invalid size: should be {t.shape} but got {part.shape}.")
    return parts if create_graph else tuple([part.detach() for part in parts])


def _check_scalar(where: str, out: Tensors) -> None:
    if not isinstance(out, Tensor):
        raise GradError(
            f"The function given to {where} should return a single Tensor, not {type(out).__name__}"
        )
    if out.numel() != 1:
        raise GradError(
            f"The Tensor returned by the function given to {where} should contain a single "
            f"element, not {out.numel()}"
        )


def _check_dependence(found: Sequence[Tensor | None], order: int = 1) -> None:
    for i, g in enumerate(found):
        if g is not None:
            continue
        if order == 1:
            raise GradError(
                f"The output of the user-provided function is independent of input {i}. This is "
                "not allowed in strict mode."
            )
        raise GradError(
            "While computing the hessian, found that the jacobian of the user-provided function "
            f"with respect to input {i} is independent of the input. This is not allowed in strict "
            "mode. You should ensure that your function is twice differentiable and that the "
            "jacobian depends on the inputs."
        )


def _gradients(
    outputs: Sequence[Tensor], inputs: Many, v: Any, create_graph: bool, keep: bool = False
) -> tuple[Tensor | None, ...]:
    """Return gradients as grad() does, None where an input has no part in any output."""
    vectors = (None,) * len(outputs) if v is None else v
    pairs = [(o, g) for o, g in zip(outputs, vectors, strict=True) if o.requires_grad]
    if not pairs:
        return (None,) * len(inputs)
    chosen, given = zip(*pairs, strict=True)
    return grad(chosen, inputs, given, create_graph or keep, create_graph, allow_unused=True)


def _present(found: Sequence[Tensor | None]) -> list[Tensor]:
    return [g for g in found if g is not None]


def _beside(found: Sequence[Tensor | None], v: Many) -> list[Tensor]:
    """Return the parts of `v` that stand beside a gradient."""
    return [part for g, part in zip(found, v, strict=True) if g is not None]


def _filled(found: Sequence[Tensor | None], like: Many) -> Many:
    return tuple([zeros_like(t) if g is None else g for g, t in zip(found, like, strict=True)])
