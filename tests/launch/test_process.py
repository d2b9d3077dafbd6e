from __future__ import annotations

import signal
import subprocess
import sys
import time

import psutil

from dtrain_launch.process import Process
from dtrain_launch.shim import start_time


def sleeper():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
    return process, Process(process.pid, start_time(process.pid))


def test_a_signal_reaches_its_process():
    child, process = sleeper()
    assert process.send(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert not process.send(signal.SIGKILL)


def test_a_number_that_belongs_to_somebody_else_by_now_is_spared():
    child, process = sleeper()
    assert not process._replace(started=process.started - 1).send(signal.SIGKILL)
    assert child.poll() is None
    child.kill()
    child.wait()


ADOPT = """
import os, subprocess, sys, time
from dtrain_launch.process import Orphans
spared = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
orphans = Orphans()
parent = os.fork()
if parent == 0:
    if os.fork() == 0:
        time.sleep(30)
    os._exit(0)
os.waitpid(parent, 0)
assert orphans.kill()
while orphans.kill():
    time.sleep(0.01)
assert spared.poll() is None
spared.kill()
spared.wait()
"""


def test_orphans_are_killed_and_older_children_are_not():
    # In a process of its own: adoption cannot be undone.
    assert subprocess.run([sys.executable, "-c", ADOPT], check=False, timeout=10).returncode == 0


BOUND = """
import os, sys, time
from dtrain_launch.process import die_with
parent = os.getpid()
if os.fork() == 0:
    die_with(parent)
    print(os.getpid(), flush=True)
    time.sleep(30)
time.sleep(30)
"""


def test_a_bound_process_dies_with_its_parent():
    parent = subprocess.Popen([sys.executable, "-c", BOUND], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(parent.stdout.readline())
        child = Process(pid, start_time(pid))
        parent.kill()
        parent.wait()
        # The end of the pipe comes when its last writer is gone.
        assert parent.stdout.read() == ""
    deadline = time.monotonic() + 2
    while child.send(0) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
