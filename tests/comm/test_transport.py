from __future__ import annotations

import pytest

from dtrain.comm.local import LocalCommunicator
from dtrain.comm.transport import Transport


def test_a_driver_has_to_implement_every_primitive():
    class Half(LocalCommunicator):
        _allreduce = Transport._allreduce

    with pytest.raises(TypeError, match="_allreduce"):
        Half(0, 1)


def test_drivers_add_no_public_names():
    from dtrain.comm.communicator import Communicator
    from dtrain.comm.threads import ThreadCommunicator

    for driver in (LocalCommunicator, ThreadCommunicator):
        public = {name for name in vars(driver) if not name.startswith("_")}
        assert public <= set(dir(Communicator))
