"""Convolution in torch's spellings."""

from __future__ import annotations

from typing import Any

from dtrain.errors import DtypeError, OpError, OpTypeError, OpValueError, ShapeError
from dtrain.nn.functional.convolution import convolution_input_grad, convolution_nd
from dtrain.nn.functional.spatial import check_positive, per_dim
from dtrain.tensor.tensor import Tensor

__all__ = [
    "conv1d", "conv2d", "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d", "convolution",
]  # fmt: skip

Sizes = tuple[int, ...]


def _checked(where: str, input: Tensor, weight: Tensor, bias: Tensor | None, dims: int) -> bool:
    """Check what torch checks of the operands; return True for an input without a batch."""
    for name, value in (("input", input), ("weight", weight)):
        if not isinstance(value, Tensor):
            raise OpTypeError(
                f"{where}() received an invalid combination of arguments: argument '{name}' must "
                f"be Tensor, not {type(value).__name__}"
            )
    if weight.ndim != dims + 2 or input.ndim not in (dims + 1, dims + 2):
        raise ShapeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {where}, but got "
            f"input of size: {list(input.shape)} and weight of size {list(weight.shape)}"
        )
    if input._a.dtype != weight._a.dtype:
        raise DtypeError(
            f"{where}: Input type ({input.dtype}) and weight type ({weight.dtype}) should be the "
            "same"
        )
    if bias is not None and bias._a.dtype != weight._a.dtype:
        raise DtypeError(
            f"{where}: Input type ({input.dtype}) and bias type ({bias.dtype}) should be the same"
        )
    return input.ndim == dims + 1


def _border(
    where: str, padding: Any, kernel: Sizes, stride: Sizes, dilation: Sizes
) -> tuple[Sizes, Sizes]:
    """Return the border before and after, from numbers or the words "same" and "valid"."""
    dims = len(kernel)
    if isinstance(padding, str):
        if padding == "valid":
            return (0,) * dims, (0,) * dims
        if padding != "same":
            raise OpError(f"Invalid padding string: '{padding}'; {where} knows 'valid' and 'same'")
        if max(stride) > 1:
            raise OpError("padding='same' is not supported for strided convolutions")
        total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return tuple([t // 2 for t in total]), tuple([t - t // 2 for t in total])
    width = per_dim(where, "padding", padding, dims)
    if min(width) < 0:
        raise OpError(f"negative padding is not supported, but got padding={list(width)}")
    return width, width


def _check_channels(
    where: str, shape: Sizes, weight: Tensor, bias: Tensor | None, groups: int, transposed: bool
) -> None:
    ours = weight._a.shape
    if groups < 1:
        raise OpError(f"non-positive groups is not supported, but got groups={groups}")
    if ours[0] % groups or ours[0] < groups:
        raise ShapeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            f"but got weight of size {list(ours)} instead"
        )
    takes = ours[0] if transposed else ours[1] * groups
    if shape[1] != takes:
        raise ShapeError(
            f"Given groups={groups}, weight of size {list(ours)}, expected input{list(shape)} to "
            f"have {takes} channels, but got {shape[1]} channels instead"
        )
    gives = ours[1] * groups if transposed else ours[0]
    if bias is not None and bias._a.shape != (gives,):
        raise ShapeError(
            f"{where}: Given weight of size {list(ours)}, expected bias to be 1-dimensional with "
            f"{gives} elements, but got bias of size {list(bias.shape)} instead"
        )


def _conv(
    where: str, dims: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any,
    padding: Any, dilation: Any, groups: int,
) -> Any:  # fmt: skip
    alone = _checked(where, input, weight, bias, dims)
    stride = per_dim(where, "stride", stride, dims)
    dilation = per_dim(where, "dilation", dilation, dims)
    check_positive(where, stride=stride, dilation=dilation)
    kernel = weight._a.shape[2:]
    border = _border(where, padding, kernel, stride, dilation)
    if alone:
        input = input.unsqueeze(0)
    shape = input._a.shape
    _check_channels(where, shape, weight, bias, groups, transposed=False)
    for n, k, b, a, d in zip(shape[2:], kernel, *border, dilation, strict=True):
        if n + b + a < d * (k - 1) + 1 or k == 0:
            wide = [m + x + y for m, x, y in zip(shape[2:], *border, strict=True)]
            raise ShapeError(
                f"{where}: Calculated padded input size per channel: "
                f"({' x '.join(map(str, wide))}). Kernel size: ({' x '.join(map(str, kernel))}). "
                "Kernel size can't be greater than actual input size"
            )
    made = convolution_nd(input, weight, bias, stride, border, dilation, groups)
    return made.squeeze(0) if alone else made


def conv1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolve (N, C, L) or (C, L) with (O, C / groups, kernel); see conv2d."""
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolve (N, C, H, W) or (C, H, W) with (O, C / groups, *kernel).

    Args:
        input: The images.
        weight: The kernels.
        bias: (O,), added to each channel.
        stride: Step of the window: one int, or one for each dimension.
        padding: Border of zeros on both sides, or "same" or "valid".
        dilation: Step within the window.
        groups: Channels are divided into so many separate convolutions.

    Returns:
        (N, O, H_out, W_out), or without N.

    Raises:
        ShapeError: Sizes do not fit.
        DtypeError: Types differ.
    """
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolve (N, C, D, H, W) or (C, D, H, W) with (O, C / groups, *kernel); see conv2d."""
    return _conv("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def _conv_transpose(
    where: str, dims: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any,
    padding: Any, output_padding: Any, groups: int, dilation: Any,
) -> Any:  # fmt: skip
    alone = _checked(where, input, weight, bias, dims)
    stride = per_dim(where, "stride", stride, dims)
    dilation = per_dim(where, "dilation", dilation, dims)
    extra = per_dim(where, "output_padding", output_padding, dims)
    check_positive(where, stride=stride, dilation=dilation)
    border = _border(where, padding, weight._a.shape[2:], stride, dilation)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise OpError(
            f"{where}: output padding must be smaller than either stride or dilation, but got "
            f"output_padding={list(extra)}, stride={list(stride)}, dilation={list(dilation)}"
        )
    if alone:
        input = input.unsqueeze(0)
    shape = input._a.shape
    _check_channels(where, shape, weight, bias, groups, transposed=True)
    size = tuple(
        [
            (n - 1) * s - 2 * p + d * (k - 1) + e + 1
            for n, s, p, d, k, e in zip(
                shape[2:], stride, border[0], dilation, weight._a.shape[2:], extra, strict=True
            )
        ]
    )
    if min(size) < 1:
        raise OpValueError(f"{where}: the output would have spatial size {list(size)}")
    if any(e >= s for e, s in zip(extra, stride, strict=True)):
        # a convolution of the result would have further positions: it must stop before them
        border = border[0], tuple([p - e for p, e in zip(border[0], extra, strict=True)])
    made = convolution_input_grad(input, weight, size, stride, border, dilation, groups)
    if bias is not None:
        made = made + bias.reshape(-1, *(1,) * dims)
    return made.squeeze(0) if alone else made


def conv_transpose1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """Convolve (N, C, L) with the transpose of (C, O / groups, kernel); see conv_transpose2d."""
    how = (stride, padding, output_padding, groups, dilation)
    return _conv_transpose("conv_transpose1d", 1, input, weight, bias, *how)


def conv_transpose2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """Convolve (N, C, H, W) with the transpose of (C, O / groups, *kernel).

    Args:
        input: The images.
        weight: The kernels.
        bias: (O,), added to each channel.
        stride: Step of the window in the output.
        padding: What is cut off on both sides.
        output_padding: What is added to the output at the end of each dimension.
        groups: Channels are divided into so many separate convolutions.
        dilation: Step within the window.
    """
    how = (stride, padding, output_padding, groups, dilation)
    return _conv_transpose("conv_transpose2d", 2, input, weight, bias, *how)


def conv_transpose3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """Convolve (N, C, D, H, W) with the transpose of (C, O / groups, *kernel)."""
    how = (stride, padding, output_padding, groups, dilation)
    return _conv_transpose("conv_transpose3d", 3, input, weight, bias, *how)


def convolution(
    input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any,
    transposed: bool, output_padding: Any, groups: int,
) -> Tensor:  # fmt: skip
    """Convolve over as many dimensions as the weight has, as torch.convolution."""
    dims = weight.ndim - 2
    if transposed:
        how = (stride, padding, output_padding, groups, dilation)
        return _conv_transpose("convolution", dims, input, weight, bias, *how)
    return _conv("convolution", dims, input, weight, bias, stride, padding, dilation, groups)


def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Any:
    """Convolve (T, N, C) with (kernel, C, O), time first."""
    made = conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, 1, pad)
    return made.permute(2, 0, 1).contiguous()
