"""A training run in which something happens: faulty.py FOLDER WHAT.

When training is well under way, rank 1 makes FOLDER/reached and then does WHAT.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from pathlib import Path

import dtrain as torch
import dtrain.distributed as dist
from dtrain import nn
from dtrain.nn.parallel import DistributedDataParallel

FAULT_STEP = 20


def happen(folder: Path, what: str) -> None:
    """Do what was asked for."""
    (folder / "reached").write_text(repr(time.time()))
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "exception":
        raise KeyError("the culprit")
    elif what == "exit":
        sys.exit(3)


def main(folder: Path, what: str) -> None:
    dist.init_process_group()
    torch.manual_seed(0)
    model = DistributedDataParallel(nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 64)))
    x = torch.randn(32, 64)
    for step in itertools.count():
        if step == FAULT_STEP and dist.get_rank() == 1:
            if what == "exception-in-backward":
                model.module[0].bias.register_hook(lambda _: happen(folder, "exception"))
            else:
                happen(folder, what)
        loss = model(x).square().mean()
        if step == FAULT_STEP and what == "unused" and dist.get_rank() == 1:
            loss = model.module[1](x).square().mean()  # the first layer gets no gradient
        loss.backward()
        dist.all_reduce(loss.detach())
        model.zero_grad()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
