"""DataParallel: the module under another name."""

from __future__ import annotations

import dtrain
from dtrain.parallel import DataParallel, data_parallel


def test_it_is_the_module():
    net = dtrain.nn.Linear(2, 1)
    wide = DataParallel(net)
    x = dtrain.ones(3, 2)
    assert wide.module is net
    assert dtrain.equal(wide(x), net(x))
    assert dtrain.equal(data_parallel(net, x), net(x))
    assert dtrain.equal(data_parallel(net, None, module_kwargs={"input": x}), net(x))
    assert list(wide.state_dict()) == ["module.weight", "module.bias"]
