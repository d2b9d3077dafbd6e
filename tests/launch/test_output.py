from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from dtrain_launch.output import Screen, Stream


class Terminal:
    """A pipe that two streams write to as if it were one terminal."""

    def __init__(self, writer: int, reader: int) -> None:
        screen = Screen()
        self.screen, self.writer, self.reader = screen, writer, reader
        self.zero = Stream(screen, writer, b"[rank 0] ")
        self.one = Stream(screen, writer, b"[rank 1] ")
        self.alone = Stream(screen, writer, b"")

    def seen(self) -> bytes:
        os.set_blocking(self.reader, False)
        try:
            return os.read(self.reader, 1 << 20)
        except BlockingIOError:
            return b""


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    reader, writer = os.pipe()
    yield Terminal(writer, reader)
    os.close(reader)
    os.close(writer)


def test_lines_wait_for_their_end(terminal):
    terminal.zero.feed(b"a")
    terminal.one.feed(b"b\nc")
    terminal.zero.feed(b"d\n")
    assert terminal.seen() == b"[rank 1] b\n[rank 0] ad\n"
    terminal.one.finish()
    assert terminal.seen() == b"[rank 1] c\n"
    terminal.one.finish()
    assert terminal.seen() == b""


def test_a_progress_bar_moves(terminal):
    for percent in (b"\r 10%", b"\r 20%"):
        terminal.zero.feed(percent)
        assert terminal.seen() == percent
    terminal.zero.feed(b"\r100%\ndone\n")
    assert terminal.seen() == b"\r100%\n[rank 0] done\n"


def test_another_rank_leaves_the_bar_standing(terminal):
    terminal.zero.feed(b"\r 10%")
    terminal.one.feed(b"hello\n")
    terminal.zero.feed(b"\r 20%")
    terminal.screen.say("bye")
    assert terminal.seen() == b"\r 10%\n[rank 1] hello\n\r 20%\n"
    terminal.zero.finish()
    assert terminal.seen() == b""


def test_a_bar_is_ended_when_its_rank_ends(terminal):
    terminal.zero.feed(b"loss 0.1\r")
    terminal.zero.finish()
    assert terminal.seen() == b"[rank 0] loss 0.1\r\n"


def test_lines_of_windows_have_their_prefix(terminal):
    terminal.zero.feed(b"a\r\nb\r\n\r\n")
    assert terminal.seen() == b"[rank 0] a\r\n[rank 0] b\r\n[rank 0] \r\n"


def test_a_line_without_end_does_not_fill_the_memory(terminal):
    terminal.zero.feed(b"x" * 40_000)
    assert terminal.seen() == b""
    terminal.zero.feed(b"x" * 20_000 + b"y" * 5_000 + b"\n" + b"z" * 4)
    assert terminal.seen() == b"[rank 0] " + b"x" * 60_000 + b"y" * 5_000 + b"\n"


def test_a_single_rank_speaks_for_itself(terminal):
    terminal.alone.feed(b"a\rb\x00")
    assert terminal.seen() == b"a\rb\x00"


def test_a_closed_terminal_is_left_alone():
    reader, writer = os.pipe()
    os.close(reader)
    stream = Stream(Screen(), writer, b"[rank 0] ")
    stream.feed(b"a\n")
    stream.feed(b"b\n")
    os.close(writer)


def test_a_full_non_blocking_pipe_is_waited_for(terminal):
    os.set_blocking(terminal.writer, False)
    data = b"x" * 300_000
    pid = os.fork()
    if pid == 0:
        terminal.alone.feed(data)
        os._exit(0)
    seen = b""
    while len(seen) < len(data):
        seen += os.read(terminal.reader, 1 << 16)
    assert os.waitpid(pid, 0)[1] == 0
    assert seen == data
