"""The errors of dtrain, in one tree.

Each class is also the builtin that PyTorch raises in the same place, so code that catches torch's
error catches ours. A message is one lower-case sentence with the values in it::

    where(arg: dtype[shape], ...): what is wrong; expected ...; do ...

    DtrainError
    |-- OpError (RuntimeError)              an operator got operands it cannot work on
    |   |-- ShapeError
    |   |-- DtypeError
    |   |-- DeviceError
    |   `-- LinAlgError                     a matrix is singular, or an iteration does not converge
    |-- OpTypeError (TypeError)             an argument of the wrong Python type
    |-- OpValueError (ValueError)           an argument with a value outside its range
    |-- OpIndexError (IndexError)           an index or dimension outside the tensor
    |-- GradError (RuntimeError)            the graph cannot be recorded or walked
    |   `-- VersionError                    a value saved for backward was changed in place
    |-- StateDictError (RuntimeError)       keys or shapes of a state_dict do not fit
    |-- CheckpointError (RuntimeError)      a file cannot be written, read or trusted
    |   |-- CorruptFileError                bits differ from what was written
    |   `-- UnsafeFileError                 (pickle.UnpicklingError) the file asks to run code
    `-- DistributedError (RuntimeError)     something between the ranks
        |-- LauncherError                   started by a launcher of another MPI
        |-- MismatchError                   ranks disagree about a collective
        |-- CommTimeoutError                (TimeoutError) ranks did not arrive in time
        `-- RankFailedError                 a peer is gone
"""

from __future__ import annotations

import pickle

__all__ = [
    "CheckpointError",
    "CommTimeoutError",
    "CorruptFileError",
    "DeviceError",
    "DistributedError",
    "DtrainError",
    "DtypeError",
    "GradError",
    "LauncherError",
    "LinAlgError",
    "MismatchError",
    "OpError",
    "OpIndexError",
    "OpTypeError",
    "OpValueError",
    "RankFailedError",
    "ShapeError",
    "StateDictError",
    "UnsafeFileError",
    "VersionError",
]


class DtrainError(Exception):
    """Base of every error that dtrain raises on purpose."""


class OpError(DtrainError, RuntimeError):
    """An operator got operands it cannot work on."""


class ShapeError(OpError):
    """Shapes do not fit together."""


class DtypeError(OpError):
    """Dtypes do not fit together, or the operator has no meaning for one."""


class DeviceError(OpError):
    """Operands lie on different devices, or the device is not there."""


class LinAlgError(OpError):
    """A matrix is singular or not positive-definite, or an iteration does not converge."""


class OpTypeError(DtrainError, TypeError):
    """An argument has the wrong Python type."""


class OpValueError(DtrainError, ValueError):
    """An argument has a value outside its range."""


class OpIndexError(DtrainError, IndexError):
    """An index or a dimension lies outside the tensor."""


class GradError(DtrainError, RuntimeError):
    """The graph cannot be recorded or walked."""


class VersionError(GradError):
    """A value saved for backward was changed in place."""


class StateDictError(DtrainError, RuntimeError):
    """Keys or shapes of a state_dict do not fit the module or optimizer."""


class CheckpointError(DtrainError, RuntimeError):
    """A file cannot be written, read or trusted."""


class CorruptFileError(CheckpointError):
    """Bits in a file differ from what was written."""


class UnsafeFileError(CheckpointError, pickle.UnpicklingError):
    """A file asks to run code or names a class that was not allowed."""


class DistributedError(DtrainError, RuntimeError):
    """Something went wrong between the ranks."""


class LauncherError(DistributedError):
    """The process was started by a launcher that belongs to another MPI."""


class MismatchError(DistributedError):
    """The ranks disagree about a collective: its kind, dtype, size or order."""


class CommTimeoutError(DistributedError, TimeoutError):
    """Ranks did not arrive in time; the message names them."""


class RankFailedError(DistributedError):
    """A peer is gone."""
