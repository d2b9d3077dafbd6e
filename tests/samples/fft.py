"""Samples of Fourier transforms and windows."""

from __future__ import annotations

from tests.samples import COMPLEX, T, V, call, raises, sample

NORMS = (call(T(6), norm="ortho"), call(T(6), norm="forward"), call(T(6), norm="backward"))
ONE = (
    call(T(6)), call(T(3, 5)), call(T(3, 5), 4), call(T(3, 5), n=8), call(T(3, 4), dim=0), *NORMS,
    call(T(6, dtype="int64", grad=False)),
    raises(RuntimeError, T(6), norm="none", match="Invalid normalization mode"),
    raises(RuntimeError, T(6), 0, match="Invalid number of data points"),
    raises(IndexError, T(6), dim=3, match="Dimension out of range"), raises(IndexError, T()),
    raises(RuntimeError, T(6, dtype="float16"), match="Unsupported dtype Half"),
)  # fmt: skip
MANY = (
    call(T(3, 4)), call(T(2, 3, 4)), call(T(2, 3, 4), (2, 5)), call(T(2, 3, 4), dim=(0, 2)),
    call(T(2, 3, 4), (4, -1), (0, 1), "ortho"), call(T(3, 5), norm="forward"),
    raises(RuntimeError, T(3, 4), dim=(0, 0), match="unique"),
    raises(RuntimeError, T(3, 4), (2, 2), (0,), match="same length"),
)  # fmt: skip
REAL = raises(RuntimeError, T(6, dtype="complex64"))
TWO = (call(T(3, 4)), call(T(2, 3, 5)), call(T(2, 3, 4), (2, 6)), call(T(3, 4), norm="ortho"))


def windows(*more):  # type: ignore[no-untyped-def]
    """Return the calls that every window of torch.signal takes."""
    return (call(5), call(6, sym=False), call(1), call(0), *more, raises(ValueError, -1))


PLAIN = (call(5), call(6), call(6, False), call(1), call(0), raises(RuntimeError, -1))
SIGNAL, WINDOW = T(20), V([0.2, 0.7, 1.0, 0.8, 0.5, 0.3], dtype="float32", grad=False)
TALK = T(2, 20)

SAMPLES = [
    sample("fft.fft", *ONE, more=COMPLEX, tol=4),
    sample("fft.ifft", *ONE, more=COMPLEX, tol=4),
    sample("fft.rfft", *ONE, REAL, tol=4),
    sample("fft.irfft", *ONE, call(T(3, 5), 7), more=COMPLEX, tol=4),
    sample("fft.hfft", *ONE, call(T(3, 5), 7), more=COMPLEX, tol=4),
    sample("fft.ihfft", *ONE, REAL, tol=4),
    *[sample(f"fft.{name}", *MANY, more=COMPLEX, tol=4) for name in ("fftn", "ifftn")],
    *[sample(f"fft.{name}", *MANY, more=COMPLEX, tol=4) for name in ("irfftn", "hfftn")],
    *[sample(f"fft.{name}", *MANY, REAL, tol=4) for name in ("rfftn", "ihfftn")],
    *[sample(f"fft.{name}", *TWO, tol=4)
      for name in ("fft2", "ifft2", "rfft2", "irfft2", "hfft2", "ihfft2")],
    sample("fft.fftfreq", call(5), call(4, 0.5), call(0), call(3, d=2.0), inplace=False),
    sample("fft.rfftfreq", call(5), call(4, 0.5), call(3, d=2.0), inplace=False),
    sample("fft.fftshift", call(T(5)), call(T(3, 4)), call(T(3, 4), 1), call(T(3, 4), dim=(0, 1))),
    sample("fft.ifftshift", call(T(5)), call(T(3, 4)), call(T(3, 4), dim=(0,))),
    sample("stft", call(SIGNAL, 8, return_complex=True), call(TALK, 8, 3, return_complex=True),
           call(TALK, 8, 4, 6, WINDOW, return_complex=True),
           call(SIGNAL, 8, center=False, return_complex=True),
           call(SIGNAL, 8, pad_mode="constant", normalized=True, return_complex=True),
           call(SIGNAL, 8, pad_mode="replicate", onesided=False, return_complex=True),
           call(SIGNAL, 8, pad_mode="circular", return_complex=False),
           raises(RuntimeError, SIGNAL, 8, match="requires the return_complex parameter"),
           raises(RuntimeError, SIGNAL, 8, 0, return_complex=True, match="hop_length > 0"),
           raises(RuntimeError, SIGNAL, 8, win_length=9, return_complex=True, match="win_length"),
           raises(RuntimeError, SIGNAL, 64, center=False, return_complex=True, match="n_fft"),
           raises(RuntimeError, T(2, 2, 20), 8, return_complex=True, match="1D or 2D"),
           more=COMPLEX, tol=10),
    sample("istft", call(T(5, 6), 8), call(T(2, 5, 6), 8, 2),
           call(T(2, 5, 6), 8, 2, 6, WINDOW, length=9),
           call(T(5, 6), 8, length=40), call(T(8, 6), 8, return_complex=True, onesided=False),
           call(T(5, 6), 8, center=False, normalized=True), raises(RuntimeError, T(4, 6), 8),
           base=("complex64", "complex128"), tol=10),
    *[sample(name, *PLAIN, inplace=False, tol=10) for name in
      ("bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window")],
    *[sample(f"signal.windows.{name}", *windows(), inplace=False, tol=10)
      for name in ("bartlett", "blackman", "cosine", "hamming", "hann", "nuttall")],
    sample("signal.windows.exponential", *windows(call(5, tau=3.0)), inplace=False, tol=10),
    sample("signal.windows.gaussian", *windows(call(5, std=2.0)), raises(ValueError, 5, std=-1.0),
           inplace=False, tol=10),
    sample("signal.windows.general_cosine", call(5, a=(0.3, 0.5, 0.2)), raises(ValueError, 5, a=()),
           inplace=False, tol=10),
    sample("signal.windows.general_hamming", *windows(call(5, alpha=0.3)), inplace=False, tol=10),
    sample("signal.windows.kaiser", *windows(call(5, beta=3.0)), inplace=False, tol=10),
]  # fmt: skip
