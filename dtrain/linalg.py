"""torch.linalg's face: linear algebra."""

from __future__ import annotations

from dtrain.errors import LinAlgError
from dtrain.tensor.ops.linalg_decompose import cholesky, cholesky_ex, householder_product, qr
from dtrain.tensor.ops.linalg_eigen import eig, eigh, eigvals, eigvalsh
from dtrain.tensor.ops.linalg_ldl import ldl_factor, ldl_factor_ex, ldl_solve
from dtrain.tensor.ops.linalg_lu import lu, lu_factor, lu_factor_ex, lu_solve
from dtrain.tensor.ops.linalg_norm import cond, matrix_norm, norm, vector_norm
from dtrain.tensor.ops.linalg_products import (
    cross,
    diagonal,
    matmul,
    matrix_exp,
    matrix_power,
    multi_dot,
    vander,
    vecdot,
)
from dtrain.tensor.ops.linalg_solve import (
    det,
    inv,
    inv_ex,
    slogdet,
    solve,
    solve_ex,
    tensorinv,
    tensorsolve,
)
from dtrain.tensor.ops.linalg_svd import lstsq, matrix_rank, pinv, svd, svdvals
from dtrain.tensor.ops.linalg_triangular import solve_triangular

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh",
    "eigvals", "eigvalsh", "householder_product", "inv", "inv_ex", "ldl_factor", "ldl_factor_ex",
    "ldl_solve", "lstsq", "lu", "lu_factor", "lu_factor_ex", "lu_solve", "matmul", "matrix_exp",
    "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet",
    "solve", "solve_ex", "solve_triangular", "svd", "svdvals", "tensorinv", "tensorsolve", "vander",
    "vecdot", "vector_norm",
]  # fmt: skip
