"""Tensors as text, letter for letter as torch writes them.

The work is done on the few elements that are shown: the corners of a large array are cut out first
(and only they leave a device), every element becomes a string once, and the strings are then laid
out in nested brackets.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dtrain.errors import OpValueError
from dtrain.tensor.dtype import dtype as Dtype
from dtrain.tensor.dtype import get_default_dtype, of

__all__ = ["array_text", "get_printoptions", "printoptions", "set_printoptions", "tensor_text"]


@dataclass
class _Options:
    """What set_printoptions sets; the field names and defaults are torch's."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_options = _Options()

_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": float("inf"), "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors are printed; what is left out keeps its value, except `sci_mode`.

    Args:
        precision: Digits after the decimal point.
        threshold: Number of elements above which only the corners are shown.
        edgeitems: Elements shown at each end of a dimension that is cut.
        linewidth: Characters in a line.
        profile: "default", "short" or "full"; the other arguments override it.
        sci_mode: Use scientific notation always or never; None chooses by the values.

    Raises:
        OpValueError: `profile` has another name. Note: torch ignores it then.
    """
    if profile is not None and profile not in _PROFILES:
        raise OpValueError(
            f"set_printoptions(profile={profile!r}): no such profile; expected one of "
            f"{', '.join(map(repr, _PROFILES))}"
        )
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    chosen = _PROFILES[profile] if profile is not None else {}
    chosen = {**chosen, **{name: value for name, value in given.items() if value is not None}}
    for name, value in chosen.items():
        setattr(_options, name, value)
    _options.sci_mode = sci_mode


def get_printoptions() -> dict[str, Any]:
    """Return the print options as keyword arguments for set_printoptions."""
    return asdict(_options)


@contextlib.contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """Set print options, as set_printoptions does, for the length of a with block."""
    before = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        set_printoptions(**before)


def tensor_text(
    array: Any,
    *,
    prefix: str = "tensor(",
    device: str | None = None,
    requires_grad: bool = False,
    grad_fn_name: str | None = None,
    contents: str | None = None,
    extra: Sequence[str] = (),
    late: Sequence[str] = (),
    force_newline: bool = False,
    host: Callable[[Any], NDArray[Any]] = np.asarray,
) -> str:
    """Return the text of a tensor as repr shows it.

    Args:
        array: The values; any array that can be sliced.
        prefix: The opening, "MyTensor(" for a subclass.
        device: Text of the device where it is to be shown, "cuda:0"; None for the default device.
        requires_grad: Whether to say so; `grad_fn_name` says it already.
        grad_fn_name: Class name of the node that made the tensor, "AddBackward0".
        contents: Shown in place of the values, as "..." for the meta device.
        extra: Suffixes that come before the dtype, as "size=(3, 3)" and "nnz=2".
        late: Suffixes that come behind it, as "layout=torch.sparse_coo".
        force_newline: Start the first suffix on a new line, as sparse tensors do.
        host: Brings a slice of `array` to the host.

    >>> tensor_text(np.float32([1, 2.5]), device="cuda:0")
    "tensor([1.0000, 2.5000], device='cuda:0')"
    >>> tensor_text(np.zeros((0, 3), np.float32), requires_grad=True)
    'tensor([], size=(0, 3), requires_grad=True)'
    """
    shape = tuple(array.shape)
    suffixes = [] if device is None else [f"device='{device}'"]
    suffixes += extra
    # With nothing or only dots between the brackets the shape cannot be seen there.
    hidden = not _options.edgeitems if array.size else len(shape) != 1
    if contents is None and hidden:
        suffixes.append(f"size={shape}")
    kind = of(array.dtype)
    if kind not in _unsaid_dtypes(empty=array.size == 0 or contents == "..."):
        suffixes.append(f"dtype={kind!r}")
    suffixes += late
    if grad_fn_name is not None:
        suffixes.append(f"grad_fn=<{grad_fn_name}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    if contents is None:
        contents = array_text(array, len(prefix), host)
    return _with_suffixes(prefix + contents, suffixes, len(prefix), force_newline)


def array_text(
    array: Any, indent: int = 0, host: Callable[[Any], NDArray[Any]] = np.asarray
) -> str:
    """Return the values of an array in nested brackets.

    Args:
        array: The values.
        indent: Characters in front of the text on its first line.
        host: Brings a slice of `array` to the host.

    >>> print(array_text(np.arange(2000).reshape(1000, 2)))
    [[   0,    1],
     [   2,    3],
     [   4,    5],
     ...,
     [1994, 1995],
     [1996, 1997],
     [1998, 1999]]
    """
    if array.size == 0:
        return "[]"
    edge = _options.edgeitems if array.size > _options.threshold else None
    if edge == 0 and array.ndim:
        return "[...]"
    cut = [edge is not None and length > 2 * edge for length in array.shape]
    shown = _corners(array, edge or 0, cut, host)
    texts, width = _element_texts(shown)
    return _nested(np.array(texts, object).reshape(shown.shape), width, indent, edge or 0, cut)


def _unsaid_dtypes(*, empty: bool) -> tuple[Dtype, ...]:
    """Return the dtypes that the values alone tell apart: none but the default when empty."""
    default = get_default_dtype()
    if empty:
        return (default,)
    # Only float64 has a complex partner that is not the usual one; float16 has none in print.
    return (default, default.to_complex(), of(np.dtype(np.int64)), of(np.dtype(np.bool_)))


def _corners(
    array: Any, edge: int, cut: Sequence[bool], host: Callable[[Any], NDArray[Any]], axis: int = 0
) -> NDArray[Any]:
    """Return the `edge` first and last elements along each dimension that is cut."""
    if not any(cut[axis:]):
        return host(array)
    if not cut[axis]:
        return _corners(array, edge, cut, host, axis + 1)
    ends = (slice(None, edge), slice(-edge, None))
    parts = [array[(slice(None),) * axis + (end,)] for end in ends]
    return np.concatenate([_corners(part, edge, cut, host, axis + 1) for part in parts], axis)


def _element_texts(array: NDArray[Any]) -> tuple[list[str], int]:
    """Return the text of each element and the width that a column takes."""
    flat = array.reshape(-1)
    if flat.dtype.kind in "biu":
        texts = [str(value) for value in flat.tolist()]
        width = max(map(len, texts))
        return [text.rjust(width) for text in texts], width
    if flat.dtype.kind == "c":
        real, real_width = _float_texts(flat.real)
        imag, imag_width = _float_texts(flat.imag)
        imag = [text.lstrip() for text in imag]
        signed = [text if text[0] in "+-" else "+" + text for text in imag]
        return [a + b + "j" for a, b in zip(real, signed, strict=True)], real_width + imag_width + 1
    return _float_texts(flat)


def _float_texts(flat: NDArray[Any]) -> tuple[list[str], int]:
    """Return the text of each float and the width of a column.

    The notation and the width follow from the finite values that are not zero; zeros, infinities
    and nan take what they get.
    """
    values = flat.astype(np.float64)
    precision, sci_mode = _options.precision, _options.sci_mode
    telling = values[np.isfinite(values) & (values != 0)]
    integral, scientific, width = True, False, 1
    if telling.size:
        size = np.abs(telling)
        low, high = float(size.min()), float(size.max())
        integral = bool((telling == np.ceil(telling)).all())
        scientific = high / low > 1000.0 or high > 1.0e8 or low < 1.0e-4
        if sci_mode is not None:
            scientific = sci_mode
        whole = integral and not scientific
        style = ".0f" if whole else f".{precision}{'e' if scientific else 'f'}"
        # A whole number is written with a point, "3.", that tells it from an int.
        width = max(len(format(value, style)) for value in telling.tolist()) + whole
    whole = integral and not scientific
    style = ".0f" if whole else f".{precision}{'e' if scientific else 'f'}"
    texts = [format(value, style) for value in values.tolist()]
    if whole:
        finite = np.isfinite(values).tolist()
        texts = [text + "." * is_finite for text, is_finite in zip(texts, finite, strict=True)]
    return [text.rjust(width) for text in texts], width


def _nested(texts: NDArray[Any], width: int, indent: int, edge: int, cut: Sequence[bool]) -> str:
    """Lay element texts out in brackets, with dots in the dimensions that are cut."""
    if texts.ndim == 0:
        return str(texts.item())
    if texts.ndim == 1:
        parts = texts.tolist()
        if cut[0]:
            parts.insert(edge, " ...")
        in_line = max(1, (_options.linewidth - indent) // (width + 2))
        lines = [", ".join(parts[i : i + in_line]) for i in range(0, len(parts), in_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    parts = [_nested(part, width, indent + 1, edge, cut[1:]) for part in texts]
    if cut[0]:
        parts.insert(edge, "...")
    return "[" + ("," + "\n" * (texts.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def _with_suffixes(text: str, suffixes: Sequence[str], indent: int, force_newline: bool) -> str:
    """Append suffixes and the closing bracket, in a new line where the last one is full."""
    parts = [text]
    # One more than the length, as torch counts.
    column = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if force_newline or column + len(suffix) + 2 > _options.linewidth:
            parts.append(",\n" + " " * indent + suffix)
            column = indent + len(suffix)
            force_newline = False
        else:
            parts.append(", " + suffix)
            column += len(suffix) + 2
    return "".join(parts) + ")"
