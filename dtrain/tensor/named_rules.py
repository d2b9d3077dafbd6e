"""Named dimensions: which names there may be, and which ones a result has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dtrain.errors import OpError
from dtrain.tensor.tensor import Tensor

__all__ = [
    "BY_NAME",
    "DIM_FIRST",
    "RULES",
    "Names",
    "Rule",
    "check_names",
    "names_of",
    "position",
    "same",
    "shown",
    "unified",
    "unsupported",
]

Names = tuple[Any, ...]


def check_names(names: Names, ndim: int) -> None:
    """Refuse names that a tensor of `ndim` dimensions cannot have.

    Raises:
        OpError: Their number is wrong, one appears twice, or one is no identifier.
    """
    for name in names:
        if name is not None and not (isinstance(name, str) and name.isidentifier()):
            raise OpError(
                f"Invalid name: a valid identifier contains only digits, alphabets, and/or "
                f"underscore and starts with a non-digit. got: '{name}'."
            )
    if len(names) != ndim:
        raise OpError(
            f"Number of names ({len(names)}) and number of dimensions in tensor ({ndim}) do not "
            f"match. Attempted to create a tensor with names {shown(names)}"
        )
    for i, name in enumerate(names):
        if name is not None and name in names[:i]:
            raise OpError(
                f"Cannot construct a tensor with duplicate names. Got names: {shown(names)}."
            )


def shown(names: Sequence[Any]) -> str:
    """Return names as torch writes them in its errors."""
    return "[" + ", ".join("None" if n is None else f"'{n}'" for n in names) + "]"


def names_of(tensor: Any) -> Names:
    """Return a tensor's names; None for each dimension without one."""
    found: Names | None = getattr(tensor, "_names", None)
    return (None,) * tensor._a.ndim if found is None else found


def position(names: Names, dim: Any) -> Any:
    """Return the number of a dimension that is given by its name.

    Raises:
        OpError: No dimension has the name.
    """
    if not isinstance(dim, str):
        return dim
    if dim not in names:
        raise OpError(f"Name '{dim}' not found in Tensor{shown(names)}.")
    return names.index(dim)


def unsupported(name: str) -> OpError:
    """Return the error for a method that has no rule for names."""
    return OpError(
        f"{name} is not yet supported with named tensors. Please drop names via `tensor = "
        f"tensor.rename(None)`, call the op with an unnamed tensor, and set names on the result of "
        "the operation."
    )


# ---- which names a result has ----


def unified(a: Names, b: Names) -> Names:
    """Return the names of a result of two operands that broadcast.

    Raises:
        OpError: Two dimensions meet that have different names.
    """
    n = max(len(a), len(b))
    wide_a: Names = (None,) * (n - len(a)) + a
    wide_b: Names = (None,) * (n - len(b)) + b
    for x, y in zip(wide_a, wide_b, strict=True):
        if x is not None and y is not None and x != y:
            raise OpError(
                f"Error when attempting to broadcast dims {shown(a)} and dims {shown(b)}: dim "
                f"'{x}' and dim '{y}' are at the same position from the right but do not match."
            )
    made = tuple([x if y is None else y for x, y in zip(wide_a, wide_b, strict=True)])
    for names, other in ((wide_a, wide_b), (wide_b, wide_a)):
        for i, name in enumerate(names):
            if name is not None and other[i] is None and name in other:
                raise OpError(
                    f"Misaligned dims when attempting to broadcast dims {shown(a)} and dims "
                    f"{shown(b)}: dim '{name}' appears in a different position from the right "
                    "across both lists."
                )
    return made


def same(names: Names, made: Tensor, args: Any, kw: Any) -> Names:
    """Return the names of an elementwise result."""
    for x in (*args, *kw.values()):
        if isinstance(x, Tensor):
            names = unified(names, names_of(x))
    return names


def _reduced(names: Names, made: Tensor, args: Any, kw: Any) -> Names:
    """Return the names left by a reduction over its argument `dim`."""
    ndim = len(names)
    if made._a.ndim == ndim:
        return names
    dim = kw.get("dim", args[0] if args else None)
    if made._a.ndim == 0 or dim is None:
        return ()
    gone = {d % ndim for d in ((dim,) if isinstance(dim, int) else dim)}
    return tuple([n for i, n in enumerate(names) if i not in gone])


def _dropped(names: Names, made: Tensor, args: Any, kw: Any) -> Names:
    """Return the names without that of the argument `dim`: select, unbind."""
    at = kw.get("dim", args[0] if args else 0) % len(names)
    return names[:at] + names[at + 1 :]


def _swapped(names: Names, made: Tensor, args: Any, kw: Any) -> Names:
    one, two = [*args, *kw.values()][:2]
    held = list(names)
    held[one], held[two] = held[two], held[one]
    return tuple(held)


def _permuted(names: Names, made: Tensor, args: Any, kw: Any) -> Names:
    dims = kw.get("dims", args[0] if len(args) == 1 and not isinstance(args[0], int) else args)
    return tuple([names[d] for d in dims])


def _reversed(names: Names, made: Tensor, args: Any, kw: Any) -> Names:
    return names[::-1]


def _expanded(names: Names, made: Tensor, args: Any, kw: Any) -> Names:
    return (*[None] * (made._a.ndim - len(names)), *names)


def _product(names: Names, made: Tensor, args: Any, kw: Any) -> Names:
    """Return the names of a product of matrices, vectors or batches."""
    other = names_of(args[0] if args else next(iter(kw.values())))
    left = names[:-1]
    right = (*other[:-2], *other[-1:]) if len(other) > 1 else ()
    if len(names) == 1:
        return right
    if len(other) == 1:
        return left
    return (*unified(left[:-1], right[:-1]), left[-1], right[-1])


def _indexed(names: Names, made: Tensor, args: Any, kw: Any) -> Names:
    """Return the names left by indexing with integers, slices and an ellipsis."""
    key = args[0] if isinstance(args[0], tuple) else (args[0],)
    if not all(isinstance(k, (int, slice)) or k is Ellipsis for k in key):
        raise unsupported("__getitem__")
    if Ellipsis in key:
        at = key.index(Ellipsis)
        filled = (slice(None),) * (len(names) - len(key) + 1)
        key = (*key[:at], *filled, *key[at + 1 :])
    taken = {i for i, k in enumerate(key) if isinstance(k, int)}
    return tuple([n for i, n in enumerate(names) if i not in taken])


Rule = Callable[[Names, Tensor, Any, Any], Names]
RULES: dict[str, Rule] = {}
_SAME = (
    "clone contiguous detach to float double half long int bool cpu cuda cumsum cumprod softmax "
    "log_softmax sort narrow split chunk copy_ fill_ zero_ type relu dropout masked_fill where "
    "type_as __neg__ __invert__ __abs__ __add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ "
    "__truediv__ __rtruediv__ __pow__ __rpow__ __floordiv__ __mod__ __and__ __or__ __xor__ __eq__ "
    "__ne__ __lt__ __le__ __gt__ __ge__ __iadd__ __isub__ __imul__ __itruediv__"
)
_REDUCED = (
    "sum nansum mean prod std var amax amin argmax argmin max min median mode kthvalue logsumexp "
    "norm all any"
)
for _rule, _methods in (
    (same, _SAME), (_reduced, _REDUCED), (_dropped, "select unbind"),
    (_swapped, "transpose swapaxes swapdims"), (_permuted, "permute"), (_reversed, "t"),
    (_expanded, "expand"), (_product, "matmul mm bmm mv __matmul__"), (_indexed, "__getitem__"),
):  # fmt: skip
    RULES.update(dict.fromkeys(_methods.split(), _rule))
DIM_FIRST = frozenset({_reduced, _dropped, _swapped, _permuted})
BY_NAME = frozenset({"cumsum", "cumprod", "softmax", "log_softmax", "sort", "narrow"})
