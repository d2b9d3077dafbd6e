"""Module: the base class of everything that has parameters and a forward.

Its parts stand in files of their own beside this one: tree (parameters, buffers, submodules), state
(state dicts), convert (devices and types) and hooks.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from dtrain.errors import OpTypeError, OpValueError
from dtrain.nn.convert import Convertible
from dtrain.nn.hooks import (
    CALL_HOOKS,
    Hooked,
    call_with_hooks,
    new_tables,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from dtrain.nn.state import Stateful, _IncompatibleKeys

__all__ = [
    "Module",
    "_IncompatibleKeys",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

M = TypeVar("M", bound="Module")


class Module(Stateful, Convertible, Hooked):
    """Base class of all neural network modules, as torch.nn.Module.

    A subclass calls `super().__init__()`, assigns its parameters and submodules as attributes and
    defines `forward`. Calling the module runs `forward` and the hooks around it.
    """

    call_super_init: ClassVar[bool] = False
    dump_patches: ClassVar[bool] = False
    training: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init and (args or kwargs):
            where = f"{type(self).__name__}.__init__()"
            if kwargs:
                raise OpTypeError(
                    f"{where} got an unexpected keyword argument '{next(iter(kwargs))}'"
                )
            raise OpTypeError(f"{where} takes 1 positional argument but {len(args) + 1} were given")
        self.__dict__.update(
            training=True,
            _parameters={},
            _buffers={},
            _non_persistent_buffers_set=set(),
            _modules={},
            **new_tables(),
        )
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def _forward_unimplemented(self, *args: Any, **kwargs: Any) -> Any:
        """Say that a subclass has to define forward."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    # A subclass gives forward any signature, which a method defined here would forbid.
    forward: Callable[..., Any] = _forward_unimplemented

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run forward and the hooks around it."""
        if (
            self._forward_hooks
            or self._forward_pre_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
            or CALL_HOOKS
        ):
            return call_with_hooks(self, args, kwargs)
        return self.forward(*args, **kwargs)

    # ---- modes ----
    def train(self: M, mode: bool = True) -> M:
        """Set training mode for the module and all below.

        Raises:
            OpValueError: `mode` is no bool.
        """
        if not isinstance(mode, bool):
            raise OpValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self: M) -> M:
        """Set evaluation mode: train(False)."""
        return self.train(False)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Say for all parameters whether they get gradients."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zero.

        Args:
            set_to_none: Set `.grad` to None instead of filling it with zeros.
        """
        if getattr(self, "_is_replica", False):
            warnings.warn(
                "Calling .zero_grad() from a module created with nn.DataParallel() has no effect. "
                "The parameters are copied (in a differentiable manner) from the original module. "
                "This means they are not leaf nodes in autograd and so don't accumulate gradients. "
                "If you need gradients in your forward method, consider using autograd.grad "
                "instead.",
                stacklevel=2,
            )
        for param in self.parameters():
            grad = param.grad
            if grad is None:
                continue
            if set_to_none:
                param.grad = None
                continue
            if grad.grad_fn is not None:
                grad.detach_()
            else:
                grad.requires_grad_(False)
            grad.zero_()

    def apply(self: M, fn: Callable[[Module], Any]) -> M:
        """Call `fn(module)` for all modules below and then for the module itself."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: operators run as they come, as with torch.compile here."""

    # ---- printing, copying ----
    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """Return what stands between the brackets besides submodules; "" here."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        own = extra.split("\n") if extra else []
        below = [
            f"({name}): " + repr(module).replace("\n", "\n  ")
            for name, module in self._modules.items()
        ]
        if not below and len(own) <= 1:
            return f"{self._get_name()}({extra})"
        inside = "\n  " + "\n  ".join(own + below) + "\n"
        return f"{self._get_name()}({inside})"

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A state that an older version pickled may lack what was added since.
        fresh = {"_non_persistent_buffers_set": set(), **new_tables()}
        self.__dict__.update({**fresh, **state})
