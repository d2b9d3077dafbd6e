from __future__ import annotations

import numpy as np

from dtrain.comm.call import Call


def test_a_call_reads_as_it_was_written():
    assert str(Call("barrier", None)) == "barrier()"
    call = Call("reduce", np.zeros((2, 3), np.float32), "op=sum, root=1")
    assert str(call) == "reduce(float32[2, 3], op=sum, root=1)"
    assert call.nbytes == 24
    assert Call("barrier", None).nbytes == 0
