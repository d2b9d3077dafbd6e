"""What every communicator has to do, as checks that run on each rank of any driver.

A rank can compute what every other rank holds, so each check compares with the slow naive answer.
As a script (under mpirun) it runs all checks and writes one JSON line per check on rank 0.
"""

from __future__ import annotations

import functools
import itertools
import json
import sys
import traceback
from collections.abc import Callable

import numpy as np

from dtrain.comm import Communicator, ReduceOp, connect
from dtrain.errors import (
    CommTimeoutError,
    DistributedError,
    DtypeError,
    MismatchError,
    OpTypeError,
    OpValueError,
    ShapeError,
)

Check = Callable[[Communicator], None]
CHECKS: dict[str, Check] = {}

SHAPES = [(), (0,), (1,), (7,), (3, 0, 2), (2, 3, 4), (257,)]
INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
FLOATS = ["float32", "float64", "longdouble"]
COMPLEX = ["complex64", "complex128"]
NARROW = ["float16", "bfloat16"]
ALL = ["bool", *INTEGERS, *FLOATS, *COMPLEX, *NARROW, ">f4", ">i8"]
NAIVE = {
    ReduceOp.SUM: np.add,
    ReduceOp.PRODUCT: np.multiply,
    ReduceOp.MIN: np.minimum,
    ReduceOp.MAX: np.maximum,
    ReduceOp.BAND: np.bitwise_and,
    ReduceOp.BOR: np.bitwise_or,
    ReduceOp.BXOR: np.bitwise_xor,
}


def check(function: Check) -> Check:
    CHECKS[function.__name__] = function
    return function


def dtype_of(name: str) -> np.dtype:
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def value(rank: int, shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    """What `rank` holds: small whole numbers, which every dtype adds up without rounding."""
    rng = np.random.default_rng([rank, seed, len(shape)])
    numbers = rng.integers(0, 2 if dtype == "bool" else 4, shape)
    if dtype in COMPLEX:
        return np.asarray(numbers + 1j * rng.integers(0, 4, shape)).astype(dtype)
    return np.asarray(numbers).astype(dtype_of(dtype))


def strided(array: np.ndarray) -> np.ndarray:
    """The same values in memory that is not contiguous (0-d arrays cannot be)."""
    if array.ndim == 0:
        return array.copy()
    wide = np.zeros((*array.shape[:-1], array.shape[-1] * 2), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def stack(parts: list[np.ndarray]) -> np.ndarray:
    """As np.stack, but of the same byte order."""
    return np.stack(parts).astype(parts[0].dtype)


def naive(parts: list[np.ndarray], op: ReduceOp) -> np.ndarray:
    dtype = parts[0].dtype
    if dtype.kind == "b" and op in {ReduceOp.SUM, ReduceOp.PRODUCT}:
        return functools.reduce(
            np.logical_or if op is ReduceOp.SUM else np.logical_and, parts
        ).astype(dtype)
    if op is ReduceOp.AVG:
        wide = np.result_type(dtype, np.float32) if dtype.itemsize == 2 else dtype
        total = functools.reduce(np.add, [part.astype(wide) for part in parts])
        return np.asarray(total / len(parts)).astype(dtype)
    return np.asarray(functools.reduce(NAIVE[op], parts)).astype(dtype)


def allowed(dtype: str, op: ReduceOp) -> bool:
    if op is ReduceOp.AVG:
        return dtype in {*FLOATS, *COMPLEX, *NARROW, ">f4"}
    if op in {ReduceOp.BAND, ReduceOp.BOR, ReduceOp.BXOR}:
        return dtype in {"bool", *INTEGERS, ">i8"}
    return op in {ReduceOp.SUM, ReduceOp.PRODUCT} or dtype not in COMPLEX


def assert_same(actual: np.ndarray, expected: np.ndarray, *what: object) -> None:
    assert actual.dtype == expected.dtype, what
    assert actual.shape == expected.shape, what
    np.testing.assert_array_equal(actual, expected, err_msg=str(what))


def raises(kind: type[Exception], action: Callable[[], object], words: str = "") -> None:
    message = None
    try:
        action()
    except kind as error:
        message = str(error)
    assert message is not None, f"{kind.__name__} was not raised"
    assert words in message, (words, message)


@check
def place(comm: Communicator) -> None:
    assert 0 <= comm.rank < comm.size
    assert comm.allgather_obj(comm.rank) == list(range(comm.size))
    comm.barrier()


@check
def allreduce(comm: Communicator) -> None:
    cases = itertools.product(ALL, ReduceOp, SHAPES, (np.copy, strided))
    for dtype, op, shape, layout in cases:
        if not allowed(dtype, op):
            continue
        parts = [value(rank, shape, dtype) for rank in range(comm.size)]
        mine = layout(parts[comm.rank])
        comm.allreduce(mine, op)
        assert_same(mine, naive(parts, op), dtype, op, shape, layout.__name__)


@check
def allreduce_refusals(comm: Communicator) -> None:
    for dtype, op in itertools.product(ALL, ReduceOp):
        if not allowed(dtype, op):
            raises(DtypeError, lambda d=dtype, o=op: comm.allreduce(value(0, (2,), d), o), op.value)
    raises(DtypeError, lambda: comm.allreduce(np.zeros(2, "M8[s]")), "datetime64")
    raises(OpTypeError, lambda: comm.allreduce(np.array([None])), "_obj")
    raises(OpTypeError, lambda: comm.allreduce([1.0]), "list")
    frozen = np.zeros(2)
    frozen.flags.writeable = False
    raises(OpValueError, lambda: comm.allreduce(frozen), "read-only")


@check
def allreduce_same_bits_everywhere(comm: Communicator) -> None:
    mine = np.random.default_rng(comm.rank).standard_normal(10_001).astype(np.float32)
    comm.allreduce(mine)
    assert len(set(comm.allgather_obj(mine.tobytes()))) == 1


@check
def narrow_floats_add_in_float32(comm: Communicator) -> None:
    # 2048 + 1 is 2048 in float16: adding up in 16 bits would lose every 1 after the first.
    mine = np.array([2048.0 if comm.rank == 0 else 1.0], np.float16)
    comm.allreduce(mine)
    assert mine[0] == np.float16(2048 + comm.size - 1)
    large = np.array([60000.0], np.float16)
    comm.allreduce(large)
    assert large[0] == (np.inf if comm.size > 1 else np.float16(60000))


@check
def reduce(comm: Communicator) -> None:
    cases = itertools.product(ALL, range(comm.size), [(), (0,), (2, 3)], (np.copy, strided))
    for dtype, root, shape, layout in cases:
        parts = [value(rank, shape, dtype, root) for rank in range(comm.size)]
        mine = layout(parts[comm.rank])
        comm.reduce(mine, root=root)
        expected = naive(parts, ReduceOp.SUM) if comm.rank == root else parts[comm.rank]
        assert_same(mine, expected, dtype, root, shape)


@check
def reduce_scatter(comm: Communicator) -> None:
    for dtype, op, shape, layout in itertools.product(
        ALL, (ReduceOp.SUM, ReduceOp.AVG, ReduceOp.MAX), [(0,), (5,), (2, 3)], (np.copy, strided)
    ):
        if not allowed(dtype, op):
            continue
        parts = [value(rank, (comm.size, *shape), dtype) for rank in range(comm.size)]
        out = layout(np.ones(shape, dtype_of(dtype)))
        comm.reduce_scatter(out, layout(parts[comm.rank]), op)
        assert_same(out, naive(parts, op)[comm.rank], dtype, op, shape)
    whole = value(comm.rank, (comm.size, 4), "float64")
    parts = [value(rank, (comm.size, 4), "float64") for rank in range(comm.size)]
    comm.reduce_scatter(whole[comm.rank], whole)  # in place
    assert_same(whole[comm.rank], naive(parts, ReduceOp.SUM)[comm.rank])


MOVED = [*ALL, "S5", "U3", "M8[ms]", "i4,f8"]


def moved(rank: int, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    if dtype in ALL:
        return value(rank, shape, dtype)
    numbers = value(rank, shape, "int64")
    return np.asarray(numbers).astype(np.dtype(dtype))


@check
def broadcast(comm: Communicator) -> None:
    for dtype, root, shape, layout in itertools.product(
        MOVED, range(comm.size), [(), (0,), (2, 3)], (np.copy, strided)
    ):
        mine = layout(moved(comm.rank, shape, dtype))
        comm.broadcast(mine, root=root)
        assert_same(mine, moved(root, shape, dtype), dtype, root, shape)


@check
def allgather(comm: Communicator) -> None:
    for dtype, shape, layout in itertools.product(
        MOVED, [(), (0,), (3,), (2, 3)], (np.copy, strided)
    ):
        parts = [moved(rank, shape, dtype) for rank in range(comm.size)]
        out = layout(np.zeros((comm.size, *shape), dtype_of(dtype)))
        comm.allgather(out, layout(parts[comm.rank]))
        assert_same(out, stack(parts), dtype, shape)
    out = np.zeros((comm.size, 3))
    out[comm.rank] = comm.rank
    comm.allgather(out, out[comm.rank])  # in place
    assert_same(out, np.repeat(np.arange(comm.size), 3).reshape(-1, 3).astype(float))


@check
def gather_and_scatter(comm: Communicator) -> None:
    for dtype, root, shape, layout in itertools.product(
        MOVED, range(comm.size), [(), (0,), (2, 3)], (np.copy, strided)
    ):
        parts = [moved(rank, shape, dtype) for rank in range(comm.size)]
        here = comm.rank == root
        out = layout(np.zeros((comm.size, *shape), dtype_of(dtype))) if here else None
        comm.gather(out, layout(parts[comm.rank]), root=root)
        if out is not None:
            assert_same(out, stack(parts), dtype, root, shape)
        mine = layout(np.zeros(shape, dtype_of(dtype)))
        comm.scatter(mine, layout(stack(parts)) if here else None, root=root)
        assert_same(mine, parts[comm.rank], dtype, root, shape)


@check
def alltoall(comm: Communicator) -> None:
    for dtype, layout in itertools.product(MOVED, (np.copy, strided)):
        tables = [moved(rank, (comm.size, 3), dtype) for rank in range(comm.size)]
        out = layout(np.zeros((comm.size, 3), dtype_of(dtype)))
        comm.alltoall(out, layout(tables[comm.rank]))
        assert_same(out, stack([table[comm.rank] for table in tables]), dtype)
    # Rank s sends s + r numbers to rank r; some pairs exchange nothing.
    sent = [np.full(comm.rank + r, 10 * comm.rank + r, np.float16) for r in range(comm.size)]
    taken = [np.full(s + comm.rank, 10 * s + comm.rank, np.float16) for s in range(comm.size)]
    out = np.zeros(sum(map(len, taken)), np.float16)
    comm.alltoall(out, np.concatenate(sent), [len(x) for x in taken], [len(x) for x in sent])
    assert_same(out, np.concatenate(taken))


@check
def wrong_arguments(comm: Communicator) -> None:
    n = comm.size
    whole, chunk = np.zeros(2 * n), np.zeros(2)
    raises(OpValueError, lambda: comm.broadcast(chunk, root=n), "root")
    raises(OpValueError, lambda: comm.reduce(chunk, root=-1), "root")
    raises(OpValueError, lambda: comm.isend(chunk, n), "dst")
    raises(OpValueError, lambda: comm.irecv(chunk, -1), "src")
    raises(OpValueError, lambda: comm.split(-1), "color")
    raises(ShapeError, lambda: comm.allgather(np.zeros(2 * n + 1), chunk), "sizes do not fit")
    raises(DtypeError, lambda: comm.allgather(whole.astype("f4"), chunk), "dtypes differ")
    raises(DtypeError, lambda: comm.alltoall(whole.astype("f4"), whole), "dtypes differ")
    raises(ShapeError, lambda: comm.alltoall(whole, whole, None, [1] * n), "counts")
    raises(OpTypeError, lambda: comm.gather(None, chunk, root=comm.rank), "NoneType")
    if n > 1:
        raises(ShapeError, lambda: comm.alltoall(np.zeros(1), np.zeros(1)), "equal chunks")
        raises(OpValueError, lambda: comm.scatter_obj([1], root=comm.rank), "one item per rank")
    comm.barrier()  # nobody is out of step after all that


@check
def order_of_async_and_blocking(comm: Communicator) -> None:
    rng = np.random.default_rng(11)  # the same choices on every rank
    pending = []
    for number in range(60):
        array = np.full(int(rng.integers(1, 20_000)), float(number + comm.rank))
        expected = number * comm.size + sum(range(comm.size))
        work = comm.allreduce(array, async_op=bool(rng.integers(2)))
        pending.append((work, array, expected))
        if rng.integers(4) == 0:
            marker = np.array([number if comm.rank == 0 else -1])
            comm.broadcast(marker)
            assert marker[0] == number
    for work, array, expected in reversed(pending):
        assert work.wait()
        assert work.is_completed()
        assert work.exception() is None
        assert (array == expected).all()


@check
def messages(comm: Communicator) -> None:
    right, left = (comm.rank + 1) % comm.size, (comm.rank - 1) % comm.size
    for dtype, layout in itertools.product(MOVED, (np.copy, strided)):
        mine = layout(moved(comm.rank, (2, 3), dtype))
        taken = layout(np.zeros((2, 3), dtype_of(dtype)))
        work = comm.irecv(taken, left)
        comm.isend(mine, right).wait()
        work.wait()
        assert work.source_rank() == left
        assert_same(taken, moved(left, (2, 3), dtype), dtype)
    # By tag, and from anyone.
    sends = [comm.isend(np.array([tag, comm.rank]), right, tag=tag) for tag in (1, 2)]
    for tag in (2, 1):
        taken = np.zeros(2, int)
        assert comm.recv(taken, tag=tag) == left
        assert taken.tolist() == [tag, left]
    for send in sends:
        assert send.wait()
    # Receives are matched in the order in which they were posted, not waited for.
    first, second = np.zeros(1), np.zeros(1)
    works = [comm.irecv(first, left), comm.irecv(second, left)]
    for number in (1.0, 2.0):
        comm.send(np.array([number]), right)
    for work in reversed(works):
        work.wait()
    assert (first[0], second[0]) == (1.0, 2.0)
    comm.barrier()


@check
def message_of_wrong_size(comm: Communicator) -> None:
    for sent, expected in ((3, 2), (2, 3)):
        send = comm.isend(np.zeros(sent), comm.rank)
        raises(MismatchError, lambda n=expected: comm.recv(np.zeros(n), comm.rank))
        send.wait()
    raises(DistributedError, lambda: comm.isend(np.zeros(1), comm.rank, tag=9).source_rank())
    comm.recv(np.zeros(1), comm.rank, tag=9)


@check
def message_time_out(comm: Communicator) -> None:
    work = comm.irecv(array := np.zeros(4), comm.rank, tag=5)
    raises(CommTimeoutError, lambda: work.wait(0.02), "32 bytes")
    assert not work.is_completed()
    comm.send(np.ones(4), comm.rank, tag=5)
    assert work.wait(5.0)
    assert array.sum() == 4


@check
def collective_time_out(comm: Communicator) -> None:
    if comm.size == 1:
        return
    group = comm.split(0)
    assert group is not None
    if comm.rank == 0:
        work = group.allreduce(np.zeros(3), async_op=True)
        raises(CommTimeoutError, lambda: work.wait(0.05), f"rank 0/{comm.size}")
        assert not work.is_completed()
        comm.barrier()
        assert work.wait(10.0)
    else:
        comm.barrier()
        group.allreduce(np.zeros(3), timeout=10.0)
    group.close()


OBJECTS = [None, True, 12345678901234567890, -1.5, "text", b"bytes", [1, [2]], (1, "a"), {1: {2}}]


@check
def small_objects(comm: Communicator) -> None:
    def mine(rank: int) -> dict[str, object]:
        return {"rank": rank, "text": "x" * (100 * rank), "items": OBJECTS}

    everyone = [mine(rank) for rank in range(comm.size)]
    assert comm.allgather_obj(mine(comm.rank)) == everyone
    for root in range(comm.size):
        here = comm.rank == root
        assert comm.broadcast_obj(mine(root) if here else None, root=root) == mine(root)
        assert comm.gather_obj(mine(comm.rank), root=root) == (everyone if here else None)
        assert comm.scatter_obj(everyone if here else None, root=root) == mine(comm.rank)
    comm.broadcast_obj("")
    if comm.size > 1:
        if comm.rank == 0:
            comm.send_obj(OBJECTS, 1, tag=3)
        if comm.rank == 1:
            assert comm.recv_obj(tag=3) == OBJECTS
    raises(OpTypeError, lambda: comm.allgather_obj(object()), "allow_pickle")
    when = comm.allgather_obj(np.dtype("f4"), allow_pickle=True)
    assert when == [np.dtype("f4")] * comm.size


@check
def split(comm: Communicator) -> None:
    half = comm.split(comm.rank % 2, key=-comm.rank)
    assert half is not None
    members = [rank for rank in range(comm.size) if rank % 2 == comm.rank % 2][::-1]
    assert (half.rank, half.size) == (members.index(comm.rank), len(members))
    assert half.allgather_obj(comm.rank) == members
    inner = half.split(0)
    assert inner is not None
    total = np.array([comm.rank])
    inner.allreduce(total)
    assert total[0] == sum(members)
    for group in (inner, half):
        group.close()
    some = comm.split(0 if comm.rank == 0 else None)
    assert (some is None) == (comm.rank != 0)
    if some is not None:
        with some:
            assert some.allgather_obj("x") == ["x"]
        raises(DistributedError, some.barrier, "closed")


@check
def groups_in_different_order(comm: Communicator) -> None:
    first, second = comm.split(0), comm.split(0)
    assert first is not None
    assert second is not None
    groups = [first, second] if comm.rank % 2 else [second, first]
    arrays = [np.ones(2), np.ones(2)]
    works = [g.allreduce(a, async_op=True) for g, a in zip(groups, arrays, strict=True)]
    for work in works:
        work.wait(10.0)
    assert all((a == comm.size).all() for a in arrays)
    comm.barrier()
    first.close()
    second.close()


@check
def alloc(comm: Communicator) -> None:
    array = comm.alloc((2, 3), np.float32)
    assert (array.shape, array.dtype) == ((2, 3), np.dtype(np.float32))
    array[...] = 1
    comm.allreduce(array)
    assert (array == comm.size).all()


def main() -> None:
    comm = connect()
    for name, function in CHECKS.items():
        try:
            function(comm)
        except Exception:
            # The ranks are out of step: say so, and end the job with the traceback.
            print(json.dumps({"check": name, "failure": traceback.format_exc()}), flush=True)
            raise
        comm.barrier()
        if comm.rank == 0:
            print(json.dumps({"check": name, "failure": None}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
