"""gradcheck: compare a function's gradients with finite differences.

Complex numbers count as pairs of real ones, so all derivatives are matrices of real numbers. The
slow mode compares every element; the fast mode one random projection of each matrix.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dtrain.autograd.function import Function
from dtrain.autograd.run import grad
from dtrain.backend.module import module_of, to_host
from dtrain.errors import GradError, OpValueError
from dtrain.tensor.grad_mode import enable_grad, no_grad
from dtrain.tensor.ops.join import stack
from dtrain.tensor.random import randn_like
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

Fn = Callable[..., Any]


class GradcheckError(GradError):
    """A gradient differs from finite differences, or breaks another rule."""


@dataclass(frozen=True)
class _Check:
    """The function, its inputs and what counts as equal."""

    func: Fn
    inputs: tuple[Any, ...]
    eps: float
    atol: float
    rtol: float
    nondet_tol: float

    @property
    def places(self) -> list[int]:
        """The positions of the inputs whose gradients are checked."""
        return [i for i, t in enumerate(self.inputs) if isinstance(t, Tensor) and t.requires_grad]

    def wanted(self) -> tuple[Tensor, ...]:
        """Return the inputs whose gradients are checked."""
        return tuple([self.inputs[i] for i in self.places])

    def outputs(self) -> list[Tensor]:
        """Return the function's differentiable outputs."""
        with enable_grad():
            made = self.func(*self.inputs)
        return [t for t in _as_tuple(made) if _is_differentiable(t)]


def gradcheck(
    func: Fn,
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the gradients of `func` with central differences.

    Args:
        func: Takes the inputs; returns a tensor or a tuple of them.
        inputs: A tensor or a tuple; those that require grad are checked, best in float64.
        eps: Step of the differences.
        atol: Absolute tolerance.
        rtol: Relative tolerance.
        raise_exception: Raise where the check fails; else return False.
        nondet_tol: How far two backwards may differ.
        check_undefined_grad: Check that backward does with outputs without gradient.
        check_grad_dtypes: Check that gradients have their input's dtype.
        check_batched_grad: Check is_grads_batched of grad() as well.
        check_batched_forward_grad: Must be False: there is no forward mode.
        check_forward_ad: Must be False: there is no forward mode.
        check_backward_ad: Check backward.
        fast_mode: Compare along one random direction only.
        masked: For torch's signature; there are no sparse tensors.

    Returns:
        True where all agrees.

    Raises:
        GradcheckError: Something differs.
        OpValueError: There is nothing to check, or it cannot be checked.

    >>> x = dtrain.rand(3, dtype=dtrain.float64, requires_grad=True)
    >>> dtrain.autograd.gradcheck(lambda x: x.exp() * x, x)
    True
    """
    if check_forward_ad or check_batched_forward_grad:
        raise OpValueError("gradcheck(check_forward_ad=True): there is no forward mode to check")
    check = _Check(func, _as_tuple(inputs), eps, atol, rtol, nondet_tol)
    try:
        _check_inputs(check)
        outputs = check.outputs()
        if check_backward_ad:
            (_compare_fast if fast_mode else _compare_slow)(check, outputs)
        if check_batched_grad:
            _check_batched(check, outputs)
        if check_undefined_grad and outputs:
            _check_undefined(check, outputs)
        if check_grad_dtypes:
            _check_dtypes(check, outputs)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Fn,
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Compare the gradients of the gradients of `func` with central differences.

    Args:
        func: Takes the inputs; returns a tensor or a tuple of them.
        inputs: A tensor or a tuple.
        grad_outputs: The gradients of the outputs; random by default.
        eps: As in gradcheck.
        atol: As in gradcheck.
        rtol: As in gradcheck.
        gen_non_contig_grad_outputs: Make the random gradients non-contiguous.
        raise_exception: As in gradcheck.
        nondet_tol: As in gradcheck.
        check_undefined_grad: As in gradcheck.
        check_grad_dtypes: As in gradcheck.
        check_batched_grad: As in gradcheck.
        check_fwd_over_rev: Must be False: there is no forward mode.
        check_rev_over_rev: Check the backward of backward.
        fast_mode: As in gradcheck.
        masked: For torch's signature.

    Raises:
        GradcheckError: Something differs.
    """
    given = _as_tuple(inputs)
    if grad_outputs is None:
        with enable_grad():
            outputs = [t for t in _as_tuple(func(*given)) if _is_differentiable(t)]
        grads = tuple([_random_like(t, gen_non_contig_grad_outputs) for t in outputs])
    else:
        grads = _as_tuple(grad_outputs)
    count = len(grads)

    def first_order(*args: Any) -> tuple[Tensor, ...]:
        args, vectors = args[: len(args) - count], args[len(args) - count :]
        with enable_grad():
            made = [t for t in _as_tuple(func(*args)) if _is_differentiable(t)]
            wanted = tuple([t for t in args if isinstance(t, Tensor) and t.requires_grad])
            found = grad(made, wanted, vectors, create_graph=True, allow_unused=True)
        return tuple([g for g in found if g is not None])

    return gradcheck(
        first_order, (*given, *grads), eps=eps, atol=atol, rtol=rtol, nondet_tol=nondet_tol,
        raise_exception=raise_exception, check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes, check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev, check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode, masked=masked,
    )  # fmt: skip


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _is_differentiable(t: Any) -> bool:
    return isinstance(t, Tensor) and t.requires_grad


def _random_like(t: Tensor, apart: bool) -> Tensor:
    """Return random numbers of a tensor's form that require grad."""
    made = randn_like(t.detach().float() if t._a.dtype.kind == "V" else t.detach())
    if apart and made.ndim:
        made = stack([made, made], -1)[..., 0]
    return made.detach().requires_grad_()


def _check_inputs(check: _Check) -> None:
    """Refuse inputs for which differences would say nothing, and warn of coarse ones."""
    if not check.places:
        raise OpValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the "
            "them have requires_grad=True."
        )
    for i in check.places:
        a = check.inputs[i]._a
        if a.dtype.char not in "dD":
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or "
                "complex. This check will likely fail if all the inputs are not of double "
                "precision floating point or complex. ",
                stacklevel=3,
            )
        if any(s == 0 and n > 1 for s, n in zip(a.strides, a.shape, strict=True)):
            raise OpValueError(
                f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs "
                "that are non-overlapping to be able to compute the numerical gradients correctly. "
                "You should call .contiguous on the input before passing it to gradcheck."
            )


# ---- derivatives as vectors of real numbers ----


def _reals(a: Array) -> Array:
    """Return a host array's elements as a vector of float64, complex ones as two."""
    flat = np.ascontiguousarray(to_host(a)).reshape(-1)
    return (
        flat.astype(np.complex128).view(np.float64)
        if flat.dtype.kind == "c"
        else flat.astype(np.float64)
    )


def _shaped(vector: Array, like: Array) -> Array:
    """Return an array of the form of `like` from the vector that _reals gives."""
    if like.dtype.kind == "c":
        vector = np.ascontiguousarray(vector).view(np.complex128)
    return module_of(like.__class__).asarray(vector.reshape(like.shape).astype(like.dtype))


def _differences(check: _Check, place: int, direction: Array) -> list[Array]:
    """Return the derivative of each output along a direction of one input."""
    given = check.inputs[place]._a
    step = _shaped(direction * check.eps, given)
    found = []
    for sign in (1, -1):
        args = list(check.inputs)
        moved = check.inputs[place].detach().clone()
        moved._a[...] = given + sign * step
        args[place] = moved.requires_grad_()
        with enable_grad():
            made = [t for t in _as_tuple(check.func(*args)) if _is_differentiable(t)]
        found.append([_reals(t._a) for t in made])
    return [(up - down) / (2 * check.eps) for up, down in zip(*found, strict=True)]


def _pull(check: _Check, out: Tensor, direction: Array) -> list[Array]:
    """Return the gradients of one output along a direction of it, one for each input."""
    vector = wrap(_shaped(direction, out._a))
    wanted = check.wanted()
    found = grad(out, wanted, vector, retain_graph=True, allow_unused=True)
    return [
        np.zeros(_length(t)) if g is None else _reals(g._a)
        for g, t in zip(found, wanted, strict=True)
    ]


def _pull_twice(check: _Check, out: Tensor, direction: Array) -> list[Array]:
    """Return the gradients, after a look at whether they come out the same again."""
    first, again = _pull(check, out, direction), _pull(check, out, direction)
    for a, b in zip(first, again, strict=True):
        if a.size and np.abs(a - b).max() > check.nondet_tol:
            raise GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and "
                "grad_output multiple times gives different values, although analytical gradient "
                "matches numerical gradient. The tolerance for nondeterminism was "
                f"{check.nondet_tol}."
            )
    return first


def _length(t: Tensor) -> int:
    return int(t._a.size) * (2 if t._a.dtype.kind == "c" else 1)


def _compare_slow(check: _Check, outputs: Sequence[Tensor]) -> None:
    """Compare the Jacobians element by element."""
    back = [[_pull_twice(check, out, e) for e in np.eye(_length(out))] for out in outputs]
    for j, (place, t) in enumerate(zip(check.places, check.wanted(), strict=True)):
        columns = [_differences(check, place, e) for e in np.eye(_length(t))]
        for i, out in enumerate(outputs):
            shape = _length(t), _length(out)
            numerical = np.array([column[i] for column in columns]).reshape(shape)
            analytical = np.array([rows[j] for rows in back[i]]).reshape(shape[::-1]).T
            _expect_close(check, numerical, analytical, i, place)


def _compare_fast(check: _Check, outputs: Sequence[Tensor]) -> None:
    """Compare one projection of each Jacobian."""
    rng = np.random.default_rng(0)
    ends = [_unit(rng, _length(out)) for out in outputs]
    back = [_pull_twice(check, out, v) for out, v in zip(outputs, ends, strict=True)]
    for j, (place, t) in enumerate(zip(check.places, check.wanted(), strict=True)):
        u = _unit(rng, _length(t))
        forward = _differences(check, place, u)
        for i, v in enumerate(ends):
            numerical, analytical = np.array([v @ forward[i]]), np.array([back[i][j] @ u])
            _expect_close(check, numerical, analytical, i, place)


def _unit(rng: np.random.Generator, n: int) -> Array:
    v = rng.standard_normal(n)
    return v / max(float(np.linalg.norm(v)), 1e-30)


def _expect_close(check: _Check, numerical: Array, analytical: Array, out: int, place: int) -> None:
    if not np.allclose(analytical, numerical, check.rtol, check.atol):
        raise GradcheckError(
            f"Jacobian mismatch for output {out} with respect to input {place},\n"
            f"numerical:{numerical}\nanalytical:{analytical}\n"
        )


# ---- the other rules ----


def _check_batched(check: _Check, outputs: Sequence[Tensor]) -> None:
    """Compare is_grads_batched with one call of grad() for each gradient."""
    wanted = check.wanted()
    for out in outputs:
        vectors = [_random_like(out, apart=False).detach() for _ in range(2)]
        whole = grad(
            out, wanted, stack(vectors), retain_graph=True, allow_unused=True, is_grads_batched=True
        )
        single = [grad(out, wanted, v, retain_graph=True, allow_unused=True) for v in vectors]
        for i, g in enumerate(whole):
            rows = [found[i] for found in single]
            if g is not None and not all(
                np.allclose(to_host(g[k]._a), to_host(row._a)) for k, row in enumerate(rows)
            ):
                raise GradcheckError("While considering outputs with batched gradients: mismatch")


class _Undefined(Function):
    """The identity on a tensor, whose gradient gets lost."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        return tensor

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> None:
        return None


def _check_undefined(check: _Check, outputs: Sequence[Tensor]) -> None:
    """Check that one output without gradient, beside zeros, leads to no gradients or to zeros."""
    vectors = [wrap(module_of(t._a.__class__).zeros_like(t._a)) for t in outputs]
    for i, out in enumerate(outputs):
        with enable_grad():
            lost = [*outputs[:i], _Undefined.apply(out), *outputs[i + 1 :]]
        found = grad(lost, check.wanted(), vectors, retain_graph=True, allow_unused=True)
        if any(g is not None and to_host(g._a).any() for g in found):
            raise GradcheckError(
                "Expected all input grads to be undefined or zero when all output grads are "
                "undefined or zero; a backward must do with None, or zeros, for an output."
            )


def _check_dtypes(check: _Check, outputs: Sequence[Tensor]) -> None:
    """Check that gradients have the dtype and device of their inputs."""
    wanted = check.wanted()
    for out in outputs:
        v = wrap(module_of(out._a.__class__).ones_like(out._a))
        with no_grad():
            found = grad(out, wanted, v, retain_graph=True, allow_unused=True)
        for g, t in zip(found, wanted, strict=True):
            if g is not None and (g.dtype != t.dtype or g.device != t.device):
                raise GradcheckError(
                    f"grad is incorrect type: {g.dtype} on {g.device} for an input of {t.dtype} on "
                    f"{t.device}"
                )
