"""Special functions under the names of torch.special.

This is a face: all of them are operators, most of which are also found as dtrain.special_name.
"""

from __future__ import annotations

from dtrain.nn.functional import log_softmax, softmax
from dtrain.tensor import ops
from dtrain.tensor.ops import (
    digamma,
    erf,
    erfc,
    erfinv,
    exp2,
    expm1,
    i0,
    log1p,
    logit,
    logsumexp,
    polygamma,
    round,
    sinc,
    xlogy,
)

__all__ = [
    "airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "chebyshev_polynomial_t",
    "chebyshev_polynomial_u", "chebyshev_polynomial_v", "chebyshev_polynomial_w", "digamma", "entr",
    "erf", "erfc", "erfcx", "erfinv", "exp2", "expit", "expm1", "gammainc", "gammaincc", "gammaln",
    "hermite_polynomial_h", "hermite_polynomial_he", "i0", "i0e", "i1", "i1e",
    "laguerre_polynomial_l", "legendre_polynomial_p", "log1p", "log_ndtr", "log_softmax", "logit",
    "logsumexp", "modified_bessel_i0", "modified_bessel_i1", "modified_bessel_k0",
    "modified_bessel_k1", "multigammaln", "ndtr", "ndtri", "polygamma", "psi", "round",
    "scaled_modified_bessel_k0", "scaled_modified_bessel_k1", "shifted_chebyshev_polynomial_t",
    "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w", "sinc", "softmax", "spherical_bessel_j0", "xlog1py", "xlogy",
    "zeta",
]  # fmt: skip

airy_ai = ops.special_airy_ai
bessel_j0 = ops.special_bessel_j0
bessel_j1 = ops.special_bessel_j1
bessel_y0 = ops.special_bessel_y0
bessel_y1 = ops.special_bessel_y1
chebyshev_polynomial_t = ops.special_chebyshev_polynomial_t
chebyshev_polynomial_u = ops.special_chebyshev_polynomial_u
chebyshev_polynomial_v = ops.special_chebyshev_polynomial_v
chebyshev_polynomial_w = ops.special_chebyshev_polynomial_w
entr = ops.special_entr
erfcx = ops.special_erfcx
hermite_polynomial_h = ops.special_hermite_polynomial_h
hermite_polynomial_he = ops.special_hermite_polynomial_he
i0e = ops.special_i0e
i1 = ops.special_i1
i1e = ops.special_i1e
laguerre_polynomial_l = ops.special_laguerre_polynomial_l
legendre_polynomial_p = ops.special_legendre_polynomial_p
log_ndtr = ops.special_log_ndtr
modified_bessel_i0 = ops.special_modified_bessel_i0
modified_bessel_i1 = ops.special_modified_bessel_i1
modified_bessel_k0 = ops.special_modified_bessel_k0
modified_bessel_k1 = ops.special_modified_bessel_k1
ndtr = ops.special_ndtr
ndtri = ops.special_ndtri
scaled_modified_bessel_k0 = ops.special_scaled_modified_bessel_k0
scaled_modified_bessel_k1 = ops.special_scaled_modified_bessel_k1
shifted_chebyshev_polynomial_t = ops.special_shifted_chebyshev_polynomial_t
shifted_chebyshev_polynomial_u = ops.special_shifted_chebyshev_polynomial_u
shifted_chebyshev_polynomial_v = ops.special_shifted_chebyshev_polynomial_v
shifted_chebyshev_polynomial_w = ops.special_shifted_chebyshev_polynomial_w
spherical_bessel_j0 = ops.special_spherical_bessel_j0
xlog1py = ops.special_xlog1py
zeta = ops.special_zeta

expit = ops.sigmoid
gammainc = ops.igamma
gammaincc = ops.igammac
gammaln = ops.lgamma
multigammaln = ops.mvlgamma
psi = ops.digamma
