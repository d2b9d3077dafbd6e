"""Print the size of each package and the time of an import; fail above the ceilings.

The ceilings stand in pyproject.toml under [tool.dtrain.budget].
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
RUNS = 7
IMPORT = """
import sys, time
start = time.process_time()
import {module}
print((time.process_time() - start) * 1e3, *sys.modules)
"""


def package_of(path: Path) -> str:
    """Return the package a file is counted for: two folders deep in dtrain, one in launch."""
    return "/".join(path.parts[: min(2, len(path.parts) - 1)])


def public_names(tree: ast.Module) -> int:
    """Return the length of the module's `__all__`, 0 without one."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=names)):
                return len(names)
    return 0


def function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its docstring, which torch's many arguments fill."""
    match node.body[0]:
        case ast.Expr(value=ast.Constant(value=str())) as doc:
            told = (doc.end_lineno or doc.lineno) - doc.lineno + 1
        case _:
            told = 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - told


def size_faults(path: Path, source: str, limits: dict[str, Any]) -> Iterator[str]:
    """Yield what is too large in one file."""
    tree = ast.parse(source)
    lines = len(source.splitlines())
    if lines > limits["file_lines"]:
        yield f"{path}: {lines} lines; at most {limits['file_lines']}"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = function_lines(node)
            if length > limits["function_lines"]:
                yield (
                    f"{path}:{node.lineno}: {node.name} has {length} lines; "
                    f"at most {limits['function_lines']}"
                )
    names = public_names(tree)
    wide = any(path.match(pattern) for pattern in limits["wide_modules"])
    if names > limits["public_names"] and not wide:
        yield f"{path}: {names} public names; at most {limits['public_names']}"


def package_faults(sizes: Counter[str], ceilings: dict[str, int]) -> Iterator[str]:
    """Print the lines of each package and yield those above their ceiling."""
    for package, lines in sorted(sizes.items()):
        ceiling = ceilings.get(package)
        print(f"{package:24} {lines:6} lines of {ceiling or 'no ceiling'}")
        if ceiling is None:
            yield f"{package}: no ceiling in [tool.dtrain.budget.package_lines]"
        elif lines > ceiling:
            yield f"{package}: {lines} lines; at most {ceiling}"
    print(f"{'together':24} {sum(sizes.values()):6}")


def time_import(module: str) -> tuple[float, list[str]]:
    """Return the CPU milliseconds of an import, the quickest of several, and what it loads.

    Raises:
        RuntimeError: It fails.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", IMPORT.format(module=module)]
    times_ms: list[float] = []
    loaded: list[str] = []
    for _ in range(RUNS + 1):  # the first one fills the caches
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if run.returncode:
            raise RuntimeError(f"import {module}: {run.stderr.strip().splitlines()[-1]}")
        first, *loaded = run.stdout.split()
        times_ms.append(float(first))
    return min(times_ms), loaded


def import_faults(module: str, ceiling_ms: float, lazy: list[str]) -> Iterator[str]:
    """Time an import in fresh processes; yield what is too slow or comes in too early."""
    try:
        taken_ms, loaded = time_import(module)
    except RuntimeError as error:
        yield str(error)
        return
    print(f"{'import ' + module:40} {taken_ms:6.1f} ms of {ceiling_ms:.1f}")
    if taken_ms > ceiling_ms:
        yield f"import {module}: {taken_ms:.1f} ms; at most {ceiling_ms:.1f}"
    early = sorted(set(lazy) & set(loaded))
    if early:
        yield f"import {module}: loads {', '.join(early)}; import these on first use"


def main() -> int:
    """Measure everything; return 1 if anything is above its ceiling."""
    os.chdir(ROOT)
    limits = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["dtrain"]["budget"]
    sizes: Counter[str] = Counter()
    faults: list[str] = []
    for path in sorted([*Path("dtrain").rglob("*.py"), *Path("launch").rglob("*.py")]):
        source = path.read_text()
        sizes[package_of(path)] += len(source.splitlines())
        faults += size_faults(path, source, limits)
    faults += package_faults(sizes, limits["package_lines"])
    ceiling_ms = limits["import_ratio"] * time_import("numpy")[0]
    faults += import_faults("dtrain", ceiling_ms, limits["lazy_modules"])
    faults += import_faults(
        "dtrain_launch.__main__", limits["launch_import_ms"], limits["launch_lazy_modules"]
    )
    for fault in faults:
        print(f"over budget: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
