"""Communication between ranks: bare arrays and small objects, never tensors.

`connect()` gives the communicator of this process; every driver (local, threads, mpi) is imported
on first use, so importing this package loads no MPI.
"""

from __future__ import annotations

from dtrain.comm.communicator import Communicator
from dtrain.comm.reduction import ReduceOp
from dtrain.comm.registry import connect
from dtrain.comm.work import Work

__all__ = ["Communicator", "ReduceOp", "Work", "connect"]
