"""The version: one number, said everywhere."""

from __future__ import annotations

from pathlib import Path

import dtrain
from dtrain import version


def test_the_project_says_the_same() -> None:
    project = Path(__file__).resolve().parent.parent / "pyproject.toml"
    assert f'version = "{version.__version__}"' in project.read_text()
    assert dtrain.__version__ == version.__version__


def test_what_torch_version_tells() -> None:
    assert version.cuda is None
    assert version.hip is None
