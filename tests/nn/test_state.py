"""State dicts."""

# ruff: noqa: E501 (programs in strings)

from __future__ import annotations

from collections import OrderedDict

import pytest

import dtrain as torch
from dtrain.errors import StateDictError
from tests.twin import same

NET = """
nn = torch.nn
torch.manual_seed(0)
class Extra(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = 1
    def get_extra_state(self):
        return {"n": self.n}
    def set_extra_state(self, state):
        self.n = state["n"]
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        self.w = nn.Parameter(torch.zeros(()))
        self.extra = Extra()
        self.register_buffer("c", torch.zeros(2), persistent=False)
m = Net()
s = m.state_dict()
"""

READS = [
    "type(s).__name__, list(s), {k: dict(v) for k, v in s._metadata.items()}",
    "[type(v).__name__ for v in m.state_dict(keep_vars=True).values()]",
    "[v.requires_grad for v in s.values() if hasattr(v, 'shape')]",
    "list(m.state_dict(prefix='x.'))",
    "d = {}; m.state_dict(destination=d) is d, list(d)",
    "s['w'].fill_(3.0); m.w",
    "list(m.body[0].state_dict())",
]

LOADS = [
    "repr(m.load_state_dict(s))",
    "s['w'] = torch.tensor([4.0]); m.load_state_dict(s); m.w",
    "s['extra._extra_state'] = {'n': 8}; m.load_state_dict(s); m.extra.n",
    "s['nope'] = torch.ones(1); m.load_state_dict(s)",
    "del s['body.0.bias']; m.load_state_dict(s)",
    "del s['body.0.bias']; s['body.7.x'] = s['w']; s['a'] = s['w']; m.load_state_dict(s)",
    "s['body.0.weight'] = torch.ones(3, 4); s['zz'] = s['w']; m.load_state_dict(s)",
    "s['body.0.weight'] = torch.ones(3, 4); m.load_state_dict(s, strict=False)",
    "del s['w']; s['zz'] = torch.ones(1); repr(m.load_state_dict(s, strict=False))",
    "del s['w']; s['zz'] = torch.ones(1); [*m.load_state_dict(s, strict=False)]",
    "del s['extra._extra_state']; m.load_state_dict(s)",
    "s['body.0._extra_state'] = 1; m.load_state_dict(s)",
    "s['w'] = 3; m.load_state_dict(s)",
    "m.load_state_dict([1])",
    (
        "s = {k: v.double() if hasattr(v, 'double') else v for k, v in s.items()}; "
        "m.load_state_dict(s); m.w.dtype"
    ),
    (
        "s = {k: v.double() if hasattr(v, 'double') else v for k, v in s.items()}; "
        "m.load_state_dict(s, assign=True); [m.w.dtype, m.w.requires_grad, type(m.w).__name__]"
    ),
    "m.w.requires_grad_(False); m.load_state_dict(s, assign=True); m.w.requires_grad",
    "m.c = torch.ones(2); m.load_state_dict(s); m.c",
]


@pytest.mark.torch
@pytest.mark.parametrize("source", READS)
def test_reading(source):
    same(NET + source.replace("; ", "\n"))


@pytest.mark.torch
@pytest.mark.parametrize("source", LOADS)
def test_loading(source):
    same(NET + source.replace("; ", "\n"))


@pytest.mark.torch
@pytest.mark.parametrize(
    "change",
    ["s['nope'] = s['w']", "del s['w']", "s['w'] = torch.ones(2)", "s['w'] = 3",
     "del s['w'], s['body.0.bias']; s['body.0.weight'] = torch.ones(1); s['a'] = s['b'] = 1"],
)  # fmt: skip
def test_the_report_is_torchs(change):
    """The whole text: programs look for parts of it."""
    same(
        f"{NET}{change}\ntry:\n    m.load_state_dict(s)\n"
        "except RuntimeError as error:\n    said = str(error)\n"
        "said"
    )


def test_the_error_has_its_own_class():
    with pytest.raises(StateDictError, match=r"Error\(s\) in loading state_dict for Linear:"):
        torch.nn.Linear(1, 1).load_state_dict({})


def test_values_are_copied_into_the_same_memory():
    m, other = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    address, weight = m.weight.data_ptr(), m.weight
    m.load_state_dict(other.state_dict())
    assert m.weight is weight
    assert m.weight.data_ptr() == address
    assert torch.equal(m.weight, other.weight)
    with torch.no_grad():
        other.weight.zero_()
    assert not torch.equal(m.weight, other.weight)


@pytest.mark.torch
def test_values_go_to_torch_and_back():
    theirs_module = pytest.importorskip("torch")
    ours, theirs = torch.nn.BatchNorm1d(3), theirs_module.nn.BatchNorm1d(3)
    theirs(theirs_module.arange(12.0).reshape(4, 3))
    state = OrderedDict((k, torch.from_numpy(v.numpy())) for k, v in theirs.state_dict().items())
    assert str(ours.load_state_dict(state)) == "<All keys matched successfully>"
    assert ours.running_var.tolist() == theirs.running_var.tolist()
    assert int(ours.num_batches_tracked) == 1


@pytest.mark.torch
@pytest.mark.parametrize(
    "hooks",
    [
        "m.register_state_dict_pre_hook(lambda m, p, k: log.append(('pre', p, k)))",
        "m.register_state_dict_post_hook(lambda m, d, p, meta: log.append(('post', p, meta)))",
        "m.body.register_state_dict_post_hook(lambda m, d, p, meta: d.pop(p + '0.weight'))",
        "m._register_state_dict_hook(lambda m, d, p, meta: {'all': 1})",
        "m.register_load_state_dict_pre_hook(lambda m, d, p, *a: log.append((type(m).__name__, p)))",
        "m.body._register_load_state_dict_pre_hook(lambda d, p, *a: d.update({p + '0.bias': torch.ones(3)}))",
        "m.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.append('more'))",
    ],
)
def test_hooks(hooks):
    same(
        f"{NET}log = []\nh = {hooks}\n"
        "try:\n    d = m.state_dict()\n    log.append(list(d))\n    log.append(str(m.load_state_dict(d)))\n"
        "except Exception as e:\n    log.append(str(e))\n"
        "log.append(m.body[0].bias.tolist())\nh.remove()\nlog.append(str(m.load_state_dict(m.state_dict())))\n"
        "log"
    )
