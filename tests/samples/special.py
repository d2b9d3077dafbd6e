"""Samples of the special functions but those of the gamma and error families (see gamma.py)."""

from __future__ import annotations

from tests.samples import HALF, I, T, V, call, raises, sample

INF, NAN = float("inf"), float("nan")
EDGE = V([0.0, -0.0, 0.5, -0.5, 1.0, 2.0, INF, -INF, NAN, 1e-8, 30.0], grad=False)
WIDE = T(40, low=-6, high=6)
ABOVE = T(30, low=0.2, high=20)
CHANCE = V([0.0, 1.0, 0.5, 1e-10, 0.999, -1.0, 2.0], grad=False)


def special(name: str, *calls: object, **how: object) -> object:
    how = {"inplace": False, **how}
    return sample(f"special.{name}", *calls, **how)  # type: ignore[arg-type]


# torch has no gradient of these
PLAIN = {"grad": False}
# and six digits of these
ROUGH = {"grad": False, "tol": 1e6, "base": ("float64",)}

SAMPLES = [
    sample("i0", call(WIDE), call(EDGE), more=HALF, tol=4),
    # torch has no gradient of the first argument
    sample("igamma", call(T(9, low=0.1, high=30, grad=False), T(9, low=0.1, high=30)),
           call(T(3, 1, low=0.1, high=30, grad=False), T(4, low=0.1, high=30)),
           raises(TypeError, T(3), 2.0, match="must be Tensor, not float"), tol=4),
    sample("igammac", call(T(9, low=0.1, high=30, grad=False), T(9, low=0.1, high=30)), tol=4),
    special("i0e", call(WIDE), call(EDGE), tol=4),
    special("i1", call(WIDE), call(V([0.0])), tol=4),
    special("i1e", call(WIDE), call(V([0.0])), tol=4),
    special("erfcx", call(WIDE), call(T(9, low=10, high=1e4)), tol=4),
    special("ndtr", call(WIDE), call(EDGE)),
    special("ndtri", call(T(40, low=0.01, high=0.99)), call(CHANCE), tol=4),
    special("log_ndtr", call(WIDE), call(T(20, low=-40, high=-6)), tol=4),
    special("entr", call(T(30, low=0.01, high=9)), call(EDGE)),
    special("xlog1py", call(T(3, 4), T(4, low=-0.5)), call(T(3), 2.0), call(2.0, T(3, low=0.1)),
            call(V([0.0, 0.0, 0.0]), V([-1.0, NAN, 2.0]))),
    special("zeta", call(T(30, low=1.1, high=9, grad=False), T(30, low=0.2, high=9)),
            call(V([1.0, 0.5, 2.0, 2.5], grad=False), V([2.0, 2.0, -2.0, -1.5], grad=False)),
            tol=8),
    special("polygamma", call(3, T(9, low=0.3, high=9)), gradgrad=False, tol=50),
    *[special(name, call(T(30, low=0.1, high=40)), **PLAIN) for name in (
        "modified_bessel_k0", "modified_bessel_k1", "scaled_modified_bessel_k0",
        "scaled_modified_bessel_k1")],
    *[special(name, call(WIDE), tol=4, grad=False) for name in (
        "modified_bessel_i0", "modified_bessel_i1", "spherical_bessel_j0")],
    *[special(name, call(T(40, low=0.1, high=40)), **ROUGH) for name in (
        "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "airy_ai")],
    *[special(f"{name}_polynomial_{kind}", call(T(9, low=-1, high=1), I(9, low=-1, high=9)),
              call(T(4, 1), 5), call(T(3), 0), tol=20, grad=False) for name, kinds in (
        ("chebyshev", "t u v w"), ("shifted_chebyshev", "t u v w"), ("hermite", "h he"),
        ("laguerre", "l"), ("legendre", "p")) for kind in kinds.split()],
    special("expit", call(WIDE)), special("psi", call(ABOVE), tol=8),
    special("gammaln", call(ABOVE), tol=4), special("multigammaln", call(T(5, low=2), 3), tol=4),
    special("gammainc", call(T(9, low=0.1, high=9, grad=False), T(9, low=0.1, high=9)), tol=4),
    special("gammaincc", call(T(9, low=0.1, high=9, grad=False), T(9, low=0.1, high=9)), tol=4),
    special("softmax", call(T(3, 4), 1)), special("log_softmax", call(T(3, 4), dim=0)),
    special("logsumexp", call(T(3, 4), 1)), special("round", call(T(9, high=9), decimals=1)),
]  # fmt: skip
