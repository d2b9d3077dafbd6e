from __future__ import annotations

import os
import pickle
import pickletools
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

from dtrain import checkpoint
from dtrain.errors import UnsafeFileError

TEXT = b"X\x01\x00\x00\x00a"


def attacks(witness: str) -> dict[str, bytes]:
    """Return pickles that would create the file `witness`, one per way to make Python call."""
    command = b"touch " + witness.encode()
    text = b"X" + len(command).to_bytes(4, "little") + command
    run = b"cos\nsystem\n"
    arguments = b"(" + text + b"t"
    return {
        "GLOBAL REDUCE": run + arguments + b"R",
        "posix": b"cposix\nsystem\n" + arguments + b"R",
        "builtin eval": b"c__builtin__\neval\n(X\x01\x00\x00\x001tR",
        "builtins exec": b"cbuiltins\nexec\n(X\x01\x00\x00\x001tR",
        "INST": b"(" + text + b"ios\nsystem\n",
        "OBJ": b"(" + run + text + b"o",
        "NEWOBJ": run + arguments + b"\x81",
        "NEWOBJ_EX": run + arguments + b"}\x92",
        "STACK_GLOBAL": b"\x8c\x02os\x8c\x06system\x93" + arguments + b"R",
        "dotted name": b"\x8c\x0bcollections\x8c\x12abc.sys.modules.os\x93" + arguments + b"R",
        "getattr": b"cbuiltins\ngetattr\n(ccollections\nOrderedDict\n" + TEXT + b"tR",
        "torch's getattr": b"ctorch\nos.system\n" + arguments + b"R",
        "EXT1": b"\x82\x01" + arguments + b"R",
        "EXT2": b"\x83\x01\x00" + arguments + b"R",
        "EXT4": b"\x84\x01\x00\x00\x00" + arguments + b"R",
        "PERSID": b"Pos.system\n",
        "persistent id": run + b"Q",
        "class of a value": b"ccollections\nOrderedDict\n)R}X\x09\x00\x00\x00__class__"
        + run
        + b"sb",
        "state of a class": b"ccollections\nOrderedDict\n}X\x04\x00\x00\x00keys" + run + b"sb",
        "slots": b"ccollections\nOrderedDict\n)RN}" + TEXT + run + b"s\x86b",
        "state of a function": b"ctorch._utils\n_rebuild_tensor_v2\n}" + TEXT + b"Nsb",
        "call of a value": b"}" + arguments + b"R",
        "call of a type": b"ctorch\nFloatStorage\n" + arguments + b"R",
        "call of a dtype": b"ctorch\nfloat32\n)R",
        "class of an array": b"cnumpy._core.multiarray\n_reconstruct\n("
        + run
        + b"K\x00\x85C\x01btR",
    }


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    return tmp_path / "witness"


@pytest.mark.parametrize("way", attacks(""))
@pytest.mark.parametrize(
    "place",
    [b"%s.", b"]%sa.", b"}%sK\x01s.", b"(K\x01%st.", b"K\x01%s\x86.", b"%s0N.", b"(%s1N."],
    ids=["root", "item", "key", "tuple", "pair", "dropped", "dropped to mark"],
)
def test_nothing_runs(make_file: Any, witness: Path, way: str, place: bytes) -> None:
    attack = attacks(str(witness))[way]
    with pytest.raises(UnsafeFileError):
        checkpoint.load(make_file(b"\x80\x02" + place % attack))
    assert not witness.exists()


def test_an_attack_at_every_position(make_file: Any, witness: Path) -> None:
    value = {"a": [1, (2.5, "x", b"y")], "b": OrderedDict(c=None, d={1})}
    pickled = pickle.dumps(value, 2)
    attack = attacks(str(witness))["GLOBAL REDUCE"]
    for opcode, _, position in pickletools.genops(pickled):
        if opcode.name == "PROTO":
            continue
        with pytest.raises(UnsafeFileError, match=r"os\.system"):
            checkpoint.load(make_file(pickled[:position] + attack + pickled[position:]))
    assert not witness.exists()


class Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, ("never",)


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_of_evil_objects(make_file: Any, protocol: int) -> None:
    with pytest.raises(UnsafeFileError):
        checkpoint.load(make_file(pickle.dumps([Evil()], protocol)))
    assert not Path("never").exists()


def test_the_error_names_the_global_and_the_ways_out(make_file: Any) -> None:
    with pytest.raises(UnsafeFileError) as caught:
        checkpoint.load(make_file(b"\x80\x02cmy.module\nThing\n."))
    for word in ("my.module.Thing", "add_safe_globals", "weights_only=False"):
        assert word in str(caught.value)


def test_every_cut_of_a_pickle_is_refused(make_file: Any) -> None:
    pickled = pickle.dumps({"a": [1, (2.5, "x", b"y")], "b": 2**100}, 2)
    for end in range(len(pickled)):
        with pytest.raises(UnsafeFileError):
            checkpoint.load(make_file(pickled[:end]))
    with pytest.raises(UnsafeFileError):
        checkpoint.load(make_file(pickled + b"N."))


@pytest.mark.parametrize("opcode", [bytes([code]) for code in range(256)])
def test_every_opcode_alone_is_refused_or_data(make_file: Any, opcode: bytes) -> None:
    for operand in (b"", b"\x00" * 8, b"\xff" * 8, b"os\nsystem\n"):
        for before in (b"", b"N", b"]", b"}", b"(", b"(NN", b"ccollections\nOrderedDict\n)"):
            data = b"\x80\x02" + before + opcode + operand + b"."
            try:
                checkpoint.load(make_file(data))
            except UnsafeFileError:
                continue


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"B\xff\xff\xff\x7f", "bytes that are not there"),
        (b"X\xff\xff\xff\xff", "text that is not there"),
        (b"\x8e" + b"\xff" * 8, "more bytes than there is memory"),
        (b"cbuiltins\nbytearray\n(J\xff\xff\xff\x7ftR", "a bytearray of a length"),
        (b"c_codecs\nencode\n(" + TEXT + b"X\x08\x00\x00\x00zlib_codetR", "another codec"),
        (b"ctorch\nSize\n(" + TEXT + b"\x85tR", "a size of text"),
        (b"cnumpy\ndtype\n(X\x02\x00\x00\x00O8tR", "a NumPy type of objects"),
        (b"cnumpy\ndtype\n(X\x05\x00\x00\x00i4,f4tR", "a NumPy type with fields"),
        (b"j\x00\x00\x00\x00", "an empty memo"),
    ],
)
def test_made_up_values_are_refused(make_file: Any, data: bytes, what: str) -> None:
    with pytest.raises(UnsafeFileError):
        checkpoint.load(make_file(b"\x80\x02" + data + b"."))


def test_hashing_a_key_stays_cheap(make_file: Any) -> None:
    doubling = b"K\x01" + b"q\x00h\x00\x86" * 100  # 2 ** 100 parts
    deep = b")" + b"\x85" * 1_000_000
    for key in (doubling, deep):
        for holder in (b"}%sNs.", b"\x8f(%s\x90.", b"(%s\x91.", b"c__builtin__\nset\n](%se\x85R."):
            with pytest.raises(UnsafeFileError, match="parts"):
                checkpoint.load(make_file(b"\x80\x02" + holder % key))


def test_small_files_cannot_copy_much(make_file: Any) -> None:
    text = b"X" + (1 << 20).to_bytes(4, "little") + b"a" * (1 << 20) + b"q\x000"
    copies = b"]" + b"(" + b"c_codecs\nencode\n(h\x00tR" * 1000 + b"e."
    with pytest.raises(UnsafeFileError, match="copies more than"):
        checkpoint.load(make_file(b"\x80\x02" + text + copies))


@pytest.mark.parametrize(
    "numbers",
    [
        {"size": (7,), "stride": (1,)},
        {"offset": 1},
        {"offset": -1},
        {"stride": (-3, 1)},
        {"stride": (4, 1)},
        {"size": (2**62, 2**62), "stride": (1, 1)},
        {"size": (2,)},
        {"size": [2, 3]},
        {"size": (2.0, 3)},
        {"numel": 5},
        {"numel": 7},
        {"numel": 2**62},
        {"numel": "6"},
        {"key": "1"},
        {"key": "../data/0"},
        {"key": 0},
        {"offset": True},
    ],
    ids=str,
)
def test_views_stay_inside_their_storage(
    make_file: Any, pickle_of_tensor: Any, numbers: dict[str, Any]
) -> None:
    with pytest.raises(UnsafeFileError):
        checkpoint.load(make_file(pickle_of_tensor(**numbers), **{"data/0": bytes(24)}))


class Guarded:
    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


def test_allowed_classes_are_built(make_file: Any) -> None:
    guarded = Guarded()
    guarded.state = 5
    pickled = pickle.dumps(guarded, 2)
    with checkpoint.safe_globals([Guarded]):
        assert checkpoint.load(make_file(pickled)).state == {"state": 5}
    with pytest.raises(UnsafeFileError, match="Guarded"):
        checkpoint.load(make_file(pickled))
