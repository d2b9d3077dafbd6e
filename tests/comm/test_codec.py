from __future__ import annotations

import contextlib
import enum
import math
import pickle
import random
import struct
import tracemalloc
from datetime import date

import numpy as np
import pytest

from dtrain.comm.codec import decode, encode
from dtrain.errors import DistributedError, OpTypeError

VALUES = [
    None,
    True,
    False,
    0,
    -1,
    127,
    128,
    -128,
    -129,
    2**63,
    -(2**200),
    0.0,
    -0.0,
    1.5,
    math.inf,
    -math.inf,
    5e-324,
    1 - 2j,
    "",
    "text",
    "\x00é漢😀",
    "\ud800",
    b"",
    bytes(range(256)),
    [],
    (),
    {},
    set(),
    frozenset(),
    [1, [2, (3, {"a": [None]})]],
    {1: "int", "1": "text", (1, 2): {3}, b"1": 1.0, None: frozenset({1})},
    {1, 2.5, "x", (None,)},
    [[]] * 50,
]


def same(first, second):
    # By letters, because the order within a set is free; 1, 1.0 and True have different ones.
    letters = sorted(repr(first)) == sorted(repr(second))
    return type(first) is type(second) and first == second and letters


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value)[:30])
def test_what_arrives_is_what_was_sent(value):
    assert same(decode(encode(value)), value)


def test_nan():
    assert math.isnan(decode(encode(float("nan"))))
    assert struct.pack("<d", decode(encode(-0.0))) == struct.pack("<d", -0.0)


@pytest.mark.parametrize(
    "dtype", ["?", "i1", "u8", "f2", "f4", "f8", "g", "F", "D", ">f4", ">i8", "S3", "U2"]
)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (2, 3)])
def test_arrays(dtype, shape):
    array = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    back = decode(encode(array))
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)
    assert back.flags.writeable
    assert back.flags.owndata or back.base is not None


def test_arrays_of_any_layout_and_bfloat16():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.arange(12, dtype=ml_dtypes.bfloat16).reshape(3, 4).T[::2]
    back = decode(encode([array]))[0]
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("scalar", [np.float32(1.5), np.int8(-3), np.bool_(True), np.str_("ab")])
def test_numpy_scalars(scalar):
    back = decode(encode(scalar))
    assert type(back) is type(scalar)
    assert back == scalar


class Color(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize(
    "value",
    [object(), len, date(2020, 1, 1), Color.RED, type("D", (dict,), {})(), bytearray(b"x")],
    ids=lambda value: type(value).__name__,
)
def test_other_types_are_refused_by_name(value):
    with pytest.raises(OpTypeError, match=rf"encode\({type(value).__name__}\).*allow_pickle=True"):
        encode([value])


def test_object_and_structured_arrays_are_refused():
    for array in (np.array([None]), np.zeros(2, "i4,f8"), np.zeros(2, "M8[s]")):
        with pytest.raises(OpTypeError, match="allow_pickle"):
            encode(array)


def test_pickle_needs_the_word_of_both_sides():
    data = encode({"when": date(2020, 1, 1)}, allow_pickle=True)
    assert decode(data, allow_pickle=True) == {"when": date(2020, 1, 1)}
    with pytest.raises(DistributedError, match="could run any code"):
        decode(data)


def test_an_object_within_itself():
    loop = []
    loop += [loop, loop]
    with pytest.raises(OpTypeError, match="within itself"):
        encode(loop)


# ---------------------------------------------------------------- hostile bytes

HUGE = struct.pack("<Q", 2**63)
LENGTH = {n: struct.pack("<Q", n) for n in range(10)}
NAME = LENGTH[3] + b"<f8"
HOSTILE = {
    "nothing": b"",
    "magic only": b"\xd1",
    "other magic": b"\x00N",
    "a pickle": pickle.dumps([1]),
    "unknown tag": b"\xd1?",
    "more follows": b"\xd1NN",
    "long text": b"\xd1s" + HUGE + b"x",
    "long list": b"\xd1l" + HUGE,
    "long dict": b"\xd1d" + HUGE,
    "long int": b"\xd1i" + HUGE + b"x",
    "cut float": b"\xd1f1234",
    "no UTF-8": b"\xd1s" + LENGTH[1] + b"\xff",
    "deep": b"\xd1" + (b"l" + struct.pack("<Q", 1)) * 5000 + b"N",
    "deep tuples as keys": b"\xd1" + (b"d" + struct.pack("<Q", 1)) * 5000,
    "list as key": b"\xd1d" + LENGTH[1] + b"l" + LENGTH[0] + b"N",
    "list in set": b"\xd1e" + LENGTH[1] + b"l" + LENGTH[0],
    "key twice": b"\xd1d" + LENGTH[2] + b"TNTN",
    "array too large": b"\xd1a" + NAME + LENGTH[2] + HUGE + HUGE + LENGTH[0],
    "array of 8 TB": b"\xd1a" + NAME + LENGTH[1] + struct.pack("<Q", 2**40) + LENGTH[0],
    "array of none of huge": b"\xd1a" + NAME + LENGTH[2] + LENGTH[0] + HUGE + LENGTH[0],
    "array too small": b"\xd1a" + NAME + LENGTH[1] + LENGTH[2] + LENGTH[8] + bytes(8),
    "array of 65 dims": b"\xd1a"
    + NAME
    + struct.pack("<Q", 65)
    + LENGTH[1] * 65
    + LENGTH[8]
    + bytes(8),
    "object array": b"\xd1a" + LENGTH[3] + b"<O8" + LENGTH[1] + LENGTH[1] + LENGTH[8] + bytes(8),
    "void array": b"\xd1a" + LENGTH[3] + b"|V8" + LENGTH[1] + LENGTH[1] + LENGTH[8] + bytes(8),
    "no dtype": b"\xd1a" + LENGTH[3] + b"<f3" + LENGTH[0] + LENGTH[3] + bytes(3),
    "scalar with shape": b"\xd1g" + NAME + LENGTH[1] + LENGTH[1] + LENGTH[8] + bytes(8),
    "pickle": b"\xd1P" + LENGTH[2] + b"N.",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_bytes_give_the_documented_error(data):
    with pytest.raises(DistributedError, match=r"^decode\(\): "):
        decode(data)


def test_text_beyond_unicode_surrogates():
    with pytest.raises(DistributedError):
        decode(b"\xd1s" + LENGTH[4] + b"\xf7\xbf\xbf\xbf")


def test_every_cut_and_many_flips_are_refused_or_decoded_within_bounds():
    original = encode([*VALUES, np.arange(6.0).reshape(2, 3), np.float32(2)])
    for end in range(len(original)):
        with pytest.raises(DistributedError):
            decode(original[:end])
    rng = random.Random(5)
    tracemalloc.start()
    try:
        for _ in range(3000):
            data = bytearray(original)
            for _ in range(rng.randint(1, 4)):
                data[rng.randrange(1, len(data))] = rng.randrange(256)
            with contextlib.suppress(DistributedError):
                decode(bytes(data))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 * len(original) + 200_000
