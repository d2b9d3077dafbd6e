"""How data are distributed: covariances, correlations, histograms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dtrain.backend.module import module_of
from dtrain.errors import OpError, OpTypeError
from dtrain.tensor import dtype as dt
from dtrain.tensor.create import beside
from dtrain.tensor.op import Kind, function, op
from dtrain.tensor.results import named_result
from dtrain.tensor.tensor import Tensor, wrap
from dtrain.typing import Array, Xp

__all__ = ["corrcoef", "cov", "histogram", "histogramdd"]


# ---- covariance ----


@function
def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Any:  # fmt: skip
    """Return the covariances of the rows: (x - mean) @ (x - mean)^H / (weight - correction).

    Args:
        input: (variables, observations), or (observations,) for a single variable.
        correction: Taken from the number of observations.
        fweights: How often each observation occurs, integers.
        aweights: How much each observation counts, real numbers.

    Returns:
        (variables, variables); for a single variable a 0-d tensor.

    Raises:
        OpError: There are more than two dimensions, or the weights do not fit.
    """
    if input._a.ndim > 2:
        raise OpError(
            "cov(): expected input to have two or fewer dimensions but got an input with "
            f"{input._a.ndim} dimensions"
        )
    if input._a.dtype.kind == "b":
        raise OpError("cov(): bool dtype is not supported for input")
    rows = input if input._a.ndim == 2 else input.reshape(1, -1)
    weights = _weights(rows._a.shape[1], fweights, aweights)
    if weights is None:
        total, left = rows._a.shape[1], rows._a.shape[1] - correction
        mean = rows.sum(1, keepdim=True) / total
    else:
        left, mean = _weighted(rows, weights, correction, fweights, aweights)
    centred = rows - mean
    scaled = centred if weights is None else centred * weights.to(centred.dtype)
    if not isinstance(left, Tensor):
        if left <= 0:
            _warn_degrees()
        left = max(left, 0)
    return (centred @ scaled.t().conj() / left).squeeze()


def _weighted(
    rows: Tensor, weights: Tensor, correction: int, fweights: Tensor | None, aweights: Tensor | None
) -> tuple[Any, Any]:
    """Return what the squares are divided by, and the weighted mean of each row."""
    total = weights.sum()
    if rows._a.shape[1] and not bool(total != 0):
        raise OpError("cov(): weights sum to zero, can't be normalized")
    mean = (rows * weights).sum(1, keepdim=True) / total
    left: Any = total
    if aweights is not None and correction:
        counted = weights * aweights
        left = total - correction * counted.sum() / total
    elif correction:
        left = total - correction
    if bool(left <= 0):
        _warn_degrees()
        left = left * 0
    return left, mean


def _warn_degrees() -> None:
    import warnings

    warnings.warn(
        "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of "
        "observations.",
        UserWarning,
        stacklevel=4,
    )


def _weights(n: int, fweights: Tensor | None, aweights: Tensor | None) -> Any:
    """Return the weight of each observation, or None where all count once.

    Raises:
        OpError: The weights have another shape or type than expected, or one is negative.
    """
    for name, given, kinds, what in (
        ("fweights", fweights, "iu", "integral"), ("aweights", aweights, "fV", "floating point"),
    ):  # fmt: skip
        if given is None:
            continue
        if given._a.ndim > 1:
            raise OpError(f"cov(): expected {name} to have one or fewer dimensions")
        if given._a.dtype.kind not in kinds:
            raise OpError(f"cov(): expected {name} to have {what} dtype but got {given.dtype}")
        if given._a.size != n:
            raise OpError(
                f"cov(): expected {name} to have the same numel as there are observations in the "
                f"input but got {given._a.size} != {n}"
            )
        if n and bool((given < 0).any()):
            raise OpError(f"cov(): {name} cannot be negative")
    if fweights is None or aweights is None:
        return aweights if fweights is None else fweights
    return fweights * aweights


@function
def corrcoef(input: Tensor) -> Any:
    """Return the correlations of the rows: the covariances over the standard deviations.

    Args:
        input: (variables, observations), or (observations,).

    Raises:
        OpError: There are more than two dimensions.
    """
    if input._a.ndim > 2:
        raise OpError(
            "corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{input._a.ndim} dimensions"
        )
    c = cov(input)
    if c._a.ndim == 0:
        return c / c
    d = c.diagonal()
    spread = (d.real if c.is_complex() else d).sqrt()
    c = c / spread.reshape(-1, 1) / spread
    if c.is_complex():
        from dtrain.tensor.ops.complex import complex as pair

        return pair(c.real.clamp(-1, 1), c.imag.clamp(-1, 1))
    return c.clamp(-1, 1)


# ---- histograms ----

_HISTOGRAM = named_result("histogram", ("hist", "bin_edges"))
_HISTOGRAMDD = named_result("histogramdd", ("hist", "bin_edges"))


@op(Kind(method=False, out=False))
def histogram_counts(xp: Xp, input: Array, weight: Array, edges: Any, density: bool) -> Array:
    """Return how many rows of (N, D) fall into each box between the edges of each dimension.

    The last box of a dimension holds its upper edge too; what is outside all boxes is left out.
    """
    sizes = tuple([max(len(e) - 1, 0) for e in edges])
    flat = xp.zeros(input.shape[0], xp.int64)
    inside = xp.ones(input.shape[0], bool)
    for d, edge in enumerate(edges):
        x = input[:, d]
        at = xp.searchsorted(edge, x, side="right") - 1
        at = xp.where(x == edge[-1], sizes[d] - 1, at)
        inside &= (x >= edge[0]) & (x <= edge[-1])
        flat = flat * sizes[d] + at
    count = 1
    for n in sizes:
        count *= n
    parts = None if weight is None else weight.reshape(-1)[inside]
    hist = xp.bincount(flat[inside], parts, count).reshape(sizes).astype(input.dtype)
    if density:
        hist = hist / xp.add.reduce(hist, None)
        for d, edge in enumerate(edges):
            hist = hist / xp.diff(edge).reshape((-1,) + (1,) * (len(edges) - d - 1))
    return hist


def _check_samples(where: str, input: Tensor, weight: Tensor | None, shape: Any) -> None:
    if input._a.dtype.kind not in "fV":
        raise OpError(f'"{where}_cpu" not implemented for {input.dtype}')
    if weight is None:
        return
    if weight._a.dtype != input._a.dtype:
        raise OpTypeError(
            f"torch.{where}(): if weight is provided, input and weight should have the same dtype, "
            f"but got input {input.dtype}, and weight {weight.dtype}"
        )
    if weight._a.shape != shape:
        raise OpError(
            f"torch.{where}(): if weight is provided it should have the same shape as input "
            f"excluding its innermost dimension, but got input {list(input.shape)}, and weight "
            f"{list(weight.shape)}"
        )


def _edges(where: str, x: Any, bins: Any, low: Any, high: Any) -> Any:
    """Return the edges of the bins along one dimension, in the type of the data."""
    xp = module_of(x.__class__)
    if isinstance(bins, Tensor):
        if bins._a.dtype != x.dtype:
            raise OpTypeError(
                f"torch.{where}(): input tensor and bins tensors should have the same dtype, but "
                f"got input with dtype {dt.of(x.dtype)} and bins with dtype {bins.dtype}"
            )
        if bins._a.ndim != 1 or not bins._a.size:
            raise OpError(
                f"torch.{where}(): bins tensor should have one dimension and at least one element, "
                f"but got shape {list(bins.shape)}"
            )
        return bins._a
    if bins <= 0:
        raise OpError(f"torch.{where}(): bins must be > 0, but got {bins} for dimension 0")
    if low is None:
        low, high = (x.min(), x.max()) if x.size else (0.0, 1.0)
        if not (xp.isfinite(low) and xp.isfinite(high)):
            raise OpError(f"torch.{where}(): dimension 0's range [{low}, {high}] is not finite")
    if low > high:
        raise OpError(f"torch.{where}(): min should not exceed max, but got min {low} max {high}")
    if low == high:
        low, high = low - 0.5, high + 0.5
    from dtrain.tensor.series import linspace

    made = linspace(float(low), float(high), bins + 1, dtype=dt.of(x.dtype), device="cpu")
    return beside(x, lambda xp: xp.asarray(made._a))


@function
def histogram(
    input: Tensor, bins: Any, *, range: Sequence[float] | None = None,
    weight: Tensor | None = None, density: bool = False, out: Any = None,
) -> Any:  # fmt: skip
    """Return how many elements fall into each bin, and the edges of the bins.

    Args:
        input: Any shape, floating.
        bins: How many bins of the same width, or a vector of rising edges.
        range: (lowest, highest) edge where `bins` is a number; by default those of the data.
        weight: How much each element counts.
        density: Divide so that the integral over the bins is 1.
        out: (hist, bin_edges) to write into.

    Returns:
        A named tuple (hist, bin_edges), of the type of the input.
    """
    _check_samples("histogram", input, weight, input._a.shape)
    x = input._a.reshape(-1, 1)
    edges = _edges("histogram", x, bins, *(range or (None, None)))
    made = (histogram_counts(wrap(x), weight, (edges,), density), wrap(edges.copy()))
    if out is None:
        return _HISTOGRAM(made)
    from dtrain.tensor.inplace import write_result

    return _HISTOGRAM([write_result("histogram", m, o) for m, o in zip(made, out, strict=True)])


def histogramdd(
    input: Tensor, bins: Any, *, range: Sequence[float] | None = None,
    weight: Tensor | None = None, density: bool = False,
) -> Any:  # fmt: skip
    """Return how many points fall into each box of a grid, and the edges along each dimension.

    Args:
        input: (*, D), floating: points with D coordinates.
        bins: How many bins (one number, or one for each dimension), or D vectors of edges.
        range: D pairs of lowest and highest edges, one after the other.
        weight: (*): how much each point counts.
        density: Divide so that the integral over the grid is 1.

    Returns:
        A named tuple (hist, bin_edges); bin_edges has D vectors.
    """
    if input._a.ndim < 2:
        raise OpError("torch.histogramdd(): input tensor should have at least 2 dimensions")
    _check_samples("histogramdd", input, weight, input._a.shape[:-1])
    x = input._a.reshape(-1, input._a.shape[-1])
    n = x.shape[1]
    given = [bins] * n if isinstance(bins, int) else list(bins)
    if len(given) != n:
        raise OpError(
            f"torch.histogramdd(): expected {n} sequences of bin edges for a {n}-dimensional "
            f"histogram but got {len(given)}"
        )
    if range is not None and len(range) != 2 * n:
        raise OpError(
            f"torch.histogramdd(): for a {n}-dimensional histogram range should have {2 * n} "
            f"elements, but got {len(range)}"
        )
    edges = []
    for d, one in enumerate(given):
        limits = (None, None) if range is None else range[2 * d : 2 * d + 2]
        edges.append(_edges("histogramdd", x[:, d], one, *limits))
    hist = histogram_counts(wrap(x), weight, tuple(edges), density)
    return _HISTOGRAMDD((hist, tuple([wrap(e.copy()) for e in edges])))
