"""Containers of modules: a chain, a list, a dictionary."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from itertools import chain
from operator import index as as_index
from typing import Any, TypeVar

from dtrain.errors import OpIndexError, OpTypeError, OpValueError
from dtrain.nn.module import Module

__all__ = ["ModuleDict", "ModuleList", "Sequential"]

C = TypeVar("C", bound="_Numbered")


class _Numbered(Module):
    """Modules under the names "0", "1", ..., which follow changes."""

    _modules: dict[str, Any]

    def _key(self, idx: int) -> str:
        """Return the name of the module at a place, which may be counted from the end.

        Raises:
            OpIndexError: There is no such place.
        """
        place, size = as_index(idx), len(self._modules)
        if not -size <= place < size:
            raise OpIndexError(f"index {idx} is out of range")
        return list(self._modules)[place]

    def _renumber(self, modules: Iterable[Any]) -> None:
        self.__dict__["_modules"] = {str(i): module for i, module in enumerate(modules)}

    def __setitem__(self, idx: int, module: Module) -> None:
        setattr(self, self._key(idx), module)

    def __delitem__(self, idx: int | slice) -> None:
        names = list(self._modules)[idx] if isinstance(idx, slice) else [self._key(idx)]
        for name in names:
            delattr(self, name)
        self._renumber(self._modules.values())

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def append(self: C, module: Module) -> C:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self: C, modules: Iterable[Module]) -> C:
        """Add modules at the end."""
        if not isinstance(modules, Iterable):
            raise OpTypeError(
                f"{type(self).__name__}.extend should be called with an iterable, but got "
                f"{type(modules).__name__}"
            )
        for module in list(modules):
            self.append(module)
        return self

    def pop(self, key: int | slice) -> Any:
        """Take modules out and return them."""
        taken = self[key]
        del self[key]
        return taken

    def __getitem__(self, idx: Any) -> Any:
        return self._modules[self._key(idx)]


class Sequential(_Numbered):
    """A chain: each module gets what the one before returned.

    Args:
        *args: Modules, or one OrderedDict of them by name.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for i, module in enumerate(args):
                self.add_module(str(i), module)

    def forward(self, input: Any) -> Any:
        """Return what the last module returns."""
        for module in self._modules.values():
            input = module(input)
        return input

    def __getitem__(self, idx: Any) -> Any:
        if isinstance(idx, slice):
            return type(self)(OrderedDict(list(self._modules.items())[idx]))
        return super().__getitem__(idx)

    def insert(self, index: int, module: Module) -> Sequential:
        """Put a module before the one at `index`.

        Raises:
            OpIndexError: There is no such place.
        """
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}")  # noqa: TRY004
        size = len(self._modules)
        if not -size <= index <= size:
            raise OpIndexError(f"Index out of range: {index}")
        modules = list(self)
        modules.insert(index if index >= 0 else index + size, module)
        self._renumber(modules)
        return self

    def __add__(self, other: Sequential) -> Sequential:
        return Sequential(*self, *_chain(other))

    def __iadd__(self, other: Sequential) -> Sequential:
        return self.extend(_chain(other))

    def __mul__(self, other: int) -> Sequential:
        return Sequential(*(list(self) * self._times(other)))

    __rmul__ = __mul__

    def __imul__(self, other: int) -> Sequential:
        return self.extend(list(self) * (self._times(other) - 1))

    def _times(self, count: int) -> int:
        if not isinstance(count, int):
            raise OpTypeError(f"unsupported operand type(s) for *: {type(self)} and {type(count)}")
        if count <= 0:
            raise OpValueError(f"Non-positive multiplication factor {count} for {type(self)}")
        return count


def _chain(other: Any) -> Sequential:
    if not isinstance(other, Sequential):
        raise OpValueError(
            f"add operator supports only objects of Sequential class, but {type(other)} is given."
        )
    return other


class ModuleList(_Numbered):
    """A list of modules; it has no forward of its own."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __getitem__(self, idx: Any) -> Any:
        if isinstance(idx, slice):
            return type(self)(list(self._modules.values())[idx])
        return super().__getitem__(idx)

    def insert(self, index: int, module: Module) -> None:
        """Put a module before the one at `index`."""
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)

    def __iadd__(self, modules: Iterable[Module]) -> ModuleList:
        return self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList(chain(self, other))

    def __repr__(self) -> str:
        if not self._modules:
            return f"{self._get_name()}()"
        blocks: list[list[Any]] = []  # [first, last, text] of equal modules in a row
        for i, module in enumerate(self):
            text = repr(module)
            if blocks and blocks[-1][2] == text:
                blocks[-1][1] = i
            else:
                blocks.append([i, i, text])
        lines = [
            f"({first}): {text}"
            if first == last
            else f"({first}-{last}): {last - first + 1} x {text}"
            for first, last, text in blocks
        ]
        inside = "".join("\n  " + line.replace("\n", "\n  ") for line in lines)
        return f"{self._get_name()}({inside}\n)"


class ModuleDict(Module):
    """A dictionary of modules by name; it has no forward of its own."""

    _modules: dict[str, Any]

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Take all modules out."""
        self._modules.clear()

    def pop(self, key: str) -> Any:
        """Take a module out and return it."""
        return self._modules.pop(key)

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self._modules.keys()

    def items(self) -> ItemsView[str, Any]:
        """Return (name, module) pairs."""
        return self._modules.items()

    def values(self) -> ValuesView[Any]:
        """Return the modules."""
        return self._modules.values()

    def update(self, modules: Any) -> None:
        """Add modules from a mapping or from (name, module) pairs."""
        for name, module in pairs_of("ModuleDict", modules):
            self[name] = module


def pairs_of(where: str, given: Any) -> Iterable[tuple[Any, Any]]:
    """Return (key, value) pairs from a mapping or an iterable of pairs.

    Raises:
        OpTypeError: It is neither.
        OpValueError: An item has another length than two.
    """
    if not isinstance(given, Iterable):
        raise OpTypeError(
            f"{where}.update should be called with an iterable of key/value pairs, but got "
            f"{type(given).__name__}"
        )
    if isinstance(given, Mapping) or hasattr(given, "items"):
        return list(given.items())
    pairs = []
    for i, pair in enumerate(given):
        what = f"{where} update sequence element #{i}"
        if not isinstance(pair, Iterable):
            raise OpTypeError(f"{what} should be Iterable; is{type(pair).__name__}")
        items = tuple(pair)
        if len(items) != 2:
            raise OpValueError(f"{what} has length {len(items)}; 2 is required")
        pairs.append(items)
    return pairs
