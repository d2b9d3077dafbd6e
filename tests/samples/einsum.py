"""Samples of einsum."""

from __future__ import annotations

from tests.samples import HALF, T, call, raises, sample

SAMPLES = [
    sample(
        "einsum",
        call("ij,jk->ik", T(3, 4), T(4, 5)),
        call("bij,bjk->bik", T(2, 3, 4), T(2, 4, 5)),
        call("bij,bjk", T(2, 3, 4), T(2, 4, 5)),
        call("i,j->ij", T(3), T(4)),
        call("ii->i", T(3, 3)),
        call("ii", T(3, 3)),
        call("ij->ji", T(3, 4)),
        call("ij->", T(3, 4)),
        call("...ij,...jk->...ik", T(2, 3, 4), T(4, 5)),
        call("bqhd,bkhd->bhqk", T(2, 3, 2, 4), T(2, 5, 2, 4)),
        call("i,i,ij->j", T(3), T(3), T(3, 4)),
        call("ijk,jil,kl->ki", T(2, 3, 4), T(3, 2, 5), T(4, 5)),
        call("ij,ij->ij", T(3, 4), T(3, 4)),
        call("ij,kl->ki", T(3, 4), T(2, 5)),
        call("bn,anm,bm->ba", T(2, 5), T(3, 5, 4), T(2, 4)),
        call("ij,jk->ik", T(3, 1), T(4, 5)),
        call(T(3, 4), [0, 1], T(4, 5), [1, 2], [0, 2]),
        call("...a->a...", T(2, 3, 4)),
        raises(RuntimeError, "ij,jk->ik", T(3, 4), T(5, 6), match="does not broadcast"),
        raises(RuntimeError, "ij", T(3), match="number of subscripts"),
        raises(RuntimeError, "ij,jk->ik", T(3, 4), match="fewer operands"),
        more=(*HALF, "complex128", "int64"),
        tol=2,
        method=False,
    ),
]
