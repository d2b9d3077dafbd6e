"""einsum: sums of products, written as labels of dimensions.

The operands are contracted in pairs from left to right; each pair is one (batched) matrix product,
so that its gradient is that of matmul.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from dtrain.errors import OpValueError, ShapeError
from dtrain.tensor.ops.matmul import bmm, mm
from dtrain.tensor.tensor import Tensor

__all__ = ["einsum"]

Labels = list[Any]
"""One label for each dimension: a letter, or ("...", i) for the i-th last one of an ellipsis."""


def einsum(*args: Any) -> Any:
    """Return the sum of products that an equation names, for example "bij,bjk->bik".

    Args:
        *args: The equation and its operands, or each operand followed by a list of its labels and
            at the end, optionally, the labels of the result.

    Raises:
        ShapeError: Labels and operands do not fit together.

    >>> import dtrain
    >>> dtrain.einsum("i,i->", dtrain.tensor([1.0, 2.0]), dtrain.tensor([3.0, 4.0])).item()
    11.0
    """
    equation, operands = _spelled(args)
    inputs, output = _parse(equation, operands)
    sizes = _sizes(operands, inputs)
    terms = [_simple(t, labels, sizes) for t, labels in zip(operands, inputs, strict=True)]
    while len(terms) > 1:
        a, b, *rest = terms
        needed = set(output).union(*(labels for _, labels in rest))
        terms = [_contract(a, b, needed), *rest]
    found, labels = terms[0]
    gone = [i for i, label in enumerate(labels) if label not in output]
    if gone:
        found = found.sum(gone)
        labels = [label for label in labels if label in output]
    return found.permute([labels.index(label) for label in output])


def _spelled(args: tuple[Any, ...]) -> tuple[str, list[Tensor]]:
    """Return (equation, operands) for either way to call einsum."""
    if not args:
        raise OpValueError("einsum(): must specify the equation string and at least one operand")
    if isinstance(args[0], str):
        given = args[1] if len(args) == 2 and isinstance(args[1], (list, tuple)) else args[1:]
        if not given:
            raise ShapeError("einsum(): must provide at least one operand")
        return args[0], list(given)
    operands = list(args[0 : len(args) - len(args) % 2 : 2])
    equation = ",".join(_letters(labels) for labels in args[1::2])
    if len(args) % 2:
        equation += "->" + _letters(args[-1])
    return equation, operands


def _letters(labels: Sequence[Any]) -> str:
    return "".join("..." if i is Ellipsis else _letter(i) for i in labels)


def _letter(i: int) -> str:
    if not 0 <= i < 52:
        raise ShapeError(f"einsum(): expected subscript {i} to be within the range [0, 52)")
    return chr(ord("A") + i) if i < 26 else chr(ord("a") + i - 26)


def _parse(equation: str, operands: list[Tensor]) -> tuple[list[Labels], Labels]:
    """Return the labels of each operand and those of the result.

    Raises:
        ShapeError: The equation does not fit the operands.
    """
    left, arrow, right = equation.replace(" ", "").partition("->")
    names = left.split(",")
    if len(names) != len(operands):
        more = "more operands were provided than specified in the equation"
        fewer = "fewer operands were provided than specified in the equation"
        raise ShapeError(f"einsum(): {fewer if len(names) > len(operands) else more}")
    dots = 0
    inputs = []
    for name, t in zip(names, operands, strict=True):
        rest = t.ndim - len(name.replace("...", ""))
        if rest < 0 or (rest and "..." not in name):
            raise ShapeError(
                f"einsum(): the number of subscripts in the equation ({len(name)}) does not match "
                f"the number of dimensions ({t.ndim}) for an operand and no ellipsis was given"
            )
        inputs.append(_labels(name, rest))
        dots = max(dots, rest if "..." in name else 0)
    if arrow:
        output = _labels(right, dots)
    else:
        counts = Counter(left.replace("...", "").replace(",", ""))
        output = _labels("...", dots) + sorted(c for c, n in counts.items() if n == 1)
    for label in output:
        if output.count(label) > 1 or not any(label in labels for labels in inputs):
            raise ShapeError(
                f"einsum(): output subscript {label} appears more than once in the output, or does "
                f"not appear in the equation for any input operand: {equation!r}"
            )
    return inputs, output


def _labels(name: str, rest: int) -> Labels:
    """Return the labels of a term whose ellipsis stands for `rest` dimensions."""
    before, _, after = name.partition("...")
    middle: Labels = [("...", i) for i in range(rest, 0, -1)] if "..." in name else []
    for c in before + after:
        if not (c.isascii() and c.isalpha()):
            raise ShapeError(f"einsum(): invalid subscript given, {c!r}; must be in [a-zA-Z]")
    return [*before, *middle, *after]


def _sizes(operands: list[Tensor], inputs: list[Labels]) -> dict[Any, int]:
    """Return the size of each label; a size of 1 broadcasts.

    Raises:
        ShapeError: A label has two sizes.
    """
    sizes: dict[Any, int] = {}
    for t, labels in zip(operands, inputs, strict=True):
        for label, n in zip(labels, t.shape, strict=True):
            known = sizes.get(label, 1)
            if 1 not in (known, n) and known != n:
                raise ShapeError(
                    f"einsum(): subscript {label} has size {n} for an operand which does not "
                    f"broadcast with previously seen size {known}"
                )
            sizes[label] = known if n == 1 else n
    return sizes


def _simple(t: Any, labels: Labels, sizes: dict[Any, int]) -> tuple[Any, Labels]:
    """Take diagonals of repeated labels, and drop the dimensions that broadcast."""
    labels = list(labels)
    for label in [label for label, n in Counter(labels).items() if n > 1]:
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            t = t.diagonal(0, i, j)
            del labels[j], labels[i]
            labels.append(label)
    small = [i for i, x in enumerate(labels) if t.shape[i] == 1 and sizes[x] != 1]
    for i in reversed(small):
        t = t.squeeze(i)
        del labels[i]
    return t, labels


def _contract(
    left: tuple[Any, Labels], right: tuple[Any, Labels], needed: set[Any]
) -> tuple[Any, Labels]:
    """Multiply two terms and sum over the labels that nobody else needs."""
    a, of_a = _summed(*left, needed.union(right[1]))
    b, of_b = _summed(*right, needed.union(of_a))
    batch = [x for x in of_a if x in of_b and x in needed]
    inner = [x for x in of_a if x in of_b and x not in needed]
    free_a = [x for x in of_a if x not in of_b]
    free_b = [x for x in of_b if x not in of_a]
    shape = {**dict(zip(of_a, a.shape, strict=True)), **dict(zip(of_b, b.shape, strict=True))}
    B, M, K, N = (math.prod([shape[x] for x in group]) for group in (batch, free_a, inner, free_b))
    a = a.permute([of_a.index(x) for x in batch + free_a + inner])
    b = b.permute([of_b.index(x) for x in batch + inner + free_b])
    if not inner:
        y = a.reshape(B, M, 1) * b.reshape(B, 1, N)
    elif not batch:
        y = mm(a.reshape(M, K), b.reshape(K, N))
    else:
        y = bmm(a.reshape(B, M, K), b.reshape(B, K, N))
    labels = batch + free_a + free_b
    return y.reshape([shape[x] for x in labels]), labels


def _summed(t: Any, labels: Labels, needed: set[Any]) -> tuple[Any, Labels]:
    gone = [i for i, x in enumerate(labels) if x not in needed]
    return (t.sum(gone), [x for x in labels if x in needed]) if gone else (t, labels)
