"""dtrain: data-parallel training with PyTorch's programming model on NumPy, CuPy, MPI and NCCL.

`import dtrain as torch` is how most programs use it. This module is the torch-shaped face: it
re-exports what the packages below define and has no logic of its own.
"""

from __future__ import annotations

import importlib as _importlib
from math import e, inf, nan, pi
from typing import Any as _Any

from dtrain import autograd, nn, utils
from dtrain.compat.aliases import enable_aliases as _enable_aliases
from dtrain.compat.aliases import lazy_children as _lazy_children
from dtrain.nn.functional.recurrent import *
from dtrain.nn.functional.toplevel import *
from dtrain.tensor import named as _named
from dtrain.tensor.autocast import *
from dtrain.tensor.create import *
from dtrain.tensor.device import device
from dtrain.tensor.draws import binomial, poisson
from dtrain.tensor.draws import dirichlet as _sample_dirichlet
from dtrain.tensor.draws import standard_gamma as _standard_gamma
from dtrain.tensor.dtype import (
    bfloat16,
    complex64,
    complex128,
    dtype,
    float16,
    float32,
    float64,
    get_default_dtype,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    uint8,
    uint16,
    uint32,
    uint64,
)  # fmt: skip
from dtrain.tensor.dtype import (
    bool_ as bool,
)
from dtrain.tensor.from_data import *
from dtrain.tensor.generator import Generator, default_generator
from dtrain.tensor.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from dtrain.tensor.interop import from_dlpack
from dtrain.tensor.layout import layout, sparse_coo, strided
from dtrain.tensor.legacy import *
from dtrain.tensor.like import *
from dtrain.tensor.memory_format import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    memory_format,
    preserve_format,
)
from dtrain.tensor.ops import *
from dtrain.tensor.printing import set_printoptions
from dtrain.tensor.promote import can_cast, promote_types, result_type
from dtrain.tensor.query import *
from dtrain.tensor.random import *
from dtrain.tensor.random_fill import *
from dtrain.tensor.series import *
from dtrain.tensor.settings import *
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import Tensor
from dtrain.version import __version__

float, double, half = float32, float64, float16
int, long, short = int32, int64, int16
cfloat, cdouble = complex64, complex128
newaxis = None

# What is imported when it is first asked for: modules, and names that one of them defines.
_MODULES = {
    "amp": "dtrain.amp", "backends": "dtrain.backends", "compiler": "dtrain.compiler",
    "cuda": "dtrain.cuda", "distributed": "dtrain.distributed",
    "distributions": "dtrain.distributions", "fft": "dtrain.fft", "func": "dtrain.func",
    "linalg": "dtrain.linalg", "masked": "dtrain.masked",
    "multiprocessing": "dtrain.multiprocessing", "optim": "dtrain.optim",
    "profiler": "dtrain.profiler", "random": "dtrain.tensor.random",
    "serialization": "dtrain.checkpoint", "signal": "dtrain.signal", "sparse": "dtrain.sparse",
    "special": "dtrain.special", "testing": "dtrain.testing", "version": "dtrain.version",
}  # fmt: skip
_NAMES = {
    "autocast": "dtrain.amp", "compile": "dtrain.compiler", "load": "dtrain.checkpoint",
    "save": "dtrain.checkpoint",
}  # fmt: skip


def __getattr__(name: str) -> _Any:
    if name in _MODULES:
        found: _Any = _importlib.import_module(_MODULES[name])
    elif name in _NAMES:
        found = getattr(_importlib.import_module(_NAMES[name]), name)
    elif name[-1] == "_" != name[0] and hasattr(Tensor, name):
        found = getattr(Tensor, name)  # torch.sin_(x) is x.sin_()
    else:
        raise AttributeError(f"module 'dtrain' has no attribute {name!r}")
    globals()[name] = found
    return found


_enable_aliases()
_PARALLEL = {"DataParallel": "dtrain.parallel", "SyncBatchNorm": "dtrain.parallel"}
for _package, _elsewhere in ((nn, _PARALLEL), (utils, {})):
    vars(_package)["__getattr__"] = _lazy_children(_package.__name__, _elsewhere)

from dtrain.tensor.from_data import tensor  # noqa: E402  (last: the package has the same name)
