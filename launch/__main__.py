"""Run the launcher: ``dtrain-launch`` or ``python -m dtrain_launch``."""

from __future__ import annotations

import sys

from dtrain_launch import cli

__all__ = ["main"]


def main() -> int:
    """Run the command line of this process and return its exit code."""
    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
