"""Containers of parameters."""

from __future__ import annotations

import pytest

from tests.twin import same

pytestmark = pytest.mark.torch

START = """
nn = torch.nn
l = nn.ParameterList([nn.Parameter(torch.ones(2, 3)), torch.zeros(4), 3])
d = nn.ParameterDict({"b": torch.ones(2), "a": nn.Parameter(torch.zeros(1)), "n": 5})
"""


@pytest.mark.parametrize(
    "source",
    [
        "repr(l)",
        "repr(nn.ParameterList())",
        "l[0], l[1], l[2], l[-1], len(l)",
        "[type(p).__name__ for p in l]",
        "[n for n, _ in l.named_parameters()]",
        "l[5]",
        "l[1] = torch.ones(1); l[1]",
        "repr(l[:2]), len(l[1:])",
        "l.append(torch.ones(1)) is l, len(l)",
        "l.extend(torch.ones(3))",
        "l.extend(3)",
        "l += [torch.ones(1)]; len(l), list(l.state_dict())",
        "l(1)",
        "repr(d)",
        "list(d), len(d), 'a' in d, list(reversed(d))",
        "d['a'], d['n'], type(d['b']).__name__",
        "d['zz'] = torch.ones(2); list(d.state_dict())",
        "d[3] = torch.ones(1)",
        "del d['a']; list(d)",
        "d.pop('a'), list(d)",
        "d.popitem(), list(d)",
        "d.get('a'), d.get('q', 7)",
        "d.setdefault('q', torch.ones(1)), list(d)",
        "d.clear(); len(d), len(list(d.parameters()))",
        "list(d.fromkeys(['x', 'y'], torch.ones(1)).items())",
        "list(d.copy()), list(d.keys()), len(list(d.values()))",
        "list(d | nn.ParameterDict({'q': torch.ones(1)}))",
        "d |= nn.ParameterDict({'q': torch.ones(1)}); list(d)",
        "d.update([('z', torch.ones(1)), ('y', torch.ones(1))]); list(d)",
        "d.update({'z': torch.ones(1), 'y': torch.ones(1)}); list(d)",
        "d.update(3)",
        "d.update([(1,)])",
        "d(1)",
    ],
)
def test_as_in_torch(source):
    same(START + source.replace("; ", "\n"))
