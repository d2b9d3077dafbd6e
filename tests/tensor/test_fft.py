"""Fourier transforms: the laws that tie them to one another.

What every function returns on given numbers is compared in test_ops.py, with tests/samples/fft.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dtrain

NORMS = ["backward", "ortho", "forward"]


def numbers(*shape: int) -> Any:
    return np.random.default_rng(shape).normal(size=shape)


def close(got: Any, expected: Any, tol: float = 1e-10) -> None:
    np.testing.assert_allclose(got.numpy(), expected.numpy(), atol=tol, rtol=tol)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("n", [1, 4, 5, 97])
def test_the_inverse_brings_it_back(n: int, norm: str) -> None:
    x = dtrain.tensor(numbers(3, n))
    fft = dtrain.fft
    close(fft.ifft(fft.fft(x, norm=norm), norm=norm).real, x)
    close(fft.irfft(fft.rfft(x, norm=norm), n, norm=norm), x)
    close(fft.hfft(fft.ihfft(x, norm=norm), n, norm=norm), x)
    close(fft.irfftn(fft.rfftn(x, norm=norm), x.shape, norm=norm), x)
    close(fft.hfftn(fft.ihfftn(x, norm=norm), x.shape, norm=norm), x)


def test_energy_is_kept() -> None:
    x = dtrain.tensor(numbers(4, 6))
    close(dtrain.fft.fft2(x, norm="ortho").abs().pow(2).sum(), x.pow(2).sum())


def test_single_precision_stays_single() -> None:
    x = dtrain.tensor(numbers(4, 6)).float()
    assert dtrain.fft.fft(x).dtype is dtrain.complex64
    assert dtrain.fft.rfft2(x).dtype is dtrain.complex64
    assert dtrain.fft.irfft(dtrain.fft.rfft(x)).dtype is dtrain.float32
    assert dtrain.stft(x, 4, return_complex=True).dtype is dtrain.complex64


def test_shifts_undo_each_other() -> None:
    x = dtrain.tensor(numbers(5, 4))
    close(dtrain.fft.ifftshift(dtrain.fft.fftshift(x)), x)
    order = dtrain.fft.fftshift(dtrain.fft.fftfreq(5))
    assert order.tolist() == sorted(order.tolist())


def test_fftfreq_wants_a_floating_type() -> None:
    with pytest.raises(RuntimeError, match="requires a floating point or complex dtype"):
        dtrain.fft.fftfreq(4, dtype=dtrain.int64)


@pytest.mark.parametrize("onesided", [True, False])
@pytest.mark.parametrize("normalized", [True, False])
def test_istft_brings_a_signal_back(onesided: bool, normalized: bool) -> None:
    x = dtrain.tensor(numbers(2, 50))
    window = dtrain.hann_window(8, dtype=dtrain.float64)
    how = {"normalized": normalized, "onesided": onesided, "window": window}
    spectrum = dtrain.stft(x, 8, 2, return_complex=True, **how)
    close(dtrain.istft(spectrum, 8, 2, length=50, **how), x)
    longer = dtrain.istft(spectrum, 8, 2, length=60, **how)
    assert longer.shape == (2, 60)
    assert not longer[:, -4:].any()


def test_frames_can_begin_where_the_window_does() -> None:
    x = dtrain.tensor(numbers(20))
    how = {"center": False, "return_complex": True, "window": dtrain.ones(4, dtype=dtrain.float64)}
    plain = dtrain.stft(x, 8, 2, 4, **how)
    aligned = dtrain.stft(x, 8, 2, 4, align_to_window=True, **how)
    assert aligned.shape[-1] == plain.shape[-1] + 2
    close(aligned[:, 1:-1], plain)


def test_windows_that_leave_gaps_are_refused() -> None:
    spectrum = dtrain.ones(5, 4, dtype=dtrain.complex64)
    with pytest.raises(RuntimeError, match="window overlap add min"):
        dtrain.istft(spectrum, 8, window=dtrain.zeros(8))


def test_windows_can_require_grad_and_other_types() -> None:
    made = dtrain.hann_window(5, dtype=dtrain.float64, requires_grad=True)
    assert made.dtype is dtrain.float64
    assert made.requires_grad
    with pytest.raises(RuntimeError, match="expects floating point dtypes"):
        dtrain.hann_window(5, dtype=dtrain.int64)
    with pytest.raises(ValueError, match="float32 or float64"):
        dtrain.signal.windows.hann(5, dtype=dtrain.float16)
    with pytest.raises(ValueError, match="Center must be None"):
        dtrain.signal.windows.exponential(5, center=1.0)
