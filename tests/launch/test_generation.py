from __future__ import annotations

import selectors
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from dtrain_launch import generation
from dtrain_launch.engine_mpi import Engine
from dtrain_launch.generation import Rank
from dtrain_launch.output import Screen
from dtrain_launch.pages import Place
from dtrain_launch.spec import LaunchSpec

# An engine in twenty lines: whatever follows "-n N" is run N times.
ENGINE = f"""#!{sys.executable}
import os, subprocess, sys, time
at = sys.argv.index("-n")
shims = [subprocess.Popen(sys.argv[at + 2:], env={{**os.environ, "PMI_RANK": str(rank)}})
         for rank in range(int(sys.argv[at + 1]))]
sys.exit(max(abs(shim.wait()) for shim in shims))
"""


@pytest.fixture
def engine(tmp_path):
    path = tmp_path / "mpiexec.hydra"
    path.write_text(ENGINE)
    path.chmod(0o755)
    return Engine(str(path), "mpich")


@pytest.fixture(autouse=True)
def keep_pytest_as_it_is(monkeypatch):
    """The real one would make this process the parent of every other test's orphans."""
    monkeypatch.setattr(generation, "Orphans", lambda: SimpleNamespace(kill=lambda: False))


def run(engine, source, ranks):
    """Run a generation to its end, or until a rank has failed; return what went wrong."""
    spec = LaunchSpec((sys.executable, "-S", "-c", source), ranks)
    places = [Place(i, i, ranks, ranks, 0, 0, 0, "127.0.0.1", 1, ()) for i in range(ranks)]
    with selectors.DefaultSelector() as selector:
        members = [Rank(place, Screen(), None) for place in places]
        subject = generation.Generation(spec, engine, members, selector)
        subject.start()
        while not subject.tick()[0] and not subject.has_failed():
            for key, _ in selector.select(0.02):
                key.data()
        subject.close()
        assert not selector.get_map()
    return subject.failure()


def count_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_all_is_well(engine):
    files = count_files()
    assert run(engine, "pass", 2) is None
    assert count_files() == files


def test_the_first_failure_is_remembered(engine):
    source = "import os, time; time.sleep(0 if os.environ['RANK'] == '1' else 30); os._exit(3)"
    failure = run(engine, source, 3)
    assert (failure.rank, failure.code, failure.last_words) == (1, 3, b"")
    assert failure.what.startswith("exit code 3, pid ")


def test_the_engine_fails(engine):
    Path(engine.path).write_text("#!/bin/sh\necho no slots >&2; exit 1\n")
    failure = run(engine, "pass", 2)
    assert (failure.rank, failure.code) == (None, 1)
    assert failure.last_words == b"no slots\n"
    assert failure.what == f"{engine.path} ended: exit code 1"
