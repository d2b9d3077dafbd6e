"""What a tensor says of its shape, type and memory."""

from __future__ import annotations

import pytest

import dtrain as torch
from tests.twin import lines, same

SAME = lines(
    r"""
    torch.zeros(2, 3).size()
    torch.zeros(2, 3).size(0)
    torch.zeros(2, 3).size(-1)
    torch.zeros(2, 3).size(dim=1)
    torch.zeros(2, 3).ndim
    torch.zeros(2, 3).dim()
    torch.zeros(2, 3).numel()
    torch.zeros(2, 3).nelement()
    torch.zeros(2, 3).ndimension()
    torch.zeros(2, 3).element_size()
    torch.zeros(2, 3).itemsize
    torch.zeros(2, 3).nbytes
    torch.zeros(2, 3).stride()
    torch.zeros(2, 3).stride(0)
    torch.zeros(2, 3).stride(-1)
    torch.zeros(2, 3).t().stride()
    torch.zeros(3, 1).t().stride()
    torch.zeros(2, 3).unsqueeze(0).stride()
    torch.zeros(2, 3).unsqueeze(1).stride()
    torch.zeros(2, 3).unsqueeze(2).stride()
    torch.zeros(2, 3).t().unsqueeze(1).stride()
    torch.zeros(2, 3)[None].stride()
    torch.zeros(2, 3)[:, None].stride()
    torch.zeros(2, 3)[:, :1].stride()
    torch.zeros(2, 3)[:1, :].t().stride()
    torch.zeros(0, 3).stride()
    torch.zeros(3, 0).stride()
    torch.zeros(2, 0, 3).stride()
    torch.zeros(2, 1).expand(2, 4).stride()
    torch.zeros(1).expand(3).stride()
    torch.zeros(()).stride()
    torch.zeros(2, 3).view(1, 6).stride()
    torch.zeros(2, 3).view(2, 1, 3, 1).stride()
    torch.zeros(4, 3)[::2].stride()
    torch.zeros(4, 3)[1:, 2].storage_offset()
    torch.zeros(4, 3)[2].storage_offset()
    torch.zeros(4, 3).t()[1].storage_offset()
    torch.zeros(2, 3).is_contiguous()
    torch.zeros(2, 3).t().is_contiguous()
    torch.zeros(2, 3).t().contiguous().is_contiguous()
    torch.zeros(1, 3).t().is_contiguous()
    torch.zeros(1, 2, 3, 4).is_contiguous(memory_format=torch.channels_last)
    torch.zeros(1, 2, 3, 4).to(memory_format=torch.channels_last).stride()
    torch.zeros(2, 3).layout
    torch.zeros(2, 3).layout == torch.strided
    torch.zeros(2, 3).is_sparse
    torch.zeros(2, 3).is_cuda
    torch.zeros(2, 3).is_cpu
    torch.zeros(2, 3).is_quantized
    torch.zeros(2, 3).device
    str(torch.zeros(2, 3).device)
    torch.zeros(2, 3).get_device()
    torch.zeros(2, 3).dtype
    torch.zeros(2, 3).requires_grad
    torch.zeros(2, 3).is_leaf
    torch.zeros(2, 3).grad is None
    torch.zeros(2, 3).grad_fn is None
    torch.zeros(2).is_floating_point()
    torch.zeros(2, dtype=torch.int64).is_floating_point()
    torch.zeros(2, dtype=torch.complex64).is_complex()
    torch.zeros(2).is_signed()
    torch.zeros(2).data_ptr() > 0
    torch.zeros(0).data_ptr()
    x = torch.zeros(4); x.data_ptr() == x[0:].data_ptr()
    x = torch.zeros(4); x[2:].data_ptr() - x.data_ptr()
    x = torch.arange(6.); x.as_strided((2, 2), (1, 1), 1).storage_offset()
    x = torch.arange(6.); x[2:].as_strided((2,), (1,)).storage_offset()
    """
)

ERRORS = lines(
    r"""
    torch.zeros(2, 3).size(2)
    torch.zeros(()).size(0)
    torch.zeros(2, 3).stride(2)
    """
)


@pytest.mark.torch
@pytest.mark.parametrize("source", SAME)
def test_as_torch(source: str) -> None:
    same(source)


@pytest.mark.torch
@pytest.mark.parametrize("source", ERRORS)
def test_errors_as_torch(source: str) -> None:
    same(source)


def test_host_memory_is_never_pinned() -> None:
    t = torch.zeros(2)
    assert t.pin_memory() is t
    assert not t.is_pinned()


def test_channels_last() -> None:
    t = torch.empty(2, 3, 4, 5, memory_format=torch.channels_last)
    assert t.is_contiguous(memory_format=torch.channels_last)
    assert not t.is_contiguous()
    assert t.stride() == (60, 1, 15, 3)
