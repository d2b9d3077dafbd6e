"""Views as copies: torch's `*_copy` functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dtrain.tensor.inplace import accepts_out
from dtrain.tensor.ops.complex import view_as_complex, view_as_real
from dtrain.tensor.ops.diagonal import diagonal
from dtrain.tensor.ops.rearrange import unfold_dim
from dtrain.tensor.ops.select import select, split, split_with_sizes, unbind
from dtrain.tensor.ops.shape import expand, permute, squeeze, t, transpose, unsqueeze, view
from dtrain.tensor.ops.strided import as_strided
from dtrain.tensor.shape_rules import wrap_dim
from dtrain.tensor.tensor import Tensor

__all__ = [
    "alias_copy",
    "as_strided_copy",
    "detach_copy",
    "diagonal_copy",
    "expand_copy",
    "permute_copy",
    "select_copy",
    "slice_copy",
    "split_copy",
    "split_with_sizes_copy",
    "squeeze_copy",
    "t_copy",
    "transpose_copy",
    "unbind_copy",
    "unfold_copy",
    "unsqueeze_copy",
    "view_as_complex_copy",
    "view_as_real_copy",
    "view_copy",
]


def _copying(name: str, view_: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function `name`, which copies what a function that makes views gives."""

    def copy(input: Tensor, *args: Any, **kw: Any) -> Any:
        made = view_(input, *args, **kw)
        if isinstance(made, tuple):
            return tuple([part.clone() for part in made])
        return made.clone()

    copy.__name__ = copy.__qualname__ = name
    copy.__doc__ = f"Return a copy of what {name.removesuffix('_copy')} gives a view of."
    return accepts_out(copy)


def slice_copy(
    input: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Any:
    """Return a copy of the positions from start up to, without, end along a dimension."""
    at = (slice(None),) * wrap_dim("slice_copy", dim, input._a.ndim)
    place = (*at, slice(start, end, step))
    return input[place].clone()


alias_copy = _copying("alias_copy", lambda input: input)
as_strided_copy = _copying("as_strided_copy", as_strided)
detach_copy = _copying("detach_copy", Tensor.detach)
diagonal_copy = _copying("diagonal_copy", diagonal)
expand_copy = _copying("expand_copy", expand)
permute_copy = _copying("permute_copy", permute)
select_copy = _copying("select_copy", select)
split_copy = _copying("split_copy", split)
split_with_sizes_copy = _copying("split_with_sizes_copy", split_with_sizes)
squeeze_copy = _copying("squeeze_copy", squeeze)
t_copy = _copying("t_copy", t)
transpose_copy = _copying("transpose_copy", transpose)
unbind_copy = _copying("unbind_copy", unbind)
unfold_copy = _copying("unfold_copy", unfold_dim)
unsqueeze_copy = _copying("unsqueeze_copy", unsqueeze)
view_as_complex_copy = _copying("view_as_complex_copy", view_as_complex)
view_as_real_copy = _copying("view_as_real_copy", view_as_real)
view_copy = _copying("view_copy", lambda input, *size: view(input.contiguous(), *size))
