"""Ctrl-C and SIGTERM: what they end, and what they must not tear apart."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import TextIO

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def uninterrupted(held: list[int]) -> Iterator[None]:
    """Hold Ctrl-C back until the end of the block; what came meanwhile is put into `held`."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def hold(number: int, _frame: FrameType | None) -> None:
        held.append(number)

    before = [(number, signal.signal(number, hold)) for number in SIGNALS]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def read_line(terminal: TextIO) -> str:
    """What was typed up to Enter; nothing where the terminal was closed.

    KeyboardInterrupt for a Ctrl-C whenever it comes: one that comes just before a plain read
    would be heard only after it.
    """
    descriptor = terminal.fileno()
    if os.name != "nt" and threading.current_thread() is threading.main_thread():
        _wait_for_input_or_signal(descriptor)
    return os.read(descriptor, 4096).decode(errors="replace")


def _wait_for_input_or_signal(descriptor: int) -> None:
    heard, tell = os.pipe()
    os.set_blocking(tell, False)
    before = signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    try:
        select.select([descriptor, heard], [], [])
    finally:
        signal.set_wakeup_fd(before)
        os.close(heard)
        os.close(tell)


@contextlib.contextmanager
def interrupts_heard() -> Iterator[None]:
    """Ctrl-C and SIGTERM are KeyboardInterrupt, whatever the app has made of them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    heard = [n for n in SIGNALS if signal.getsignal(n) is not signal.SIG_IGN]
    before = [(number, signal.signal(number, interrupt)) for number in heard]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


@contextlib.contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """A cancelled job (SIGTERM) ends like Ctrl-C: undone, and with a word."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
