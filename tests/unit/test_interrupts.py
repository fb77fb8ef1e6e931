"""Reading an answer from a terminal: a line, its end, and a Ctrl-C at any moment."""

from __future__ import annotations

import io
import os
import pty
import signal
import threading
from collections.abc import Iterator

import pytest

from zcli_migration.interrupts import read_line


class Terminal(io.StringIO):
    """A terminal that somebody types at through `keys`."""

    def __init__(self) -> None:
        super().__init__()
        self.keys, self.screen = pty.openpty()

    def fileno(self) -> int:
        return self.screen


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    os.close(terminal.keys)
    os.close(terminal.screen)


def test_one_line_at_a_time(terminal: Terminal) -> None:
    os.write(terminal.keys, b"y\nno\n")
    assert [read_line(terminal), read_line(terminal)] == ["y\n", "no\n"]


def test_the_end_of_the_input(terminal: Terminal) -> None:
    os.write(terminal.keys, b"\x04")
    assert read_line(terminal) == ""


@pytest.fixture
def _ctrl_c_is_heard() -> Iterator[None]:
    """A process that a shell started in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_ctrl_c_is_heard")
@pytest.mark.parametrize("delay", [0.0, 0.05])
def test_a_signal_ends_the_waiting(terminal: Terminal, delay: float) -> None:
    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(delay, interrupt)

    def read() -> None:
        timer.start()
        read_line(terminal)

    with pytest.raises(KeyboardInterrupt):
        read()
    timer.join()
    assert signal.set_wakeup_fd(-1) == -1
