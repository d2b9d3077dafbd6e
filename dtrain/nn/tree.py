"""The tree of modules: registering parameters, buffers and submodules, and walking over them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from dtrain.errors import OpError, OpTypeError, OpValueError
from dtrain.nn.hooks import REGISTRATION_HOOKS
from dtrain.nn.parameter import Buffer, Parameter
from dtrain.tensor.tensor import Tensor

if TYPE_CHECKING:
    from dtrain.nn.module import Module

__all__ = ["Tree", "typename"]


def typename(value: Any) -> str:
    """Return the name of a value's class as torch writes it in messages."""
    if type(value) is Tensor:
        return "torch.Tensor"
    cls = type(value)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__name__}"


class Tree:
    """The part of a module that holds parameters, buffers and submodules, each under a name.

    They are no attributes in `__dict__` but stand in dictionaries of their own; `__getattr__` finds
    them there. An assignment registers what is a Parameter, a Buffer or a module.
    """

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _non_persistent_buffers_set: set[str]
    _modules: dict[str, Module | None]

    # ---- registration ----
    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under `name`; None keeps the name free for one.

        Raises:
            OpTypeError: `param` is no Parameter.
            OpValueError: `param` was computed from other tensors.
            KeyError: The name is empty, has a dot, or is taken.
        """
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        _check_name(self, "parameter", name, self._parameters)
        if param is not None:
            if not isinstance(param, Parameter):
                raise OpTypeError(
                    f"cannot assign '{typename(param)}' object to parameter '{name}' "
                    "(torch.nn.Parameter or None required)"
                )
            if param.grad_fn is not None:
                raise OpValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must "
                    f"be created explicitly. To express '{name}' as a function of another Tensor, "
                    "compute the value in the forward() method."
                )
            param = _passed(self, "parameter", name, param)
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is part of the module's state but is not trained.

        Args:
            name: Its name.
            tensor: The tensor; None keeps the name free for one.
            persistent: Whether it is part of the state_dict.

        Raises:
            OpTypeError: `tensor` is no Tensor.
            KeyError: The name is empty, has a dot, or is taken.
        """
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        _check_name(self, "buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise OpTypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' "
                "(torch Tensor or None required)"
            )
        self._buffers[name] = _passed(self, "buffer", name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a submodule under `name`.

        Raises:
            OpTypeError: `module` is no module.
            KeyError: The name is empty, has a dot, or is taken.
        """
        if "_modules" not in self.__dict__:
            raise AttributeError("cannot assign module before Module.__init__() call")
        if module is not None and not isinstance(module, Tree):
            raise OpTypeError(f"{typename(module)} is not a Module subclass")
        _check_name(self, "module", name, self._modules)
        self._modules[name] = _passed(self, "module", name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """Add a submodule under `name`: another name of add_module."""
        self.add_module(name, module)

    # ---- attributes ----
    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        for table in ("_parameters", "_buffers", "_modules"):
            held = own.get(table)
            if held is not None and name in held:
                return held[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        if isinstance(value, Parameter):
            if "_parameters" not in own:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            _forget(self, name, "_buffers", "_modules")
            self.register_parameter(name, value)
        elif name in own.get("_parameters", ()):
            if value is not None:
                raise OpTypeError(
                    f"cannot assign '{typename(value)}' as parameter '{name}' "
                    "(torch.nn.Parameter or None expected)"
                )
            self.register_parameter(name, None)
        elif isinstance(value, Tree) or name in own.get("_modules", ()):
            _set_module(self, name, value)
        elif isinstance(value, Tensor) and isinstance(value, Buffer):
            if "_buffers" not in own:
                raise AttributeError("cannot assign buffer before Module.__init__() call")
            _set_buffer(self, name, value, bool(value.persistent))
        elif name in own.get("_buffers", ()):
            _set_buffer(self, name, value, name not in self._non_persistent_buffers_set)
        else:
            object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        for table in (self._parameters, self._buffers, self._modules):
            if name in table:
                del cast("dict[str, Any]", table)[name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = chain(
            dir(type(self)), self.__dict__, self._parameters, self._modules, self._buffers
        )
        return sorted({name for name in names if not name[:1].isdigit()})

    # ---- finding by path ----
    def get_submodule(self, target: str) -> Module:
        """Return the submodule at a path as "block.0.conv"; the module itself for "".

        Raises:
            AttributeError: There is nothing, or no module.
        """
        found: Any = self
        for name in target.split(".") if target else ():
            found = _member(found, name)
            if not isinstance(found, Tree):
                raise AttributeError(f"`{name}` is not an nn.Module")  # noqa: TRY004
        return cast("Module", found)

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module at a path in place of the one there.

        Raises:
            AttributeError: `strict` and there is nothing at the path, or it is no module.
            OpValueError: The path is empty, or `module` is no module.
        """
        if not target:
            raise OpValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Tree):
            raise OpValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict or hasattr(parent, name):
            held = _member(parent, name)
            if not isinstance(held, Tree):
                raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter at a path.

        Raises:
            AttributeError: There is nothing, or no parameter.
        """
        path, _, name = target.rpartition(".")
        found = _member(self.get_submodule(path), name)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")  # noqa: TRY004
        return found

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer at a path.

        Raises:
            AttributeError: There is nothing, or no buffer.
        """
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        found = _member(owner, name)
        if name not in owner._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return cast(Tensor, found)

    # ---- walking ----
    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Yield (path, module) for the module and all below, parents first.

        Args:
            memo: Modules to leave out; those yielded are added.
            prefix: Put in front of each path.
            remove_duplicate: Yield a module that stands at several places once.
        """
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, cast("Module", self)
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """Yield the module and all below, each once unless `remove_duplicate=False`."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield (name, module) for the direct submodules, each once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """Yield the direct submodules, each once."""
        for _, module in self.named_children():
            yield module

    def _named_members(
        self,
        get_members_fn: Callable[[Module], Iterable[tuple[str, Any]]],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        """Yield (path, member) for what `get_members_fn` finds in each module."""
        memo = set()
        modules: Iterable[tuple[str, Module]] = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else [(prefix, cast("Module", self))]
        )
        for path, module in modules:
            for name, value in get_members_fn(module):
                if value is None or value in memo:
                    continue
                if remove_duplicate:
                    memo.add(value)
                yield (f"{path}.{name}" if path else name), value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield (path, parameter) for all parameters, or the module's own without `recurse`."""
        return self._named_members(
            lambda module: module._parameters.items(), prefix, recurse, remove_duplicate
        )

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield all parameters, each once."""
        for _, param in self.named_parameters(recurse=recurse):
            yield param

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield (path, buffer) for all buffers, or the module's own without `recurse`."""
        return self._named_members(
            lambda module: module._buffers.items(), prefix, recurse, remove_duplicate
        )

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yield all buffers, each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer


def _member(owner: Any, name: str) -> Any:
    if not hasattr(owner, name):
        raise AttributeError(f"{owner._get_name()} has no attribute `{name}`")
    return getattr(owner, name)


def _check_name(module: Any, what: str, name: str, table: dict[str, Any]) -> None:
    if not isinstance(name, str):
        raise OpTypeError(f"{what} name should be a string. Got {typename(name)}")
    if name not in table and hasattr(module, name):
        raise KeyError(f"attribute '{name}' already exists")
    if "." in name:
        got = f", got: {name}" if what == "module" else ""
        raise KeyError(f'{what} name can\'t contain "."{got}')
    if not name:
        raise KeyError(f'{what} name can\'t be empty string ""')


def _passed(module: Any, what: str, name: str, value: Any) -> Any:
    """Return what the registration hooks of all modules make of a value."""
    for hook in tuple(REGISTRATION_HOOKS[what].values()):
        got = hook(module, name, value)
        if got is not None:
            value = got
    return value


def _set_module(module: Any, name: str, value: Any) -> None:
    if "_modules" not in module.__dict__:
        raise AttributeError("cannot assign module before Module.__init__() call")
    if isinstance(value, Tree):
        _forget(module, name, "_parameters", "_buffers")
    elif value is not None:
        raise OpTypeError(
            f"cannot assign '{typename(value)}' as child module '{name}' "
            "(torch.nn.Module or None expected)"
        )
    module._modules[name] = _passed(module, "module", name, value)


def _set_buffer(module: Any, name: str, value: Any, persistent: bool) -> None:
    if value is not None and not isinstance(value, Tensor):
        raise OpTypeError(
            f"cannot assign '{typename(value)}' as buffer '{name}' "
            "(torch.nn.Buffer, torch.Tensor or None expected)"
        )
    register = module.register_buffer
    takes_persistent = getattr(register, "__func__", None) is Tree.register_buffer
    if takes_persistent or "persistent" in inspect.signature(register).parameters:
        register(name, value, persistent)
    elif persistent:
        register(name, value)
    else:
        raise OpError(
            "Registering a non-persistent buffer on a Module subclass that implements "
            "register_buffer() without the persistent argument is not allowed."
        )


def _forget(module: Any, name: str, *tables: str) -> None:
    """Take a name out of where a new owner does not look for it."""
    module.__dict__.pop(name, None)
    for table in tables:
        module.__dict__[table].pop(name, None)
    module._non_persistent_buffers_set.discard(name)
