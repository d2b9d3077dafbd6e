"""Named results: what operators with several outputs return, as torch.return_types."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

__all__ = ["named_result"]


def named_result(op: str, fields: tuple[str, ...]) -> type[tuple[Any, ...]]:
    """Return the tuple class `torch.return_types.<op>` with these field names."""

    def show(self: tuple[Any, ...]) -> str:
        inner = ",\n".join(f"{f}={v!r}" for f, v in zip(fields, self, strict=True))
        return f"torch.return_types.{op}(\n{inner})"

    space: dict[str, Any] = {f: property(itemgetter(i)) for i, f in enumerate(fields)}
    space |= {"__slots__": (), "__repr__": show, "_fields": fields, "n_fields": len(fields)}
    return type(op, (tuple,), space)
