"""examples/digits.py: the same curve on any number of ranks, and after any pause."""

from __future__ import annotations

import re

import numpy as np
import pytest

import dtrain as torch

pytestmark = [pytest.mark.mpi, pytest.mark.slow, pytest.mark.timeout(60)]

LINE = re.compile(
    r"^(?:\[rank 0\] )?epoch (\d+): loss ([0-9.]+), held-out accuracy ([0-9.]+)%$", re.MULTILINE
)


def losses(out):
    """The loss of each epoch; each is printed once, by one rank."""
    lines = LINE.findall(out)
    assert [int(epoch) for epoch, *_ in lines] == list(range(1, len(lines) + 1))
    return [float(loss) for _, loss, _ in lines]


def parameters(folder, epoch):
    checkpoint = torch.load(folder / f"epoch-{epoch:04d}.pt")
    return {name: t.numpy().tobytes() for name, t in checkpoint["model"].items()}


def test_reaches_its_accuracy(jobs):
    out = jobs.digits("mpirun", 2)
    assert float(LINE.findall(out)[-1][2]) >= 97


def test_any_number_of_ranks_gives_the_same_curve(jobs):
    alone = losses(jobs.digits(None, 1, "--epochs", 2))
    assert len(alone) == 2
    for launcher, ranks in [("mpirun", 1), ("mpirun", 2), ("mpirun", 4), ("dtrain-launch", 2)]:
        together = losses(jobs.digits(launcher, ranks, "--epochs", 2))
        np.testing.assert_allclose(together, alone, rtol=1e-3, err_msg=f"{launcher} {ranks}")


@pytest.mark.parametrize(("launcher", "ranks"), [(None, 1), ("mpirun", 2), ("dtrain-launch", 2)])
def test_resume_goes_on_exactly(jobs, tmp_path, launcher, ranks):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    out = jobs.digits(launcher, ranks, "--epochs", 2, "--checkpoint-dir", whole)
    jobs.digits(launcher, ranks, "--epochs", 1, "--checkpoint-dir", parts)
    resumed = jobs.digits(launcher, ranks, "--epochs", 2, "--checkpoint-dir", parts, "--resume")
    assert LINE.findall(resumed) == LINE.findall(out)[1:] != []
    assert parameters(parts, 2) == parameters(whole, 2)
    assert parameters(parts, 1) == parameters(whole, 1) != parameters(whole, 2)


def test_resume_with_nothing_to_go_on_from_begins(jobs, tmp_path):
    out = jobs.digits(None, 1, "--epochs", 1, "--checkpoint-dir", tmp_path / "new", "--resume")
    assert len(losses(out)) == 1
