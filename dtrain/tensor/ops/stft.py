"""Short-time Fourier transforms: the spectrum of a signal frame by frame, and back."""

from __future__ import annotations

from typing import Any, NamedTuple

from dtrain.errors import DtypeError, OpError, ShapeError
from dtrain.tensor.create import ones, zeros
from dtrain.tensor.op import INTERNAL, function, op
from dtrain.tensor.ops.complex import view_as_real
from dtrain.tensor.ops.fft import fft, ifft, irfft, rfft
from dtrain.tensor.ops.join import cat
from dtrain.tensor.ops.rearrange import flip
from dtrain.tensor.tensor import Tensor
from dtrain.typing import Array, Xp

__all__ = ["istft", "stft"]

# ---- frames ----


@op(INTERNAL, input=lambda F, g, input_shape, step: F.overlap_add(g, step, input_shape[-1]))
def framed(xp: Xp, input: Array, size: int, step: int) -> Array:
    """Return the frames (*, T, size) of signals (*, L), one every `step` samples."""
    count = 1 + (input.shape[-1] - size) // step
    return input[..., xp.arange(count)[:, None] * step + xp.arange(size)]


@op(INTERNAL, input=lambda F, g, input_shape, step: F.framed(g, input_shape[-1], step))
def overlap_add(xp: Xp, input: Array, step: int, length: int) -> Array:
    """Return signals (*, length) as the sum of frames (*, T, size) put `step` samples apart."""
    out = xp.zeros((*input.shape[:-2], length), input.dtype)
    size = input.shape[-1]
    for i in range(input.shape[-2]):
        out[..., i * step : i * step + size] += input[..., i, :]
    return out


def _padded(input: Tensor, width: int, mode: str) -> Any:
    """Return signals (B, L) with `width` samples added at both ends."""
    length = input.shape[-1]
    if mode == "constant":
        side = zeros(input.shape[0], width, dtype=input.dtype, device=input.device)
        return cat([side, input, side], -1)
    if mode == "reflect":
        if width >= length:
            raise ShapeError(
                "Padding size should be less than the corresponding input dimension, but got: "
                f"padding ({width}, {width}) at dimension 1 of input {list(input.shape)}"
            )
        left, right = input[:, 1 : width + 1], input[:, length - width - 1 : length - 1]
        return cat([flip(left, (-1,)), input, flip(right, (-1,))], -1)
    if mode == "replicate":
        left, right = input[:, :1], input[:, -1:]
        return cat([left.expand(-1, width), input, right.expand(-1, width)], -1)
    if mode == "circular":
        return cat([input[:, length - width :], input, input[:, :width]], -1)
    raise OpError(
        f"stft(pad_mode={mode!r}): unrecognised padding mode; expected 'constant', 'reflect', "
        "'replicate' or 'circular'"
    )


# ---- settings ----


class _Frames(NamedTuple):
    """The sizes of the frames, in samples, and the window that goes over each."""

    where: str
    n_fft: int
    hop_length: int
    win_length: int
    window: Any


def _frames(
    where: str, input: Tensor, n_fft: int, hop_length: int | None, win_length: int | None,
    window: Tensor | None, real_type: Any,
) -> _Frames:  # fmt: skip
    """Return the settings with their defaults; the window is centred in n_fft samples.

    Raises:
        OpError: A size is out of range.
        ShapeError: The window is not of that length.
    """
    hop_length = n_fft // 4 if hop_length is None else hop_length
    win_length = n_fft if win_length is None else win_length
    what = (
        f"{where}({list(input.shape)}, n_fft={n_fft}, hop_length={hop_length}, "
        f"win_length={win_length})"
    )
    if hop_length <= 0:
        raise OpError(f"{what}: expected hop_length > 0, but got hop_length={hop_length}")
    if not 0 < win_length <= n_fft:
        raise OpError(f"{what}: expected 0 < win_length <= n_fft, but got win_length={win_length}")
    if window is not None and tuple(window.shape) != (win_length,):
        raise ShapeError(
            f"{what}: expected a 1D window tensor of size equal to win_length={win_length}, "
            f"but got window with size {list(window.shape)}"
        )
    if window is None:
        window = ones(win_length, dtype=real_type, device=input.device)
    if win_length < n_fft:
        left = (n_fft - win_length) // 2
        blank = zeros(n_fft, dtype=window.dtype, device=window.device)
        window = cat([blank[:left], window, blank[left + win_length :]])
    return _Frames(what, n_fft, hop_length, win_length, window)


@function
def stft(
    input: Tensor, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
    window: Tensor | None = None, center: bool = True, pad_mode: str = "reflect",
    normalized: bool = False, onesided: bool | None = None, return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Any:  # fmt: skip
    """Return the spectrum of each frame of a signal.

    Args:
        input: Signals, (L) or (B, L).
        n_fft: Samples of a frame.
        hop_length: Samples from one frame to the next; None for n_fft // 4.
        win_length: Samples of the window; None for n_fft.
        window: What the frames are multiplied by, (win_length); None for ones.
        center: Pad the signal, so that frame t is centred at sample t * hop_length.
        pad_mode: "reflect", "constant", "replicate" or "circular".
        normalized: Divide by sqrt(n_fft).
        onesided: Give n_fft // 2 + 1 frequencies; None where signal and window are real.
        return_complex: Give a complex tensor; for real signals it must be said.
        align_to_window: With center=False: let frames begin where the window does, not n_fft's.

    Returns:
        (B?, frequencies, frames), complex; without `return_complex` real, with a last dimension 2.
    """
    if return_complex is None:
        if not (input.dtype.is_complex or (window is not None and window.dtype.is_complex)):
            raise OpError(
                "stft requires the return_complex parameter be given for real inputs, and will "
                "further require that return_complex=True in a future PyTorch release."
            )
        return_complex = True
    if input.dtype.category < 2:
        raise DtypeError(
            f"stft({input.dtype}{list(input.shape)}): expected a tensor of floating point or "
            "complex values"
        )
    if input.ndim not in (1, 2):
        raise ShapeError(f"stft({input.dtype}{list(input.shape)}): expected a 1D or 2D tensor")
    real_type = input.dtype.to_real()
    frames = _frames("stft", input, n_fft, hop_length, win_length, window, real_type)
    x = input if input.ndim == 2 else input.unsqueeze(0)
    if center:
        if align_to_window is not None:
            raise OpError("stft align_to_window should only be set when center = false.")
        x = _padded(x, n_fft // 2, pad_mode)
    elif align_to_window:
        x = _padded(x, (n_fft - frames.win_length) // 2, "constant")
    y = _spectra(x, frames, normalized, onesided)
    y = y if input.ndim == 2 else y.squeeze(0)
    return y if return_complex else view_as_real(y)


def _spectra(x: Any, frames: _Frames, normalized: bool, onesided: bool | None) -> Any:
    length, n_fft = x.shape[-1], frames.n_fft
    if not 0 < n_fft <= length:
        raise OpError(f"{frames.where}: expected 0 < n_fft < {length}, but got n_fft={n_fft}")
    real = not (x.dtype.is_complex or frames.window.dtype.is_complex)
    if onesided and not real:
        raise OpError("Cannot have onesided output if window or input is complex")
    pieces = framed(x, n_fft, frames.hop_length) * frames.window
    norm = "ortho" if normalized else "backward"
    y = rfft(pieces, norm=norm) if real and onesided is not False else fft(pieces, norm=norm)
    return y.transpose(-1, -2)


def _check_spectra(input: Tensor, n_fft: int, onesided: bool | None) -> bool:
    """Return whether a spectrum has only the first half of its frequencies.

    Raises:
        OpError: It is real.
        ShapeError: It has another number of dimensions or frequencies.
    """
    if not input.dtype.is_complex:
        raise OpError(
            "istft requires a complex-valued input tensor matching the output from stft with "
            "return_complex=True."
        )
    what = f"istft({list(input.shape)}, n_fft={n_fft})"
    if not input.numel():
        raise ShapeError(f"{what}: input tensor cannot be empty.")
    if input.ndim not in (2, 3):
        raise ShapeError(f"{what}: expected a tensor with 2 or 3 dimensions, but got {input.ndim}")
    count = input.shape[-2]
    half = count != n_fft if onesided is None else onesided
    expected = n_fft // 2 + 1 if half else n_fft
    if count != expected:
        raise ShapeError(
            f"{what}: expected the frequency dimension (3rd to the last) of the input tensor to "
            f"match {'n_fft / 2 + 1' if half else 'n_fft'} when onesided={half}, but got {count}"
        )
    return half


@function
def istft(
    input: Tensor, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
    window: Tensor | None = None, center: bool = True, normalized: bool = False,
    onesided: bool | None = None, length: int | None = None, return_complex: bool = False,
) -> Any:  # fmt: skip
    """Return the signal whose frames have these spectra, by least squares: the inverse of stft.

    Args:
        input: Spectra, (B?, frequencies, frames), complex.
        n_fft: Samples of a frame.
        hop_length: Samples from one frame to the next; None for n_fft // 4.
        win_length: Samples of the window; None for n_fft.
        window: The window that stft used, (win_length); None for ones.
        center: The signal was padded.
        normalized: The spectra were divided by sqrt(n_fft).
        onesided: The first half of the frequencies is given; None to tell by their number.
        length: Samples to return; None for as many as are sure.
        return_complex: Return complex signals.

    Returns:
        (B?, length).

    Raises:
        OpError: Where the windows overlap their sum is zero, so that samples are lost.
    """
    half = _check_spectra(input, n_fft, onesided)
    frames = _frames("istft", input, n_fft, hop_length, win_length, window, input.dtype.to_real())
    if half and (return_complex or frames.window.dtype.is_complex):
        raise OpError("Cannot have onesided output if window or input is complex")
    if frames.window.dtype.is_complex and not return_complex:
        raise OpError("Complex windows are incompatible with return_complex=False")
    spectra = (input if input.ndim == 3 else input.unsqueeze(0)).transpose(-1, -2)
    norm = "ortho" if normalized else "backward"
    if return_complex:
        pieces = ifft(spectra, norm=norm)
    else:
        pieces = irfft(spectra[..., : n_fft // 2 + 1], n_fft, norm=norm)
    y = _joined(pieces, frames, center, length)
    return y if input.ndim == 3 else y.squeeze(0)


def _joined(pieces: Any, frames: _Frames, center: bool, length: int | None) -> Any:
    """Return the windowed frames added up, over the sum of the squared windows."""
    count, n_fft, hop = pieces.shape[-2], frames.n_fft, frames.hop_length
    total = n_fft + hop * (count - 1)
    y = overlap_add(pieces * frames.window, hop, total)
    square = (frames.window * frames.window).expand(count, n_fft)
    weight = overlap_add(square, hop, total)
    start = n_fft // 2 if center else 0
    end = total - start if length is None else min(start + length, total)
    y, weight = y[..., start:end], weight[start:end]
    lowest = abs(weight.detach()).amin().item() if weight.numel() else 1.0
    if lowest <= 1e-11:
        raise OpError(f"{frames.where}: window overlap add min: {lowest}")
    y = y / weight
    missing = 0 if length is None else length - (end - start)
    if missing > 0:
        y = cat([y, zeros(*y.shape[:-1], missing, dtype=y.dtype, device=y.device)], -1)
    return y
