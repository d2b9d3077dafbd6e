"""Samples of matrix products."""

from __future__ import annotations

from tests.samples import COMPLEX, HALF, T, call, raises, sample

MORE = HALF + COMPLEX + ("int64",)

SAMPLES = [
    sample("matmul", call(T(3, 4), T(4, 5)), call(T(4), T(4)), call(T(3, 4), T(4)),
           call(T(4), T(4, 5)), call(T(2, 3, 4), T(2, 4, 5)), call(T(2, 3, 4), T(4, 5)),
           call(T(3, 4), T(2, 4, 5)), call(T(2, 1, 3, 4), T(5, 4, 2)), call(T(4), T(2, 4, 3)),
           call(T(2, 3, 4), T(4)), call(T(0, 4), T(4, 3)), call(T(3, 0), T(0, 4)),
           call(T(2, 3, 0), T(0, 4)),
           raises(RuntimeError, T(3, 4), T(5, 6),
                  match=r"mat1 and mat2 shapes cannot be multiplied \(3x4 and 5x6\)"),
           raises(RuntimeError, T(3, 4, dtype="float32"), T(4, 3, dtype="float64"), match="dtype"),
           raises(RuntimeError, T(), T(3), match="at least 1D"),
           raises(RuntimeError, T(2, 3, 4), T(3, 4, 5)), raises(RuntimeError, T(3), T(4)),
           more=MORE, tol=2),
    sample("mm", call(T(3, 4), T(4, 5)), raises(RuntimeError, T(3), T(3)),
           raises(RuntimeError, T(3, 4), T(5, 6), match="cannot be multiplied"), more=MORE, tol=2),
    sample("bmm", call(T(2, 3, 4), T(2, 4, 5)), raises(RuntimeError, T(2, 3, 4), T(3, 4, 5)),
           raises(RuntimeError, T(3, 4), T(4, 5)), more=MORE, tol=2),
    sample("mv", call(T(3, 4), T(4)), raises(RuntimeError, T(3, 4), T(3)), more=MORE, tol=2),
    sample("dot", call(T(4), T(4)), raises(RuntimeError, T(4), T(3)),
           raises(RuntimeError, T(4, 1), T(4), match="1D tensors expected"), more=MORE, tol=2),
    sample("vdot", call(T(4), T(4)), more=COMPLEX),
    sample("addmm", call(T(3, 5), T(3, 4), T(4, 5)), call(T(5), T(3, 4), T(4, 5)),
           call(T(3, 5), T(3, 4), T(4, 5), beta=0.5, alpha=2), call(T(3, 5), T(3, 4), T(4, 5),
           beta=0),
           raises(RuntimeError, T(5), T(3, 4), T(5, 5), match="cannot be multiplied"),
           more=MORE, tol=2),
    sample("baddbmm", call(T(2, 3, 5), T(2, 3, 4), T(2, 4, 5)), call(T(5), T(2, 3, 4), T(2, 4, 5)),
           call(T(2, 3, 5), T(2, 3, 4), T(2, 4, 5), beta=0.5, alpha=2), more=MORE, tol=2),
    sample("addbmm", call(T(3, 5), T(2, 3, 4), T(2, 4, 5), beta=0.5, alpha=2), tol=2),
    sample("addmv", call(T(3), T(3, 4), T(4)), call(T(3), T(3, 4), T(4), beta=0.5, alpha=2), tol=2),
    sample("addr", call(T(3, 4), T(3), T(4)), call(T(3, 4), T(3), T(4), beta=0.5, alpha=2)),
    sample("outer", call(T(3), T(4)), raises(RuntimeError, T(3, 1), T(4)), more=MORE),
    sample("ger", call(T(3), T(4))),
    sample("inner", call(T(3, 4), T(5, 4)), call(T(4), T(4)), call(T(), T(3)),
           raises(RuntimeError, T(3), T(4)), tol=2),
    sample("kron", call(T(2, 3), T(4, 5)), call(T(2), T(3, 2))),
    sample("tensordot", call(T(2, 3, 4), T(3, 4, 5)), call(T(2, 3), T(4, 2), dims=([0], [1])),
           call(T(2), T(3), dims=0), raises(RuntimeError, T(2, 3), T(2, 3), dims=1), tol=2),
    sample("chain_matmul", call(T(2, 3), T(3, 4), T(4, 2)), tol=2),
    sample("cross", call(T(2, 3), T(2, 3), dim=1), call(T(3, 4), T(3, 4), dim=0),
           raises(RuntimeError, T(2, 4), T(2, 4), dim=1)),
]  # fmt: skip
