"""Samples of linear algebra, under torch.linalg and under torch's older names."""

from __future__ import annotations

from typing import Any

from tests.samples import COMPLEX, T, V, call, raises, sample

INF = float("inf")
# Positive-definite matrices: one, and a batch of two.
DEFINITE = V([[4.0, 1.0, 0.5], [1.0, 3.0, -0.5], [0.5, -0.5, 2.0]])
BATCH = V([[[4.0, 1.0], [1.0, 3.0]], [[2.0, -0.5], [-0.5, 5.0]]])
LOWER = V([[2.0, 0.0, 0.0], [0.5, 1.5, 0.0], [-0.3, 0.2, 1.0]])
SINGULAR = V([[1.0, 2.0], [2.0, 4.0]])
PIVOTS = V([2, 3, 3], dtype="int32")
SQUARE = (call(T(3, 3)), call(T(2, 3, 3)), call(T(1, 1)))
NOT_SQUARE = raises(RuntimeError, T(2, 3), match="square matrices, but they are 2 by 3")
NO_MATRIX = raises(RuntimeError, T(3))
WHOLE = raises(RuntimeError, T(3, 3, dtype="int64"))
HALF = raises(RuntimeError, T(3, 3, dtype="float16"))
BAD = (NOT_SQUARE, NO_MATRIX, WHOLE, HALF)
WORDS = (
    raises(RuntimeError, T(3), match="must have at least 2 dimensions"),
    raises(RuntimeError, T(3, 3, dtype="int64"), match="Expected a floating point or"),
    raises(RuntimeError, T(3, 3, dtype="float16"), match="Low precision dtypes not supported"),
)  # fmt: skip
TALL, WIDE, STACK = T(4, 3), T(3, 4), T(2, 4, 3)


def sizes(result: Any) -> Any:
    """Return a decomposition with vectors as magnitudes: their signs and phases are free."""
    return [abs(t) for t in result]


SAMPLES = [
    # ---- inverses, determinants, systems ----
    sample("linalg.inv", *SQUARE, call(T(0, 3, 3)), *BAD, *WORDS, more=COMPLEX, tol=100),
    sample("inverse", call(T(3, 3)), tol=100),
    sample("linalg.inv_ex", *SQUARE, raises(RuntimeError, SINGULAR, check_errors=True,
                                            match="singular"), more=COMPLEX, tol=100),
    sample("linalg.det", *SQUARE, call(T(0, 0)), *BAD, more=COMPLEX, tol=100),
    sample("det", call(T(3, 3)), tol=100),
    sample("linalg.slogdet", *SQUARE, call(T(0, 0)), *BAD, more=COMPLEX, tol=100),
    sample("slogdet", call(DEFINITE), tol=100),
    sample("logdet", call(DEFINITE), call(BATCH), *BAD[:2], tol=100),
    sample("linalg.solve", call(T(3, 3), T(3, 2)), call(T(3, 3), T(3)), call(T(2, 3, 3), T(2, 3)),
           call(T(2, 3, 3), T(3, 4)), call(T(3, 3), T(2, 3, 2)), call(T(3, 3), T(2, 3), left=False),
           raises(RuntimeError, T(3, 3), T(4, 2), match="Incompatible shapes of A and B"),
           raises(RuntimeError, T(3, 3, dtype="float32"), T(3, 1, dtype="float64"), match="dtype"),
           raises(RuntimeError, SINGULAR, T(2), match="singular"), more=COMPLEX, tol=1000),
    sample("linalg.solve_ex", call(T(3, 3), T(3, 2)), call(T(2, 3, 3), T(2, 3)), tol=1000),
    sample("linalg.solve_triangular", call(LOWER, T(3, 2), upper=False),
           call(DEFINITE, T(2, 3, 2), upper=True), call(LOWER, T(2, 3), upper=False, left=False),
           call(DEFINITE, T(3, 1), upper=True, unitriangular=True), more=COMPLEX, tol=100),
    sample("triangular_solve", call(T(3, 2), DEFINITE), call(T(3, 2), LOWER, upper=False),
           call(T(3, 2), LOWER, False, True), call(T(3, 2), DEFINITE, True, False, True), tol=100),
    sample("linalg.tensorinv", call(T(2, 3, 6)), call(T(6, 2, 3), ind=1),
           raises(RuntimeError, T(2, 3, 6), ind=0), raises(RuntimeError, T(2, 3, 5)), tol=1000),
    sample("linalg.tensorsolve", call(T(2, 3, 6), T(2, 3)), call(T(2, 6, 3), T(2, 3), dims=(1,)),
           raises(RuntimeError, T(2, 3, 5), T(2, 3)), tol=1000),
    # ---- LU and LDL ----
    sample("linalg.lu", *SQUARE, call(TALL), call(WIDE), call(STACK), NO_MATRIX, WHOLE,
           more=COMPLEX, tol=100),
    sample("linalg.lu_factor", *SQUARE, call(TALL), call(WIDE), NO_MATRIX,
           raises(RuntimeError, V([[0.0, 1.0], [0.0, 1.0]]), match=r"U\[1,1\] is zero"), tol=100),
    sample("linalg.lu_factor_ex", call(T(3, 3)), call(STACK), call(SINGULAR), tol=100),
    sample("lu_unpack", call(T(3, 3), PIVOTS), call(T(3, 3), PIVOTS, unpack_pivots=False),
           call(T(3, 3), PIVOTS, unpack_data=False)),
    sample("linalg.lu_solve", call(DEFINITE, PIVOTS, T(3, 2)), call(DEFINITE, PIVOTS, T(2, 3, 2)),
           call(DEFINITE, PIVOTS, T(2, 3), left=False),
           call(DEFINITE, PIVOTS, T(3, 2), adjoint=True), more=COMPLEX, tol=100),
    sample("lu_solve", call(T(3, 2), DEFINITE, PIVOTS), tol=100),
    sample("linalg.ldl_factor", call(DEFINITE), call(T(5, 5)), call(T(2, 4, 4)), grad=False,
           more=COMPLEX, tol=100),
    sample("linalg.ldl_factor_ex", call(T(4, 4), hermitian=True), grad=False,
           more=COMPLEX, tol=100),
    sample("linalg.ldl_solve", call(DEFINITE, V([1, 2, 3], dtype="int32"), T(3, 2)),
           call(DEFINITE, V([-2, -2, 3], dtype="int32"), T(3, 2)), grad=False, tol=100),
    # ---- Cholesky and QR ----
    sample("linalg.cholesky", call(DEFINITE), call(BATCH), call(DEFINITE, upper=True), *BAD,
           raises(RuntimeError, V([[1.0, 2.0], [2.0, 1.0]]), match="leading minor of order 2"),
           more=COMPLEX, tol=100),
    sample("linalg.cholesky_ex", call(DEFINITE), call(BATCH, upper=True), tol=100),
    sample("cholesky", call(DEFINITE), call(DEFINITE, True), tol=100),
    sample("cholesky_solve", call(T(3, 2), LOWER), call(T(2, 3, 2), DEFINITE, True),
           raises(RuntimeError, T(3, 2), T(2, 3)), more=COMPLEX, tol=100),
    sample("cholesky_inverse", call(LOWER), call(DEFINITE, True), more=COMPLEX, tol=100),
    sample("linalg.qr", call(T(3, 3)), call(TALL), call(WIDE), call(STACK), NO_MATRIX, WHOLE,
           raises(RuntimeError, T(3, 3), "half", match="unrecognized mode"), more=COMPLEX, tol=100),
    sample("linalg.qr", call(TALL, "complete"), call(WIDE, "r"), grad=False, tol=100),
    sample("qr", call(TALL), call(T(3, 3), some=False), tol=100),
    sample("geqrf", call(TALL), call(T(2, 3, 3)), grad=False, tol=100),
    sample("linalg.householder_product", call(TALL, T(3)), call(STACK, T(2, 2)),
           raises(RuntimeError, WIDE, T(3)), more=COMPLEX, tol=100),
    sample("orgqr", call(TALL, T(3)), tol=100),
    sample("ormqr", call(TALL, T(3), T(4, 2)), call(TALL, T(3), T(2, 4), left=False),
           call(TALL, T(3), T(4, 2), transpose=True), more=COMPLEX, gradgrad=False, tol=100),
    # ---- eigenvalues ----
    sample("linalg.eigh", call(DEFINITE), call(BATCH, "U"), *BAD, key=sizes, tol=100,
           grad=False, more=COMPLEX),
    sample("linalg.eigvalsh", call(DEFINITE), call(T(3, 3), UPLO="U"), tol=100, more=COMPLEX),
    sample("linalg.eig", call(DEFINITE), call(BATCH), *BAD, key=sizes, grad=False, tol=100),
    sample("linalg.eigvals", call(DEFINITE), call(T(3, 3)), tol=100, more=COMPLEX),
    # ---- singular values ----
    sample("linalg.svd", call(T(3, 3)), call(TALL), call(WIDE, False), call(STACK, False),
           NO_MATRIX, raises(RuntimeError, V([[float("nan"), 1.0]]), match="non-finite"),
           raises(RuntimeError, T(3, 3), driver="gesvd", match="driver"),
           key=sizes, grad=False, out=False, tol=100, more=COMPLEX),
    sample("linalg.svdvals", call(T(3, 3)), call(TALL), call(WIDE), call(T(0, 3)), NO_MATRIX,
           more=COMPLEX, tol=100),
    sample("svd", call(TALL), call(WIDE, some=False), call(WIDE, compute_uv=False), key=sizes,
           grad=False, out=False, tol=100),
    sample("linalg.pinv", call(TALL), call(WIDE), call(STACK), call(DEFINITE, hermitian=True),
           call(T(0, 3)), call(TALL, rtol=0.4), call(TALL, 0.1), call(TALL, atol=0.1), NO_MATRIX,
           more=COMPLEX, tol=1000),
    sample("pinverse", call(TALL), tol=1000),
    sample("linalg.matrix_rank", call(TALL), call(SINGULAR), call(BATCH, hermitian=True),
           call(DEFINITE, 3.0), call(DEFINITE, atol=2.0, rtol=0.1), call(T(0, 3))),
    sample("linalg.lstsq", call(TALL, T(4, 2)), call(WIDE, T(3, 2)), call(STACK, T(2, 4)),
           call(TALL, T(4), driver="gelsd"), call(TALL, T(4, 2), driver="gelss"),
           call(TALL, T(4, 2), driver="gels"), raises(RuntimeError, TALL, T(3), match="match"),
           raises(RuntimeError, TALL, T(4), driver="fast", match="should be one of"),
           gradgrad=False, tol=1000),
    # ---- norms and distances ----
    sample("linalg.norm", call(T(3, 4)), call(T(5), 3), call(T(3, 4), "nuc"), call(T(3, 4), "fro"),
           call(T(3, 4), INF), call(T(3, 4), 2), call(T(2, 3, 4), dim=(0, 1)), call(T(3, 4), 1, 1),
           call(T(2, 3, 4), -2, (-1, 0), True), call(T(), 2, 0),
           raises(RuntimeError, T(2, 2, 2), 2, match="must be 1D or 2D"),
           raises(RuntimeError, T(2, 2), "max", match="Order max not supported"),
           more=COMPLEX, tol=100),
    sample("linalg.vector_norm", call(T(3, 4)), call(T(3, 4), 1), call(T(3, 4), INF, 1),
           call(T(3, 4), 0, 0, True), call(T(3, 4), 2.5, dtype=None),
           raises(RuntimeError, T(0), INF, match="cannot compute the inf norm"), tol=10),
    sample("linalg.matrix_norm", call(T(3, 4)), call(T(2, 3, 4), 1), call(T(3, 4), -1),
           call(T(3, 4), INF, keepdim=True), call(T(3, 4), -INF), call(T(3, 4), "nuc"),
           call(T(2, 3, 4), 2, (0, 2), True), call(T(3, 4), -2),
           raises(RuntimeError, T(3, 4), 3, match="Order 3 not supported"),
           raises(RuntimeError, T(3, 4), dim=(0, 0), match="dims must be different"),
           NO_MATRIX, more=COMPLEX, tol=100),
    sample("linalg.cond", call(T(3, 3)), call(TALL), call(T(3, 3), 1), call(T(2, 3, 3), "fro"),
           call(T(3, 3), -2), call(T(3, 3), -INF), call(V([[1.0, 0.0], [0.0, 0.0]], grad=False), 1),
           raises(RuntimeError, TALL, 1), tol=1000),
    sample("dist", call(T(3, 4), T(3, 4)), call(T(3, 4), T(4), 1), call(T(3), T(3), INF), tol=10),
    sample("cdist", call(T(3, 2), T(4, 2)), call(T(2, 3, 2), T(4, 2), 1.0),
           call(T(3, 2), T(4, 2), INF), call(T(3, 2), T(4, 2), 2.0, "use_mm_for_euclid_dist"),
           call(T(30, 3), T(5, 3)), raises(RuntimeError, T(3, 2), T(3, 3), match="same number"),
           raises(RuntimeError, T(3, 2), T(3, 2), -1.0), gradgrad=False, tol=100),
    # ---- products ----
    sample("linalg.matrix_power", call(T(3, 3), 3), call(T(2, 3, 3), 5), call(T(3, 3), -2),
           call(T(3, 3), 0), call(T(3, 3), 1), raises(TypeError, T(3, 3), 2.5),
           more=COMPLEX, tol=1000),
    sample("matrix_power", call(T(3, 3), 2), tol=100),
    sample("linalg.matrix_exp", call(T(3, 3)), call(T(2, 3, 3, low=-9, high=9)), call(T(0, 0)),
           *BAD[:3], more=COMPLEX, tol=1000),
    sample("matrix_exp", call(T(3, 3)), tol=100),
    sample("linalg.multi_dot", call([T(2, 3), T(3, 4), T(4, 2)]), call([T(3), T(3, 4), T(4)]),
           call([T(2, 9), T(9, 1), T(1, 8), T(8, 2)]), raises(RuntimeError, [T(2, 2)]),
           raises(RuntimeError, [T(2, 2), T(2), T(2, 2)]), raises(RuntimeError, [T(2, 3), T(2, 3)]),
           tol=10),
    sample("linalg.cross", call(T(2, 3), T(2, 3)), call(T(3, 4), T(3, 1), dim=0),
           raises(RuntimeError, T(2, 4), T(2, 4), match="must have length 3"),
           raises(RuntimeError, T(2, 3), T(3), match="same number of dimensions"), more=COMPLEX),
    sample("linalg.vecdot", call(T(3, 4), T(3, 4)), call(T(3, 4), T(4)),
           call(T(3, 4), T(3, 4), dim=0), more=COMPLEX, tol=10),
    sample("linalg.diagonal", call(T(2, 3, 4)), call(T(2, 3, 4), offset=1, dim1=0, dim2=1)),
    sample("linalg.vander", call(T(3)), call(T(2, 3), N=4), call(T(3, dtype="int64", grad=False)),
           raises(RuntimeError, T(3), N=1), tol=10),
]  # fmt: skip
