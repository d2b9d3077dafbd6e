"""Memory formats of convolutions' weights."""

from __future__ import annotations

import pytest

from tests.twin import same

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(("dims", "form"), [(2, "channels_last"), (3, "channels_last_3d")])
def test_weights_of_the_right_convolutions_change(dims, form):
    same(
        "nn = torch.nn; m = nn.Sequential(nn.Conv2d(2, 3, 2), nn.ConvTranspose3d(2, 3, 2))\n"
        f"nn.utils.convert_conv{dims}d_weight_memory_format(m, torch.{form})\n"
        "[p.stride() for p in m.parameters()]"
    )
