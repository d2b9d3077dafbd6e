"""The shape of the project: what each module has beside it, and what it says of itself."""

from __future__ import annotations

import ast
import doctest
import functools
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOUSES = {"dtrain": "dtrain", "launch": "dtrain_launch"}
# Modules here are families of ops: one generic test draws every op's samples from tests/samples.
OP_FAMILIES = {Path("dtrain/nn/functional"), Path("dtrain/tensor/ops")}
FACE = Path("dtrain/__init__.py")
# What an optional module may miss.
OPTIONAL = {"PIL", "cupy", "cupyx", "nccl", "pynccl", "scipy"}


def sources() -> Iterator[Path]:
    """Yield every module's file, relative to the root."""
    for house in HOUSES:
        for path in sorted((ROOT / house).rglob("*.py")):
            yield path.relative_to(ROOT)


def module_name(path: Path) -> str:
    """Return the name a file is imported by."""
    house, *rest = path.with_suffix("").parts
    return ".".join([HOUSES[house], *(part for part in rest if part != "__init__")])


def defines_something(path: Path) -> bool:
    """Return whether a file holds a function or a class, which a face does not."""
    tree = ast.parse((ROOT / path).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(isinstance(node, kinds) for node in ast.walk(tree))


def test_file(path: Path) -> Path:
    """Return the file that tests a module: the same path under tests/."""
    parts = path.parts[1:] if path.parts[0] == "dtrain" else path.parts
    return Path("tests", *parts[:-1], f"test_{path.stem.strip('_')}.py")


test_file.__test__ = False  # type: ignore[attr-defined]

MODULES = [pytest.param(path, id=module_name(path)) for path in sources()]
TESTED = [
    pytest.param(path, id=module_name(path))
    for path in sources()
    if defines_something(path) and path.name not in {"__init__.py", "__main__.py"}
]


@pytest.fixture
def module(path: Path) -> object:
    """Return the module itself; skip if a library that it may do without is not here."""
    try:
        return importlib.import_module(module_name(path))
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in OPTIONAL:
            pytest.skip(str(error))
        raise


@functools.cache
def imported_by_tests() -> frozenset[str]:
    """Return the names of all modules that some test imports."""
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
                found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


@pytest.mark.parametrize("path", TESTED)
def test_every_module_is_tested(path: Path) -> None:
    if path.parent in OP_FAMILIES:
        return  # the generic operator tests and their samples
    by_path = (ROOT / test_file(path)).is_file()
    assert by_path or module_name(path) in imported_by_tests(), (
        f"neither {test_file(path)} nor an import of {module_name(path)} in tests/"
    )


@pytest.mark.parametrize("path", MODULES)
def test_all_is_true(path: Path, module: object) -> None:
    names = getattr(module, "__all__", None)
    if (
        path.name == "__main__.py"
        or path == Path("dtrain/__init__.py")
        or (names is None and not defines_something(path))
    ):
        return
    assert names is not None, "no __all__"
    assert len(names) == len(set(names))
    missing = [name for name in names if not hasattr(module, name)]
    assert not missing


@pytest.mark.parametrize("path", MODULES)
def test_examples_in_docstrings_run(module: object) -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    for example in finder.find(module, extraglobs={"dtrain": importlib.import_module("dtrain")}):
        runner.run(example)
    assert runner.failures == 0
