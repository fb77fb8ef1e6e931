"""Ctrl-C while something must not be torn apart."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def uninterrupted(held: list[int]) -> Iterator[None]:
    """Hold Ctrl-C back until the end of the block; what came meanwhile is put into `held`."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def hold(number: int, _frame: FrameType | None) -> None:
        held.append(number)

    before = signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
