"""PyTorch's module names: aliases inside dtrain, and dtrain under the name of torch.

`install()` makes `import torch` and `import torchvision` find dtrain in this process;
`python -m dtrain.compat script.py ...` runs an unmodified PyTorch script that way. Both, and names
such as `dtrain.utils.data` for `dtrain.data`, are one small finder over sys.meta_path.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

__all__ = ["install", "lazy_children", "main"]

ALIASES = {
    "dtrain.utils.data": "dtrain.data",
    "dtrain.utils.data.dataloader": "dtrain.data.loader",
    "dtrain.utils.data.dataset": "dtrain.data.dataset",
    "dtrain.utils.data.distributed": "dtrain.data.distributed",
    "dtrain.utils.data.sampler": "dtrain.data.sampler",
    "dtrain.nn.modules": "dtrain.nn",
    "dtrain.nn.parallel": "dtrain.parallel",
    "dtrain.nn.parallel.distributed": "dtrain.parallel.ddp",
    "dtrain.nn.utils": "dtrain.nn.clip",
    "dtrain.nn.utils.clip_grad": "dtrain.nn.clip",
    "dtrain.optim.lr_scheduler": "dtrain.optim.schedule",
    "dtrain.random": "dtrain.tensor.random",
    "dtrain.serialization": "dtrain.checkpoint",
    "torch": "dtrain",
    "torchvision": "dtrain.vision",
}


class _Loader(importlib.abc.Loader):
    """Gives an existing module as the result of importing another name."""

    def __init__(self, target: str) -> None:
        self.target = target

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = importlib.import_module(self.target)
        self.own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.own_spec  # the import system has put the alias there


class _Finder(importlib.abc.MetaPathFinder):
    """Resolves aliases; below an alias, names go on as they are."""

    def __init__(self, roots: tuple[str, ...]) -> None:
        self.roots = set(roots)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        root, _, rest = fullname.partition(".")
        if root not in self.roots:
            return None
        known = ALIASES.get(fullname)
        if known is None and root != "dtrain":
            known = f"{ALIASES[root]}.{rest}"
            if root == "torch":
                known = ALIASES.get(known, known)
        if known is None:
            return None
        if importlib.util.find_spec(known) is None:
            return None
        return importlib.machinery.ModuleSpec(fullname, _Loader(known), is_package=True)


_inside = _Finder(("dtrain",))
_outside = _Finder(("torch", "torchvision"))


def enable_aliases() -> None:
    """Let torch's module names below dtrain be imported."""
    if _inside not in sys.meta_path:
        sys.meta_path.append(_inside)


def install() -> None:
    """Let `import torch` and `import torchvision` find dtrain from now on in this process."""
    if _outside not in sys.meta_path:
        sys.meta_path.insert(0, _outside)
    for name in [n for n in sys.modules if n.partition(".")[0] in _outside.roots]:
        del sys.modules[name]


def lazy_children(package: str) -> Callable[[str], Any]:
    """Return a module `__getattr__` that imports submodules (and aliases) on first use."""

    def __getattr__(name: str) -> Any:
        full = f"{package}.{name}"
        if not name.startswith("__") and importlib.util.find_spec(full) is not None:
            return importlib.import_module(full)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return __getattr__


def main(argv: list[str] | None = None) -> None:
    """Run a PyTorch script: `python -m dtrain.compat script.py args` or `-m module args`."""
    import runpy

    args = sys.argv[1:] if argv is None else argv
    if not args or args[0] in ("-h", "--help"):
        print("usage: python -m dtrain.compat script.py [args...] | -m module [args...]")
        raise SystemExit(0 if args else 2)
    install()
    if args[0] == "-m":
        sys.argv = args[1:]
        runpy.run_module(args[1], run_name="__main__", alter_sys=True)
    else:
        from pathlib import Path

        sys.argv = args
        sys.path[0] = str(Path(args[0]).resolve().parent)
        runpy.run_path(args[0], run_name="__main__")


if __name__ == "__main__":
    main()
