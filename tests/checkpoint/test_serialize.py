from __future__ import annotations

import io
import pickle
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dtrain import checkpoint
from dtrain.errors import CheckpointError, DeviceError, OpTypeError, OpValueError
from dtrain.nn.parameter import Parameter
from dtrain.tensor.device import device
from dtrain.tensor.dtype import DTYPES, bfloat16, dtype, float32
from dtrain.tensor.size import Size
from dtrain.tensor.tensor import Tensor, wrap

PLAIN = {
    "none": None,
    "bools": [True, False],
    "ints": (0, 1, 255, 256, 65536, -1, -(2**31), 2**31, 2**63, -(2**70), 2**2100),
    "floats": [0.5, float("inf"), -0.0],
    "complex": 1 - 2j,
    "text": "hé\u2603",
    "bytes": b"\x00\xff",
    "empty": [b"", "", (), [], {}, set(), frozenset()],
    "bytearray": bytearray(b"ab"),
    "sets": [{1, "a", (2, 3)}, frozenset([4])],
    "nested": {"a": [{"b": ({"c": [1]},)}]},
    "ordered": OrderedDict([("z", 1), ("a", 2)]),
    "counter": Counter("hello"),
    "size": Size((2, 3)),
    "device": [device("cpu"), device("cuda", 1)],
    "dtypes": [float32, bfloat16],
    "long text": "x" * 70000,
}


def through(obj: Any, **options: Any) -> Any:
    buffer = io.BytesIO()
    checkpoint.save(obj, buffer, **options)
    buffer.seek(0)
    return checkpoint.load(buffer)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("value", PLAIN.values(), ids=PLAIN)
def test_plain_values_come_back_with_their_types(value: Any, protocol: int) -> None:
    back = through(value, pickle_protocol=protocol)
    assert type(back) is type(value)
    assert back == value


@pytest.mark.parametrize("kind", DTYPES, ids=lambda kind: kind.name)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (0, 3), (2, 3, 4)])
def test_every_dtype_and_shape_comes_back(kind: dtype, shape: tuple[int, ...]) -> None:
    array = (np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2).astype(kind.np)
    back = through(wrap(array))
    assert back.dtype is kind
    assert back._a.shape == shape
    assert np.array_equal(back._a, array)


@pytest.mark.parametrize("mmap", [False, True])
def test_shared_memory_stays_shared(tmp_path: Path, mmap: bool) -> None:
    base = np.arange(12.0)
    state = {"all": wrap(base), "part": wrap(base[4:8]), "turned": wrap(base.reshape(3, 4).T)}
    checkpoint.save(state, tmp_path / "a.pt")
    back = checkpoint.load(tmp_path / "a.pt", mmap=mmap)
    back["all"]._a[5] = -1
    assert back["part"]._a.tolist() == [4, -1, 6, 7]
    assert back["turned"]._a.strides == base.reshape(3, 4).T.strides
    assert back["turned"]._a[1, 1] == -1
    again = checkpoint.load(tmp_path / "a.pt", mmap=mmap)
    assert again["all"]._a.tolist() == base.tolist()


def test_one_object_stays_one_object() -> None:
    tensor = wrap(np.ones(2))
    a, b = through([tensor, tensor])
    assert a is b


def test_memory_is_written_once() -> None:
    base = np.zeros(100_000)
    buffer = io.BytesIO()
    checkpoint.save([wrap(base[i:]) for i in range(10)], buffer)
    assert len(buffer.getvalue()) < base.nbytes * 1.1


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6)[::-1],
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.broadcast_to(np.arange(3), (2, 3)),
        np.arange(24).reshape(2, 3, 4).transpose(2, 0, 1),
        np.arange(24).reshape(2, 3, 4)[:, ::2, 1:3],
        np.frombuffer(b"\x01" * 17, np.uint8)[1:9].view(np.int64),
    ],
)
def test_any_layout_comes_back(array: np.ndarray[Any, Any]) -> None:
    assert np.array_equal(through(wrap(array))._a, array)


def test_parameters_keep_class_and_gradient_flag() -> None:
    back = through([Parameter(wrap(np.ones(2))), Parameter(wrap(np.ones(2)), requires_grad=False)])
    assert [type(p) for p in back] == [Parameter, Parameter]
    assert [p.requires_grad for p in back] == [True, False]


def test_attributes_of_tensors_come_back() -> None:
    tensor, parameter = wrap(np.ones(2)), Parameter(wrap(np.ones(2)))
    tensor.tag, parameter.tag = "t", "p"  # type: ignore[attr-defined]
    assert [value.tag for value in through([tensor, parameter])] == ["t", "p"]


def test_metadata_of_a_state_dict_comes_back() -> None:
    state: Any = OrderedDict(w=wrap(np.ones(2)))
    state._metadata = OrderedDict([("", {"version": 1})])
    back = through(state)
    assert type(back) is OrderedDict
    assert back._metadata == state._metadata


def test_numpy_values_come_back() -> None:
    value = {
        "scalar": np.float32(1.5),
        "text": np.str_("ab"),
        "array": np.arange(6).reshape(2, 3).T,
        "swapped": np.arange(3, dtype=">i4"),
        "type": np.dtype("float64"),
    }
    back = through(value)
    for name, expected in value.items():
        assert type(back[name]) is type(expected)
        assert np.array_equal(back[name], expected), name


def test_a_file_object_is_read_from_its_position(saved: bytes) -> None:
    buffer = io.BytesIO(b"head" + saved)
    buffer.seek(4)
    assert checkpoint.load(buffer)["s"] == "x"


def test_zip_programs_may_rewrite_a_file(make_file: Any, pickle_of_tensor: Any) -> None:
    data = np.arange(6, dtype=np.float32)
    back = checkpoint.load(make_file(pickle_of_tensor(), **{"data/0": data.tobytes()}))
    assert np.array_equal(back._a, data.reshape(2, 3))


def test_files_of_the_other_byte_order(make_file: Any, pickle_of_tensor: Any) -> None:
    data = np.arange(6, dtype=">f4")
    records = {"data/0": data.tobytes(), "byteorder": b"big"}
    assert np.array_equal(
        checkpoint.load(make_file(pickle_of_tensor(), **records))._a, data.reshape(2, 3)
    )
    records["byteorder"] = b"middle"
    with pytest.raises(CheckpointError, match="byteorder"):
        checkpoint.load(make_file(pickle_of_tensor(), **records))


class Mine:
    def __init__(self, value: Any) -> None:
        self.value = value


def test_whole_objects_need_trust(tmp_path: Path) -> None:
    path = tmp_path / "whole.pt"
    checkpoint.save(Mine(wrap(np.ones(2))), path)
    with pytest.raises(pickle.UnpicklingError, match=r"weights_only=False"):
        checkpoint.load(path)
    assert checkpoint.load(path, weights_only=False).value._a.tolist() == [1, 1]
    with checkpoint.safe_globals([Mine]):
        assert checkpoint.load(path).value._a.tolist() == [1, 1]


def test_wrong_arguments(tmp_path: Path, saved: bytes) -> None:
    with pytest.raises(OpValueError, match="pickle_protocol"):
        checkpoint.save(1, tmp_path / "x", pickle_protocol=1)
    with pytest.raises(OpTypeError, match="path"):
        checkpoint.save(1, 7)  # type: ignore[arg-type]
    with pytest.raises(OpValueError, match="f must be a file path in order to use the mmap"):
        checkpoint.load(io.BytesIO(saved), mmap=True)
    with pytest.raises(FileNotFoundError):
        checkpoint.load(tmp_path / "missing.pt")
    with pytest.raises(CheckpointError, match="parent directory"):
        checkpoint.save(1, tmp_path / "missing" / "x.pt")


def test_what_cannot_be_pickled_touches_no_file(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    checkpoint.save(1, path)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        checkpoint.save(lambda: 1, path)
    assert checkpoint.load(path) == 1
    assert list(tmp_path.iterdir()) == [path]


# ---------------------------------------------------------------- torch


def torch_values(torch: Any) -> dict[str, Any]:
    base = torch.arange(12.0)
    shared = base.reshape(3, 4)
    values = {str(kind): torch.ones(2, 3).to(getattr(torch, kind.name)) for kind in DTYPES}
    return values | {
        "base": base,
        "row": shared[1],
        "turned": shared.t()[1:],
        "expanded": torch.ones(1).expand(3, 4),
        "0-d": torch.tensor(2.5),
        "empty": torch.empty(0, 3),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "conj": torch.tensor([1 + 2j]).conj(),
        "gradient": torch.ones(2, requires_grad=True),
    }


@pytest.mark.torch
@pytest.mark.parametrize("mmap", [False, True])
def test_reads_files_of_torch(tmp_path: Path, mmap: bool) -> None:
    torch = pytest.importorskip("torch")
    values = torch_values(torch)
    torch.save(values, tmp_path / "t.pt")
    back = checkpoint.load(tmp_path / "t.pt", mmap=mmap)
    assert back.keys() == values.keys()
    for name, expected in values.items():
        got = back[name]
        assert got.dtype.name == str(expected.dtype).removeprefix("torch."), name
        assert tuple(got._a.shape) == tuple(expected.shape), name
        wanted = expected.detach().resolve_conj().cpu()
        assert got._a.tolist() == wanted.tolist(), name
        assert got.requires_grad == expected.requires_grad, name
        strides = tuple(step // got._a.itemsize for step in got._a.strides)
        assert strides == expected.stride(), name
    back["base"]._a[5] = -1
    assert back["row"]._a[1] == -1
    assert back["turned"]._a[0, 1] == -1


@pytest.mark.torch
@pytest.mark.parametrize("weights_only", [True, False])
def test_torch_reads_our_files(tmp_path: Path, weights_only: bool) -> None:
    torch = pytest.importorskip("torch")
    values = torch_values(torch)
    torch.save(values, tmp_path / "t.pt")
    checkpoint.save(checkpoint.load(tmp_path / "t.pt"), tmp_path / "d.pt")
    back = torch.load(tmp_path / "d.pt", weights_only=weights_only)
    for name, expected in values.items():
        assert type(back[name]) is type(expected), name
        assert back[name].dtype == expected.dtype, name
        assert torch.equal(back[name], expected), name
        assert back[name].stride() == expected.stride(), name
        assert back[name].requires_grad == expected.requires_grad, name
    back["base"][5] = -1
    assert back["row"][1] == -1


@pytest.mark.torch
def test_plain_values_go_to_torch_and_back(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    refused = {"sets", "empty", "device", "dtypes", "size"}  # frozensets; classes of our own
    plain = {name: value for name, value in PLAIN.items() if name not in refused}
    plain["ints"] = PLAIN["ints"][:-1]  # type: ignore[index]  # torch reads no LONG4
    checkpoint.save(plain, tmp_path / "d.pt")
    back = torch.load(tmp_path / "d.pt")
    assert back == plain
    checkpoint.save([device("cpu"), float32, Size((2, 3))], tmp_path / "e.pt")
    assert torch.load(tmp_path / "e.pt") == [torch.device("cpu"), torch.float32, torch.Size([2, 3])]
    torch.save(back, tmp_path / "t.pt")
    assert checkpoint.load(tmp_path / "t.pt") == plain


@pytest.mark.torch
def test_training_state_goes_to_torch_and_back(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(5, 3)).sum().backward()
    optimizer.step()
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    torch.save(state, tmp_path / "t.pt")
    ours = checkpoint.load(tmp_path / "t.pt")
    assert ours["model"]._metadata == state["model"]._metadata
    checkpoint.save(ours, tmp_path / "d.pt")
    back = torch.load(tmp_path / "d.pt")
    assert back["model"]._metadata == state["model"]._metadata
    other = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    other.load_state_dict(back["model"])
    torch.optim.Adam(other.parameters()).load_state_dict(back["optimizer"])
    for name, value in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)
    moments = optimizer.state_dict()["state"]
    for index, entry in back["optimizer"]["state"].items():
        assert all(torch.equal(entry[key], moments[index][key]) for key in entry)


@pytest.mark.torch
def test_the_same_records_as_torch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    import zipfile

    torch.save({"w": torch.arange(3.0)}, tmp_path / "a.b.pt")
    expected = zipfile.ZipFile(tmp_path / "a.b.pt")
    checkpoint.save(checkpoint.load(tmp_path / "a.b.pt"), tmp_path / "a.b.pt")
    got = zipfile.ZipFile(tmp_path / "a.b.pt")
    assert got.namelist() == expected.namelist()
    for a, b in zip(got.infolist(), expected.infolist(), strict=True):
        assert (a.header_offset, a.flag_bits, a.date_time) == (
            b.header_offset,
            b.flag_bits,
            b.date_time,
        )
        if not a.filename.endswith("serialization_id"):
            assert got.read(a) == expected.read(b), a.filename


@pytest.mark.torch
def test_old_formats_say_what_to_do(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save(torch.ones(1), tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(CheckpointError, match=r"before version 1\.6"):
        checkpoint.load(tmp_path / "old.pt")


def test_map_location(tmp_path: Path) -> None:
    checkpoint.save(wrap(np.arange(3.0)), tmp_path / "a.pt")
    seen = []

    def keep(storage: Any, location: str) -> Any:
        seen.append((storage.tolist(), location))
        return storage

    choices: list[Any] = [None, "cpu", device("cpu"), {"cpu": "cpu"}, {}, keep, lambda s, loc: None]
    for choice in choices:
        back = checkpoint.load(tmp_path / "a.pt", map_location=choice)
        assert isinstance(back, Tensor)
        assert back._a.tolist() == [0, 1, 2]
    assert seen == [([0.0, 1.0, 2.0], "cpu")]
    with pytest.raises(DeviceError, match="don't know how to restore data location"):
        checkpoint.load(tmp_path / "a.pt", map_location="xpu")
