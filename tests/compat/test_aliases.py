"""Torch's module names, inside dtrain and under the name of torch."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import dtrain
from dtrain.compat.aliases import ALIASES, lazy_children, resolve

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import sys
import torch, torch.nn as nn, torch.nn.functional as F, torch.optim as optim
import torch.utils.data as Data
from torch import Tensor
from torch.autograd import Variable
from torch.nn.modules.linear import Linear
from torch.nn.parallel import DistributedDataParallel
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler

assert Linear is nn.Linear
assert Data.DataLoader is DataLoader is torch.utils.data.DataLoader
assert torch.nn.parallel.DistributedDataParallel is DistributedDataParallel
assert torch.optim.lr_scheduler.StepLR is StepLR

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = StepLR(optimizer, 1, 0.9)
data = TensorDataset(torch.randn(32, 4), torch.randint(2, (32,)))
for epoch in range(3):
    for x, y in DataLoader(data, batch_size=8, shuffle=True):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    scheduler.step()
torch.save(model.state_dict(), sys.argv[1])
torch.serialization.add_safe_globals([nn.Linear])
model.load_state_dict(torch.load(sys.argv[1]))
print(__name__, torch.__name__, f"{loss.item():.4f}")
"""


def run(*args: str, check: bool = True, cwd: Path = ROOT) -> str:
    """Run Python on the arguments and return what it prints."""
    done = subprocess.run(
        [sys.executable, *args],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    if check and done.returncode:
        pytest.fail(done.stderr)
    return done.stdout + done.stderr


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    return path


@pytest.mark.parametrize(("name", "target"), ALIASES.items())
def test_no_alias_is_dead(name: str, target: str) -> None:
    assert importlib.util.find_spec(resolve(target)) is not None, name


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("torch", "dtrain"),
        ("torch.nn.functional", "dtrain.nn.functional"),
        ("torch.nn.modules.linear", "dtrain.nn.linear"),
        ("torch.utils.data.sampler", "dtrain.data.sampler"),
        ("dtrain.nn.modules.linear", "dtrain.nn.linear"),
        ("dtrain.tensor", "dtrain.tensor"),
        ("json", "json"),
    ],
)
def test_names_resolve(name: str, target: str) -> None:
    assert resolve(name) == target


def test_an_alias_is_the_module_itself() -> None:
    assert importlib.import_module("dtrain.utils.data") is importlib.import_module("dtrain.data")
    loader = importlib.import_module("dtrain.data.loader")
    assert importlib.import_module("dtrain.utils.data.dataloader") is loader
    assert loader.__spec__ is not None
    assert loader.__spec__.name == "dtrain.data.loader"


def test_names_by_attribute() -> None:
    assert dtrain.utils.data.DataLoader is importlib.import_module("dtrain.data").DataLoader
    assert dtrain.optim.lr_scheduler.StepLR
    assert dtrain.nn.parallel.DistributedDataParallel
    assert dtrain.serialization.add_safe_globals
    assert dtrain.random.fork_rng
    assert dtrain.version.__version__


@pytest.mark.parametrize("where", ["dtrain", "dtrain.nn", "dtrain.optim", "dtrain.utils"])
def test_missing_names(where: str) -> None:
    module = importlib.import_module(where)
    with pytest.raises(AttributeError, match=f"module '{where}' has no attribute 'nothing'"):
        _ = module.nothing


def test_lazy_children_are_imported_on_first_use() -> None:
    look = lazy_children("dtrain")
    assert look("data") is importlib.import_module("dtrain.data")
    with pytest.raises(AttributeError, match="has no attribute '_private'"):
        look("_private")


@pytest.mark.torch
def test_an_unmodified_script_trains_as_with_torch(script: Path, tmp_path: Path) -> None:
    ours = run("-m", "dtrain.compat", str(script), str(tmp_path / "ours.pt"))
    theirs = run(str(script), str(tmp_path / "theirs.pt"))
    assert ours.split()[:2] == ["__main__", "dtrain"]
    assert theirs.split()[:2] == ["__main__", "torch"]
    assert ours.split()[2] == theirs.split()[2]


def test_modules_and_their_arguments(tmp_path: Path) -> None:
    (tmp_path / "say.py").write_text("import sys, torch; print(torch.__name__, sys.argv[1:])")
    made = run("-m", "dtrain.compat", "-m", "say", "x", cwd=tmp_path)
    assert made.strip() == "dtrain ['x']"


def test_usage() -> None:
    assert "usage: python -m dtrain.compat" in run("-m", "dtrain.compat", "--help")
    assert "usage: python -m dtrain.compat" in run("-m", "dtrain.compat", check=False)


def test_install_replaces_a_torch_that_was_imported() -> None:
    made = run(
        "-c",
        "import sys, types; sys.modules['torch'] = types.ModuleType('torch')\n"
        "import dtrain.compat; dtrain.compat.install()\n"
        "import torch, torch.nn as nn; print(torch.__name__, nn.__name__)",
    )
    assert made.split() == ["dtrain", "dtrain.nn"]
