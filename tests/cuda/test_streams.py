"""Queues and marks: refused without a GPU, used with one."""

from __future__ import annotations

import pytest

import dtrain
from dtrain.backend.cupy_ import device_count
from dtrain.cuda import amp, random, streams, tensors
from dtrain.errors import DeviceError


@pytest.mark.skipif(device_count() > 0, reason="there is a GPU here")
@pytest.mark.parametrize(
    "make",
    [
        streams.Stream, streams.Event, streams.current_stream, streams.default_stream,
        lambda: tensors.FloatTensor(2), lambda: dtrain.ones(1).cuda(),
    ],
)  # fmt: skip
def test_without_a_gpu(make):
    with pytest.raises(DeviceError, match="Torch not compiled with CUDA enabled"):
        make()


def test_no_stream_is_a_context():
    with streams.stream(None) as nothing:
        assert nothing is None


def test_a_tensor_of_the_cpu_is_none_of_cuda():
    assert not isinstance(dtrain.ones(1), tensors.FloatTensor)
    assert isinstance(dtrain.ones(1), dtrain.FloatTensor)


def test_random_numbers_come_from_the_one_generator():
    dtrain.manual_seed(3)
    state = random.get_rng_state()
    one = dtrain.rand(2)
    random.set_rng_state(state)
    assert dtrain.equal(one, dtrain.rand(2))
    assert random.initial_seed() == 3


@pytest.mark.skipif(device_count() > 0, reason="there is a GPU here")
def test_mixed_precision_of_old():
    with pytest.warns(FutureWarning, match="deprecated"):
        scaler = amp.GradScaler(enabled=False)
    assert not scaler.is_enabled()
    with pytest.warns(FutureWarning, match="deprecated"):
        context = amp.autocast(enabled=False)
    with context:
        assert not dtrain.is_autocast_enabled("cuda")


@pytest.mark.gpu
def test_a_real_queue():
    start, end = streams.Event(enable_timing=True), streams.Event(enable_timing=True)
    side = streams.Stream()
    with side:
        assert streams.current_stream() == side
        start.record()
        x = dtrain.ones(64, 64, device="cuda")
        x = x @ x
        end.record()
    side.wait_stream(streams.default_stream())
    side.synchronize()
    assert side.query()
    assert start.elapsed_time(end) >= 0
    assert streams.current_stream() == streams.default_stream()
