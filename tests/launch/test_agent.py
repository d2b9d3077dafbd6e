from __future__ import annotations

import signal
import sys
import time

import psutil
import pytest

pytestmark = pytest.mark.mpi

# Says that it is there, with its number, and stays.
STAY = """
open(f"up{rank}", "w").write(str(os.getpid()))
time.sleep(30)
"""


def ups(folder, ranks):
    return [folder / f"up{rank}" for rank in range(ranks)]


def test_success(launch, script):
    job = launch("--nproc", "3", script("print('hello', rank)"))
    assert job.wait() == 0
    assert sorted(job.out.splitlines()) == [f"[rank {rank}] hello {rank}" for rank in range(3)]
    assert job.err == ""


def test_one_rank_speaks_without_a_prefix(launch, script):
    job = launch(script("print('a', end=''); print('b', file=sys.stderr, end='\\r')"))
    assert job.wait() == 0
    assert (job.out, job.stderr.read_bytes()) == ("a", b"b\r")


def test_the_environment_of_a_rank(launch, script, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    names = (
        "RANK LOCAL_RANK WORLD_SIZE LOCAL_WORLD_SIZE GROUP_RANK TORCHELASTIC_RESTART_COUNT "
        "DTRAIN_GENERATION OPENBLAS_NUM_THREADS OMP_WAIT_POLICY MASTER_ADDR"
    )
    source = f"""
print(*[os.environ[name] for name in {names.split()}])
assert int(os.environ["OMP_NUM_THREADS"]) >= 1
assert 0 < int(os.environ["MASTER_PORT"]) < 65536
cpus = os.environ["DTRAIN_CPUS"]
assert not cpus or {{int(cpu) for cpu in cpus.split(",")}} == os.sched_getaffinity(0)
"""
    job = launch("--nproc-per-node=2", "--standalone", script(source))
    assert job.wait() == 0, job.err
    assert sorted(job.out.splitlines()) == [
        f"[rank {rank}] {rank} {rank} 2 2 0 0 0 7 passive 127.0.0.1" for rank in range(2)
    ]


def test_arguments_arrive_as_they_were_given(launch, script):
    args = ["a b", '"', "'", "", "--", ":", "-n", "$HOME", "*", "new\nline", "--nproc", "é"]
    job = launch("--nproc", "2", script("print(ascii(sys.argv[1:]))"), *args)
    assert job.wait() == 0, job.err
    assert sorted(job.out.splitlines()) == [f"[rank {rank}] {args!a}" for rank in range(2)]


def test_a_module_and_a_program(launch, script, tmp_path):
    script("print(sys.argv[0].endswith('script.py'), __name__)")
    job = launch("-m", "script")
    assert (job.wait(), job.out) == (0, "True __main__\n")
    job = launch("--no-python", "/bin/sh", "-c", "echo $RANK; exit 5")
    assert (job.wait(), job.out) == (5, "0\n")


def test_a_program_that_is_not_there(launch):
    job = launch("--no-python", "no-such-program")
    assert job.wait() == 127
    assert "cannot run 'no-such-program': No such file or directory" in job.err


@pytest.mark.parametrize(
    ("death", "code", "words"),
    [
        ("sys.exit(3)", 3, "exit code 3"),
        ("os._exit(4)", 4, "exit code 4"),
        ("os.kill(os.getpid(), signal.SIGKILL)", 137, "killed by signal 9 (SIGKILL)"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", 139, "killed by signal 11 (SIGSEGV)"),
        ("raise ValueError('boom')", 1, "exit code 1"),
    ],
)
def test_the_death_of_one_rank_ends_the_job(launch, script, death, code, words):
    started = time.monotonic()
    job = launch("--nproc", "3", script(f"if rank == 1: {death}\ntime.sleep(30)"))
    assert job.wait() == code
    assert time.monotonic() - started < 3
    assert f"rank 1 of 3 failed first: {words}" in job.err
    if "raise" in death:
        assert "  | ValueError: boom\n" in job.err


def test_a_rank_that_ignores_sigterm_is_killed_after_a_failure(launch, script):
    source = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(0.2)\n"
    started = time.monotonic()
    job = launch("--nproc", "2", script(source + "if rank == 1: sys.exit(6)\ntime.sleep(30)"))
    assert job.wait() == 6
    assert time.monotonic() - started < 3


def test_mpi_ranks_blocked_in_a_barrier_end_when_one_is_killed(launch, script):
    pytest.importorskip("mpi4py")
    source = """
from mpi4py import MPI
if rank == 1: os.kill(os.getpid(), signal.SIGKILL)
MPI.COMM_WORLD.Barrier()
"""
    job = launch("--nproc", "2", script(source))
    assert job.wait() == 137
    assert "rank 1 of 2 failed first: killed by signal 9" in job.err


def test_mpi_abort_names_the_rank_and_keeps_the_code(launch, script):
    pytest.importorskip("mpi4py")
    source = """
from mpi4py import MPI
assert MPI.COMM_WORLD.Get_size() == 2 and MPI.COMM_WORLD.Get_rank() == rank
MPI.COMM_WORLD.Barrier()
if rank == 1: MPI.COMM_WORLD.Abort(7)
MPI.COMM_WORLD.Barrier()
"""
    job = launch("--nproc", "2", script(source))
    assert job.wait() == 7
    assert "rank 1 of 2 failed first: " in job.err


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_reaches_the_ranks(launch, script, tmp_path, signum):
    source = f"""
def end(signum, frame):
    open(f"got{{rank}}", "w").write(str(signum))
    sys.exit(0)
signal.signal({int(signum)}, end)
{STAY}"""
    job = launch("--nproc", "2", script(source))
    job.wait_for(*ups(tmp_path, 2))
    sent = job.send(signum)
    assert job.wait() == 128 + signum
    assert time.monotonic() - sent < 2
    assert [(tmp_path / f"got{rank}").read_text() for rank in range(2)] == [str(int(signum))] * 2


def test_a_rank_may_end_in_peace_though_another_died_of_the_signal(launch, script, tmp_path):
    source = f"""
def end(signum, frame):
    time.sleep(0.5)
    open("saved", "w").close()
    sys.exit(0)
if rank == 0: signal.signal(signal.SIGTERM, end)
{STAY}"""
    job = launch("--nproc", "2", script(source))
    job.wait_for(*ups(tmp_path, 2))
    job.send(signal.SIGTERM)
    assert job.wait() == 143
    assert (tmp_path / "saved").exists()


IGNORE = "for s in (2, 15): signal.signal(s, signal.SIG_IGN)\n" + STAY


def test_ranks_that_ignore_a_signal_are_killed(launch, script, tmp_path):
    job = launch("--nproc", "2", script(IGNORE))
    job.wait_for(*ups(tmp_path, 2))
    sent = job.send(signal.SIGTERM)
    assert job.wait() == 143
    assert time.monotonic() - sent < 2


def test_a_second_sigint_kills(launch, script, tmp_path):
    job = launch("--nproc", "2", script(IGNORE))
    job.wait_for(*ups(tmp_path, 2))
    sent = job.send(signal.SIGINT)
    time.sleep(0.1)
    job.send(signal.SIGINT)
    assert job.wait() == 130
    assert time.monotonic() - sent < 1


def test_a_signal_before_the_ranks_are_up(launch, script):
    job = launch("--nproc", "2", script(STAY))
    time.sleep(0.06)
    sent = job.send(signal.SIGTERM)
    assert job.wait() in {143, -signal.SIGTERM}
    assert time.monotonic() - sent < 2


def wait_gone(pids):
    deadline = time.monotonic() + 2
    while any(is_running(pid) for pid in pids):
        assert time.monotonic() < deadline, pids
        time.sleep(0.01)


def is_running(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_sigkill_of_the_launcher_leaves_no_rank(launch, script, tmp_path):
    job = launch("--nproc", "2", script(IGNORE))
    job.wait_for(*ups(tmp_path, 2))
    pids = [process.pid for process in psutil.Process(job.process.pid).children(recursive=True)]
    assert len(pids) >= 4
    job.send(signal.SIGKILL)
    assert job.wait() == -signal.SIGKILL
    wait_gone(pids)


def test_sigkill_of_the_engine_leaves_no_rank(launch, script, tmp_path):
    job = launch("--nproc", "2", script(IGNORE))
    job.wait_for(*ups(tmp_path, 2))
    launcher = psutil.Process(job.process.pid)
    pids = [process.pid for process in launcher.children(recursive=True)]
    launcher.children()[0].kill()
    assert job.wait() == 137
    wait_gone(pids)
    assert "the job failed: " in job.err
    assert "killed by signal 9 (SIGKILL)" in job.err


def test_what_a_rank_has_started_ends_with_it(launch, script, tmp_path):
    source = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("daemon", "w").write(str(os.getpid()))
        time.sleep(30)
    os._exit(0)
while not os.path.exists("daemon") or not open("daemon").read(): time.sleep(0.01)
"""
    job = launch(script(source))
    assert job.wait() == 0
    assert not is_running(int((tmp_path / "daemon").read_text()))


def test_the_logs_hold_everything(launch, script, tmp_path):
    source = """
print("out", rank)
print("err", rank, file=sys.stderr)
open(f"up{rank}", "w").close()
while not os.path.exists("up0"): time.sleep(0.01)
sys.exit(rank)
"""
    job = launch("--nproc", "2", "--log-dir", "logs/run", script(source))
    assert job.wait() == 1
    for rank in range(2):
        lines = (tmp_path / f"logs/run/rank_{rank}.log").read_text().splitlines()
        assert sorted(lines) == [f"err {rank}", f"out {rank}"]
    assert "full output: logs/run/rank_1.log" in job.err


def test_lines_of_many_ranks_stay_whole(launch, script):
    source = """
for i in range(300):
    os.write(1, b"%d " % rank)
    os.write(1, b"x" * 200 + b"\\n")
"""
    job = launch("--nproc", "3", script(source))
    assert job.wait() == 0
    expected = {f"[rank {rank}] {rank} {'x' * 200}": 300 for rank in range(3)}
    lines = job.out.splitlines()
    assert {line: lines.count(line) for line in set(lines)} == expected


def test_a_failure_starts_the_next_generation(launch, script):
    source = """
generation = int(os.environ["DTRAIN_GENERATION"])
assert generation == int(os.environ["TORCHELASTIC_RESTART_COUNT"])
print("generation", generation)
if generation < 2: sys.exit(9) if rank == 1 else time.sleep(30)
"""
    job = launch("--nproc", "2", "--max-restarts", "2", script(source))
    assert job.wait() == 0
    assert {f"[rank 1] generation {number}" for number in range(3)} <= set(job.out.splitlines())
    assert "starting generation 2 (restart 2 of 2)" in job.err


def test_restarts_end(launch, script):
    job = launch("--max-restarts", "1", script("print(rank); sys.exit(9)"))
    assert job.wait() == 9
    assert job.out == "0\n0\n"


def test_a_reader_that_goes_away_does_not_end_the_job(launch, script, tmp_path):
    source = "print('x' * 100000); print('y' * 100000); open('done', 'w').close()"
    command = f"{sys.executable} -m dtrain_launch {script(source)} | head -c 10; exit 0"
    job = launch("--no-python", "/bin/sh", "-c", command)
    assert job.wait() == 0
    assert (tmp_path / "done").exists()
