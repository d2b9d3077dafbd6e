"""Run a PyTorch script on dtrain: `python -m dtrain.compat script.py args`, or `-m module args`."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from dtrain.compat.aliases import install

USAGE = "usage: python -m dtrain.compat script.py [args...] | -m module [args...]"


def main(args: list[str]) -> int:
    """Run a script, or a module after "-m", as Python itself would; return the exit code."""
    if not args or args[0] in ("-h", "--help"):
        print(USAGE, file=sys.stdout if args else sys.stderr)
        return 0 if args else 2
    install()
    if args[0] == "-m":
        if len(args) < 2:
            print(USAGE, file=sys.stderr)
            return 2
        sys.argv = args[1:]
        runpy.run_module(args[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = args
        sys.path[0] = str(Path(args[0]).resolve().parent)
        runpy.run_path(args[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
