"""Parametrizations: a module's tensor computed from another one, which is trained in its place.

`register_parametrization(layer, "weight", P())` makes `layer.weight` a property: P of the parameter
that now stands at `layer.parametrizations.weight.original`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

from dtrain.errors import OpError, OpValueError
from dtrain.nn.containers import ModuleDict, ModuleList
from dtrain.nn.module import Module
from dtrain.nn.parameter import Parameter
from dtrain.tensor.grad_mode import no_grad
from dtrain.tensor.tensor import Tensor

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]

M = TypeVar("M", bound=Module)


class _Cache:
    """Tensors computed within `cached()`, and how many of these are open."""

    depth = 0
    values: ClassVar[dict[tuple[int, str], Any]] = {}


@contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized tensor once within the block."""
    _Cache.depth += 1
    try:
        yield
    finally:
        _Cache.depth -= 1
        if not _Cache.depth:
            _Cache.values.clear()


def _register(module: Module, name: str, tensor: Any) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _same_kind(made: Any, expected: Tensor, what: str, names: tuple[str, str]) -> None:
    """Raise where a computed tensor has another type or shape than the tensor it stands for.

    Raises:
        OpValueError: It has.
    """
    for trait in ("dtype", "shape"):
        before, after = getattr(expected, trait), getattr(made, trait)
        if before != after:
            raise OpValueError(
                f"{what} {trait} of the tensor, unless the `unsafe` flag is enabled.\n"
                f"{names[0]} {trait}: {before}\n{names[1]} {trait}: {after}"
            )


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, applied one after another, and what they start from.

    Args:
        modules: The parametrizations.
        original: The tensor as it was before.
        unsafe: Do not check that types and shapes stay.

    Raises:
        OpValueError: There is no parametrization, or it changes type or shape.
    """

    original: Any

    def __init__(self, modules: Sequence[Module], original: Any, unsafe: bool = False) -> None:
        if not modules:
            raise OpValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        before = original.detach()
        with no_grad():
            found: Any = original
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    try:
                        found = module.right_inverse(found)
                    except NotImplementedError:
                        continue  # it has none: the tensor is taken as it is
        self.is_tensor = isinstance(found, Tensor)
        if not self.is_tensor and not isinstance(found, Sequence):
            raise OpValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(found).__name__}"
            )
        self.ntensors = 1 if self.is_tensor else len(found)
        if self.is_tensor:
            self._take_one(original, found)
        else:
            self._take_several(original, found)
        if not unsafe:
            made = self()
            if not isinstance(made, Tensor):
                raise OpValueError(
                    f"A parametrization must return a tensor. Got {type(made).__name__}."
                )
            what = "Registering a parametrization may not change the"
            _same_kind(made, before, what, ("unparametrized", "parametrized"))

    def _take_one(self, original: Any, found: Any) -> None:
        """Keep the tensor that the parametrizations start from; it stays the same object."""
        for trait in ("dtype", "device"):
            if getattr(original, trait) != getattr(found, trait):
                raise OpValueError(
                    f"When `right_inverse` outputs one tensor, it may not change the {trait}.\n"
                    f"original.{trait}: {getattr(original, trait)}\n"
                    f"right_inverse(original).{trait}: {getattr(found, trait)}"
                )
        original.data = found.detach()
        _register(self, "original", original)

    def _take_several(self, original: Any, found: Sequence[Any]) -> None:
        for i, tensor in enumerate(found):
            if not isinstance(tensor, Tensor):
                raise OpValueError(
                    "'right_inverse' must return a Tensor or a Sequence of tensors (list, "
                    f"tuple...). Got element {i} of the sequence with type "
                    f"{type(tensor).__name__}."
                )
            if isinstance(original, Parameter):
                tensor = Parameter(tensor.detach(), original.requires_grad)
            _register(self, f"original{i}", tensor.requires_grad_(original.requires_grad))

    def right_inverse(self, value: Any) -> None:
        """Set what the parametrizations start from so that they give `value`.

        Raises:
            OpError: A parametrization has no right_inverse.
            OpValueError: What it returns does not fit.
        """
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise OpError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                value = module.right_inverse(value)
            kind = Tensor if self.is_tensor else Sequence
            if not isinstance(value, kind):
                what = "a tensor" if self.is_tensor else "a sequence of tensors"
                raise OpValueError(
                    f"`right_inverse` should return {what}. Got {type(value).__name__}"
                )
            found: list[Any] = [value] if self.is_tensor else list(value)
            if len(found) != self.ntensors:
                raise OpValueError(
                    "'right_inverse' must return a sequence of tensors of length "
                    f"{self.ntensors}. Got a sequence of length {len(found)}."
                )
            for held, tensor in zip(self._originals(), found, strict=True):
                if tensor.dtype != held.dtype:
                    raise OpValueError(
                        f"The tensor returned by `right_inverse` has dtype {tensor.dtype} while "
                        f"`original` has dtype {held.dtype}"
                    )
                held.data = tensor.detach()

    def _originals(self) -> list[Any]:
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def forward(self) -> Any:
        """Return the parametrized tensor."""
        first, *rest = self
        made = first(*self._originals())
        for module in rest:
            made = module(made)
        return made


def _copy_parametrized(self: Any, memo: dict[int, Any]) -> Any:
    """Return a deep copy that keeps the class made for this one module."""
    if id(self) not in memo:
        made = memo[id(self)] = object.__new__(type(self))
        made.__dict__.update(copy.deepcopy(self.__dict__, memo))
    return memo[id(self)]


def _refuse_pickling(self: Any) -> Any:
    raise OpError(
        "Serialization of parametrized modules is only supported through state_dict(). See:\n"
        "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
        "#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training"
    )


def _inject_class(module: Module) -> None:
    """Give a module a class of its own, on which properties can be set."""
    cls = type(module)
    space: dict[str, Any] = {"__getstate__": _refuse_pickling}
    if not hasattr(cls, "__deepcopy__"):
        space["__deepcopy__"] = _copy_parametrized
    module.__class__ = type(f"Parametrized{cls.__name__}", (cls,), space)


def _inject_property(module: Module, name: str) -> None:
    """Make a tensor's name a property of the module's own class."""

    def get(self: Any) -> Any:
        if not _Cache.depth:
            return self.parametrizations[name]()
        key = (id(self), name)
        if key not in _Cache.values:
            _Cache.values[key] = self.parametrizations[name]()
        return _Cache.values[key]

    def put(self: Any, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(get, put))


def register_parametrization(
    module: M, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> M:
    """Compute a tensor of a module by a parametrization from now on.

    Args:
        module: The module; it is changed.
        tensor_name: A parameter, a buffer, or a tensor that is parametrized already.
        parametrization: A module with `forward(original)`; `right_inverse(value)`, where it has
            one, gives the original (or several, for forward's arguments) that leads to a value.
        unsafe: Do not check that types and shapes stay.

    Raises:
        OpValueError: There is no such tensor, or the parametrization changes type or shape.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_further(module, tensor_name, parametrization)
        held: Any = module.parametrizations[tensor_name]
        held.append(parametrization)
        held.unsafe |= unsafe
        return module
    if tensor_name not in module._buffers and tensor_name not in module._parameters:
        raise OpValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    original = getattr(module, tensor_name)
    made = ParametrizationList([parametrization], original, unsafe=unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        _inject_class(module)
        module.parametrizations = ModuleDict()
    _inject_property(module, tensor_name)
    module.parametrizations[tensor_name] = made
    return module


def _check_further(module: Module, name: str, parametrization: Module) -> None:
    """Raise where one more parametrization of a tensor changes its type or shape."""
    before = getattr(module, name)
    after = parametrization(before)
    if not isinstance(after, Tensor):
        raise OpValueError(f"A parametrization must return a tensor. Got {type(after).__name__}.")
    names = (f"module.{name}", f"parametrization(module.{name})")
    _same_kind(after, before, "Registering a parametrization may not change the", names)
    if not hasattr(parametrization, "right_inverse"):
        return
    try:
        back = parametrization.right_inverse(after)
    except NotImplementedError:
        return
    if not isinstance(back, Tensor):
        raise OpValueError(
            f"parametrization.right_inverse must return a tensor. Got: {type(back).__name__}"
        )
    what = "The tensor returned by parametrization.right_inverse must have the same"
    _same_kind(back, before, what, (f"module.{name}", "returned"))


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Return whether a tensor, or any tensor, of a module is parametrized."""
    held = getattr(module, "parametrizations", None)
    if not isinstance(held, ModuleDict):
        return False
    return len(held) > 0 if tensor_name is None else tensor_name in held


def remove_parametrizations(module: M, tensor_name: str, leave_parametrized: bool = True) -> M:
    """Make a tensor a common parameter or buffer again.

    Args:
        module: The module; it is changed.
        tensor_name: The tensor.
        leave_parametrized: Keep the computed value; else what it was computed from.

    Raises:
        OpValueError: The tensor is not parametrized, or was computed from several.
    """
    if not is_parametrized(module, tensor_name):
        raise OpValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    held: Any = module.parametrizations[tensor_name]
    if not held.is_tensor and not leave_parametrized:
        raise OpValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
            "parametrized in terms of a sequence of tensors."
        )
    kept: Any = held.original if held.is_tensor else None
    if leave_parametrized:
        value = getattr(module, tensor_name)
        if held.is_tensor:
            kept.data = value.detach()
        else:
            kept = Parameter(value.detach()) if value.requires_grad else value
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, kept)
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """Return the class that a module had before a tensor of it was parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: M, tensor_name: str | None = None
) -> M:
    """Give a module the parametrizations of another one, and what they start from.

    Args:
        from_module: The module that has them.
        to_module: The module that gets them; it is changed.
        tensor_name: The tensor; all by default.
    """
    if not is_parametrized(from_module):
        return to_module
    for name in list(from_module.parametrizations) if tensor_name is None else [tensor_name]:
        source: Any = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name).detach()))
        for module in source:
            register_parametrization(to_module, name, module)
        target = to_module.parametrizations[name]
        names = ["original"] if source.is_tensor else [
            f"original{i}" for i in range(source.ntensors)
        ]  # fmt: skip
        for one in names:
            setattr(target, one, getattr(source, one))
    return to_module
