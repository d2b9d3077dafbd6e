"""Ready-made parametrizations: orthogonal matrices, spectral and weight normalization."""

from __future__ import annotations

from typing import Any, TypeVar

from dtrain.errors import OpIndexError, OpValueError
from dtrain.nn import functional as F
from dtrain.nn.module import Module
from dtrain.nn.utils.parametrize import register_parametrization
from dtrain.nn.utils.spectral_norm import output_dim
from dtrain.nn.utils.weight_norm import norm_except_dim, scaled
from dtrain.tensor.create import eye
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.like import zeros_like
from dtrain.tensor.ops.join import cat
from dtrain.tensor.ops.linalg_decompose import geqrf, householder_product
from dtrain.tensor.ops.linalg_products import matrix_exp
from dtrain.tensor.ops.linalg_solve import solve
from dtrain.tensor.query import finfo
from dtrain.tensor.random import randn
from dtrain.tensor.tensor import Tensor

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)
_MAPS = ("matrix_exp", "cayley", "householder")


# ---- orthogonal matrices ----
def _is_orthogonal(q: Any) -> bool:
    """Return whether the columns of a matrix are orthogonal and of length one."""
    n, k = q.shape[-2:]
    identity = eye(k, dtype=q.dtype, device=q.device)
    return bool((q.mH @ q).sub(identity).abs().max() <= 10.0 * n * finfo(q.dtype).eps)


def _made_orthogonal(a: Any) -> Any:
    """Return the Q of a matrix's QR decomposition whose R has a positive diagonal."""
    x, tau = geqrf(a)
    signs = x.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)
    return householder_product(x, tau) * signs


class _Orthogonal(Module):
    """Maps any matrix to one with orthogonal columns (or rows, where these are fewer)."""

    base: Any

    def __init__(self, weight: Tensor, orthogonal_map: str, *, use_trivialization: bool) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            raise OpValueError("The householder parametrization does not support complex tensors.")
        self.shape, self.orthogonal_map = weight.shape, orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Any) -> Any:
        """Return a matrix with orthogonal columns or rows."""
        wide = X.shape[-2] < X.shape[-1]
        if wide:
            X = X.mT
        n, k = X.shape[-2:]
        if self.orthogonal_map == "householder":
            below = X.tril(-1)
            tau = 2.0 / (1.0 + (below * below).sum(-2))
            made = householder_product(below, tau)
            made = made * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
        else:
            made = self._from_skew(X.tril(), n, k)
        if "base" in self._buffers:
            made = self.base @ made
        return made.mT if wide else made

    def _from_skew(self, lower: Any, n: int, k: int) -> Any:
        """Return an orthogonal matrix from the skew one that a lower triangle gives."""
        if n != k:
            filler = lower.new_zeros(*lower.shape[:-2], n, n - k)
            lower = cat([lower, filler], -1)
        skew = lower - lower.mH
        if self.orthogonal_map == "matrix_exp":
            made = matrix_exp(skew)
        else:
            identity = eye(n, dtype=skew.dtype, device=skew.device)
            made = solve(identity - skew * 0.5, identity + skew * 0.5)
        return made if n == k else made[..., :k]

    def right_inverse(self, Q: Any) -> Any:
        """Return a matrix that forward maps to `Q`, or to the orthogonal matrix nearest in QR.

        Raises:
            OpValueError: The shape is another one.
            NotImplementedError: The map cannot be inverted without trivialization.
        """
        if Q.shape != self.shape:
            raise OpValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of "
                f"shape {Q.shape}."
            )
        with no_grad():
            tall = Q.mT if Q.shape[-2] < Q.shape[-1] else Q
            if "base" in self._buffers:
                self._set_base(tall)
                start = zeros_like(Q)
                start.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
                return start
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley "
                    "parametrizations when use_trivialization=False."
                )
            a, tau = geqrf(tall)
            diagonal = a.diagonal(dim1=-2, dim2=-1)
            diagonal.sign_()
            diagonal[tau == 0.0] *= -1
            return a if tall is Q else a.mT

    def _set_base(self, tall: Any) -> None:
        """Keep the orthogonal matrix that training starts from."""
        n, k = tall.shape[-2:]
        if n == k:
            self.base = tall.clone() if _is_orthogonal(tall) else _made_orthogonal(tall)
            return
        more = randn(*tall.shape[:-2], n, n - k, dtype=tall.dtype, device=tall.device)
        self.base = _made_orthogonal(cat([tall, more], -1))


def orthogonal(
    module: M,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> M:
    """Keep a weight orthogonal (unitary, if complex).

    Args:
        module: The module; it is changed.
        name: The weight's name; a matrix or a batch of them.
        orthogonal_map: "matrix_exp" (the default of square and complex matrices), "cayley" or
            "householder".
        use_trivialization: Train what the weight is multiplied by, starting at the identity.

    Raises:
        OpValueError: There is no such weight or map.
    """
    weight = _weight_of(module, name)
    if weight.ndim < 2:
        raise OpValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions."
        )
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in _MAPS:
        raise OpValueError(
            'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: '
            f"{orthogonal_map}"
        )
    made = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)


def _weight_of(module: Module, name: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise OpValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight


# ---- weight normalization ----
class _WeightNorm(Module):
    """v * g / |v|, the norm over all dimensions but one."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Any:
        """Return the weight of a length and a direction."""
        return scaled(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Any, Any]:
        """Return a weight's length and direction."""
        return norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Train a weight's length and direction apart (Salimans and Kingma, 2016).

    Args:
        module: The module; it is changed.
        name: The weight's name.
        dim: The dimension whose slices have a length each; None for one length.
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(state_dict: Any, prefix: str, *rest: Any) -> None:
        """Load what the older weight_norm saved."""
        old = [f"{prefix}{name}_{part}" for part in "gv"]
        if all(key in state_dict for key in old):
            for i, key in enumerate(old):
                path = f"{prefix}parametrizations.{name}.original{i}"
                state_dict[path] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(rename)
    return module


# ---- spectral normalization ----
class _SpectralNorm(Module):
    """Divides a weight by its estimated largest singular value."""

    _u: Tensor
    _v: Tensor

    def __init__(
        self, weight: Any, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        rank = weight.ndim
        if not -rank <= dim < rank:
            raise OpIndexError(
                f"Dimension out of range (expected to be in range of [-{rank}, {rank - 1}] but "
                f"got {dim})"
            )
        if n_power_iterations <= 0:
            raise OpValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.dim, self.eps = dim % rank, eps
        if rank > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._as_matrix(weight.detach())
            u, v = (matrix.new_empty(n).normal_(0, 1) for n in matrix.shape)
            self.register_buffer("_u", F.normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", F.normalize(v, dim=0, eps=eps))
            self._power_method(matrix, 15)

    def _as_matrix(self, weight: Any) -> Any:
        return weight.movedim(self.dim, 0).flatten(1)

    def _power_method(self, matrix: Any, steps: int) -> None:
        """Bring the estimate of the singular vectors up to date."""
        with no_grad():
            for _ in range(steps):
                self._u.copy_(F.normalize(matrix.mv(self._v), dim=0, eps=self.eps))
                self._v.copy_(F.normalize(matrix.mH.mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight: Any) -> Any:
        """Return the normalized weight; a vector is divided by its length."""
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._as_matrix(weight)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()  # backward needs them as they are now
        return weight / u.vdot(matrix.mv(v))

    def right_inverse(self, value: Tensor) -> Tensor:
        """Return the value itself: it is taken to be normalized."""
        return value


def spectral_norm(
    module: M,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> M:
    """Divide a weight by its largest singular value (Miyato et al., 2018).

    Args:
        module: The module; it is changed.
        name: The weight's name.
        n_power_iterations: Steps of the power method for each use in training.
        eps: The least length of vectors that are normalized.
        dim: The dimension of the outputs; 0, and 1 for transposed convolutions, by default.
    """
    weight = _weight_of(module, name)
    dim = output_dim(module) if dim is None else dim
    return register_parametrization(
        module, name, _SpectralNorm(weight, n_power_iterations, dim, eps)
    )
