"""The command line of the launcher."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from dtrain_launch.agent import Agent
from dtrain_launch.engine_mpi import EngineNotFoundError, find_engine
from dtrain_launch.spec import LaunchSpec, SpecError, count_ranks

__all__ = ["main", "parse"]

_USAGE = "dtrain-launch [--nproc N] [options] [-m module | --no-python command | script.py] [args]"
_DESCRIPTION = "Start the ranks of a job on this node, watch them, and end them together."
_FLAGS = {"-h", "--help", "-m", "--module", "--no-python", "--no_python", "--standalone"}
_LATER = (
    "local-addr", "local-ranks-filter", "logs-specs", "monitor-interval", "rdzv-backend",
    "rdzv-conf", "rdzv-endpoint", "rdzv-id", "redirects", "role", "run-path", "start-method", "tee",
)  # fmt: skip


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line."""
        self.exit(2, f"dtrain-launch: error: {message}; see dtrain-launch --help\n")


class _Refused(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *args: Any) -> None:
        """Refuse an option of torchrun that this launcher does not have."""
        parser.error(f"{args[-1]}: not supported: a job runs on this node only; leave it out")


def main(argv: Sequence[str]) -> int:
    """Run the launcher and return its exit code."""
    spec = parse(argv)
    try:
        engine = find_engine()
    except EngineNotFoundError as error:
        print(f"dtrain-launch: error: {error}", file=sys.stderr)
        return 1
    return Agent(spec, engine).run()


def parse(argv: Sequence[str]) -> LaunchSpec:
    """Understand and check a command line.

    Args:
        argv: The arguments, without the program's own name.

    Raises:
        SystemExit: The command line is wrong (code 2), or it asked for help (code 0).
    """
    parser = _build_parser()
    head, tail = _split(argv)
    options = parser.parse_args(head)
    if not tail:
        parser.error(f"there is nothing to run; expected {_USAGE}")
    if options.nnodes not in {"1", "1:1"}:
        parser.error(f"--nnodes {options.nnodes}: a job runs on this node only; give 1")
    if options.node_rank != 0:
        parser.error(f"--node-rank {options.node_rank}: a job runs on this node only; give 0")
    if options.max_restarts < 0:
        parser.error(f"--max-restarts {options.max_restarts}: expected 0 or more")
    try:
        nproc = count_ranks(options.nproc)
    except SpecError as error:
        parser.error(str(error))
    return LaunchSpec(
        command=_command(options, tail, parser),
        nproc=nproc,
        log_dir=options.log_dir,
        max_restarts=options.max_restarts,
        master_addr=options.master_addr,
        master_port=options.master_port or None,
    )


def _build_parser() -> _Parser:
    parser = _Parser("dtrain-launch", usage=_USAGE, allow_abbrev=False, description=_DESCRIPTION)
    add = parser.add_argument
    add(
        *_spellings("nproc", "nproc-per-node"), default="1", metavar="N",
        help="ranks on this node: a number, auto, cpu or gpu (default 1)",
    )  # fmt: skip
    add(
        *_spellings("log-dir"), type=Path, metavar="D",
        help="keep the full output of rank K in D/rank_K.log",
    )  # fmt: skip
    add(
        *_spellings("max-restarts"), type=int, default=0, metavar="K",
        help="start all ranks again after a failure, at most K times (default 0)",
    )  # fmt: skip
    add("-m", "--module", action="store_true", help="run a module, like python -m")
    add(*_spellings("no-python"), action="store_true", help="run a program that is not Python")
    add(*_spellings("master-addr"), default="127.0.0.1", metavar="HOST", help="MASTER_ADDR")
    add(*_spellings("master-port"), type=int, metavar="PORT", help="MASTER_PORT (default: free)")
    add("--standalone", action="store_true", help="accepted for torchrun: always so")
    add("--nnodes", default="1", metavar="1", help="accepted for torchrun: 1")
    add(*_spellings("node-rank"), type=int, default=0, metavar="0", help=argparse.SUPPRESS)
    for name in _LATER:
        add(*_spellings(name), action=_Refused, help=argparse.SUPPRESS)
    return parser


def _spellings(*names: str) -> list[str]:
    """Return the options in both of torchrun's spellings, with dashes and with underscores."""
    return [f"--{name}" for name in names] + [
        f"--{name.replace('-', '_')}" for name in names if "-" in name
    ]


def _split(argv: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Split a command line before the script; what follows it is none of our business.

    argparse has REMAINDER for this, but that eats a "--" among the script's arguments.
    """
    i = 0
    while i < len(argv) and argv[i].startswith("-"):
        if argv[i] == "--":
            return argv[:i], argv[i + 1 :]
        i += 1 if argv[i] in _FLAGS or "=" in argv[i] else 2
    return argv[:i], argv[i:]


def _command(options: argparse.Namespace, tail: Sequence[str], parser: _Parser) -> tuple[str, ...]:
    """Return what each rank runs."""
    if options.module and options.no_python:
        parser.error("-m and --no-python: expected one of them, not both")
    if options.no_python:
        return tuple(tail)
    # Unbuffered, or the last words of a rank that is killed would be lost.
    python = (sys.executable, "-u")
    if options.module:
        return (*python, "-m", *tail)
    if not Path(tail[0]).exists():
        parser.error(f"{tail[0]}: no such script; for a module add -m")
    return (*python, *tail)
