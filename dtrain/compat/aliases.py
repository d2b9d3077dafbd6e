"""Modules under a second name: `dtrain.utils.data` for `dtrain.data`, `torch` for `dtrain`.

Both are one small finder over sys.meta_path.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

__all__ = ["ALIASES", "enable_aliases", "install", "lazy_children", "resolve"]

ALIASES = {
    "dtrain.autograd.grad_mode": "dtrain.tensor.grad_mode",
    "dtrain.utils.data": "dtrain.data",
    "dtrain.utils.data.dataloader": "dtrain.data.loader",
    "dtrain.utils.data.dataset": "dtrain.data.dataset",
    "dtrain.utils.data.distributed": "dtrain.data.distributed",
    "dtrain.utils.data.sampler": "dtrain.data.sampler",
    "dtrain.utils.hooks": "dtrain.tensor.graph",
    "dtrain.utils.dlpack": "dtrain.tensor.interop",
    "dtrain.nn.modules": "dtrain.nn",
    "dtrain.nn.modules.channelshuffle": "dtrain.nn.resize",
    "dtrain.nn.modules.container": "dtrain.nn",
    "dtrain.nn.modules.fold": "dtrain.nn.resize",
    "dtrain.nn.modules.instancenorm": "dtrain.nn.batchnorm",
    "dtrain.nn.modules.normalization": "dtrain.nn",
    "dtrain.nn.modules.pixelshuffle": "dtrain.nn.resize",
    "dtrain.nn.modules.pooling": "dtrain.nn",
    "dtrain.nn.modules.sparse": "dtrain.nn.embedding",
    "dtrain.nn.modules.upsampling": "dtrain.nn.resize",
    "dtrain.nn.parallel": "dtrain.parallel",
    "dtrain.cuda.amp.autocast_mode": "dtrain.cuda.amp",
    "dtrain.cuda.amp.grad_scaler": "dtrain.cuda.amp",
    "dtrain.amp.autocast_mode": "dtrain.amp.autocast",
    "dtrain.amp.grad_scaler": "dtrain.amp.scaler",
    "dtrain.nn.parallel.distributed": "dtrain.parallel.ddp",
    "dtrain.nn.utils.clip_grad": "dtrain.nn.clip",
    "dtrain.nn.utils.convert_parameters": "dtrain.nn.clip",
    "dtrain.nn.utils.rnn": "dtrain.nn.sequence",
    "dtrain.optim._adafactor": "dtrain.optim.adafactor",
    "dtrain.optim._muon": "dtrain.optim.muon",
    "dtrain.optim.adamw": "dtrain.optim.adam",
    "dtrain.optim.lr_scheduler": "dtrain.optim.schedule",
    "dtrain.random": "dtrain.tensor.random",
    "dtrain.serialization": "dtrain.checkpoint",
    "torch": "dtrain",
}


def resolve(name: str) -> str:
    """Return the module that a name stands for; below an alias, names go on as they are.

    >>> resolve("torch.nn.modules.linear")
    'dtrain.nn.linear'
    """
    head, tail = name, ""
    while head:
        known = ALIASES.get(head)
        if known is not None:
            return resolve(known + tail)
        head, dot, last = head.rpartition(".")
        tail = dot + last + tail
    return name


class _Loader:
    """Gives an existing module as the result of importing another name."""

    def __init__(self, target: str) -> None:
        self.target = target

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = importlib.import_module(self.target)
        self.own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.own_spec  # the import system has put the alias there


class _Finder:
    """Resolves the aliases that begin with a name."""

    def __init__(self, root: str) -> None:
        self.root = root

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] != self.root:
            return None
        known = resolve(fullname)
        if known == fullname or importlib.util.find_spec(known) is None:
            return None
        loader: Any = _Loader(known)  # a Loader by its methods: importlib.abc takes 8 ms to import
        return importlib.machinery.ModuleSpec(fullname, loader, is_package=True)


_inside = _Finder("dtrain")
_outside = _Finder("torch")


def enable_aliases() -> None:
    """Let torch's module names below dtrain be imported."""
    if _inside not in sys.meta_path:
        sys.meta_path.insert(0, _inside)  # before files: below an alias lie the target's


def install() -> None:
    """Let `import torch` find dtrain from now on in this process."""
    if _outside not in sys.meta_path:
        sys.meta_path.insert(0, _outside)
    for name in [n for n in sys.modules if n.partition(".")[0] == _outside.root]:
        del sys.modules[name]


def lazy_children(package: str, names: Mapping[str, str] | None = None) -> Callable[[str], Any]:
    """Return a module `__getattr__` that imports submodules (and aliases) on first use.

    Args:
        package: The module's name.
        names: Names that another module defines, each with that module.
    """
    elsewhere = names or {}

    def find(name: str) -> Any:
        if name in elsewhere:
            return getattr(importlib.import_module(elsewhere[name]), name)
        full = f"{package}.{name}"
        if not name.startswith("_") and importlib.util.find_spec(full) is not None:
            return importlib.import_module(full)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find
