"""Containers of modules."""

from __future__ import annotations

import pytest

from tests.twin import same

pytestmark = pytest.mark.torch

START = """
nn = torch.nn
from collections import OrderedDict
torch.manual_seed(0)
s = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
l = nn.ModuleList([nn.Linear(1, 2), nn.ReLU(), nn.Tanh()])
d = nn.ModuleDict({"a": nn.ReLU(), "b": nn.Linear(1, 1)})
"""


@pytest.mark.parametrize(
    "source",
    [
        "s(torch.ones(2, 2)).tolist()",
        "s",
        "nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh()))",
        "nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh()))[1:]",
        "s[0], s[-1], len(s), [type(m).__name__ for m in s]",
        "s[:2], s[::-1], s[1:1]",
        "s[5]",
        "s[-4]",
        "s[1] = nn.Tanh(); s",
        "del s[0]; s",
        "del s[:2]; s",
        "s.append(nn.Tanh()) is s, s",
        "s.extend([nn.Tanh(), nn.ReLU()]); s",
        "s.insert(1, nn.Tanh()); s",
        "s.insert(-1, nn.Tanh()); s",
        "s.insert(9, nn.Tanh())",
        "s + s[:1]",
        "s += s[:1]; s",
        "s + 3",
        "s * 2",
        "2 * s[:1]",
        "s *= 2; s",
        "s * 0",
        "s * 1.5",
        "s.pop(0), s",
        "nn.Sequential(), nn.Sequential()(3)",
        "list(s.state_dict())",
        "'0' in dir(s)",
        "l",
        "nn.ModuleList(), nn.ModuleList([nn.ReLU()] * 3 + [nn.Tanh()] + [nn.Linear(1, 1)] * 2)",
        "nn.ModuleList([nn.Sequential(nn.ReLU())] * 2)",
        "l[0], l[-1], l[1:], len(l)",
        "l[7]",
        "l.append(nn.ReLU()); l.extend(l[:1]); l",
        "l.extend(3)",
        "l += [nn.Tanh()]; l",
        "l + l",
        "l.insert(1, nn.Tanh()); l",
        "l[0] = nn.Tanh(); l",
        "del l[1]; l",
        "del l[:2]; list(l.state_dict()), l",
        "l.pop(-1), l",
        "l(1)",
        "d, len(d), list(d), 'a' in d, list(d.keys()), [k for k, _ in d.items()], len(d.values())",
        "d['c'] = nn.Tanh(); del d['a']; d",
        "d.pop('a'), d",
        "d.clear(); d",
        "d.update([('x', nn.ReLU())]); d",
        "d.update(nn.ModuleDict({'y': nn.ReLU()})); d",
        "d.update(3)",
        "d.update([3])",
        "d.update([(1, 2, 3)])",
        "d['zz']",
        "nn.ModuleDict([('q', nn.ReLU())])['q']",
    ],
)
def test_as_in_torch(source):
    *head, last = source.split("; ")
    same("\n".join([START, *head, f"repr(({last}))"]))
