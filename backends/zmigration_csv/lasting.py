"""A file that goes to the disk while more of it is written."""

from __future__ import annotations

import os
from threading import Thread
from types import TracebackType
from typing import BinaryIO

from .cells import Text

STEP = 1 << 25
"""Bytes that are worth an fsync."""


class Lasting:
    """Writes to a stream, and lets another thread fsync what is written already.

    OSError, at the latest where its block ends, if the disk did not take it. Whoever needs the file
    to be lasting still asks for that: of less than `STEP` bytes nothing may have been done.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._waiting = 0
        self._thread: Thread | None = None
        self._error: OSError | None = None

    def __enter__(self) -> Lasting:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._thread.join()
        if kind is None and self._error is not None:
            raise self._error

    def write(self, text: Text) -> None:
        """Write more."""
        self._stream.write(text)
        self.wrote(len(text))

    def wrote(self, size: int) -> None:
        """Count what came into the file otherwise."""
        self._waiting += size
        if self._waiting >= STEP and not (self._thread and self._thread.is_alive()):
            self._start()

    def fileno(self) -> int:
        """The descriptor, with all that was written before."""
        self._stream.flush()
        return self._stream.fileno()

    def finish(self) -> None:
        """Hand all on to the system, and let what is left of a large file go to the disk."""
        self._stream.flush()
        if self._thread is not None:
            self._thread.join()
            self._start()

    def _start(self) -> None:
        if self._error is not None:
            raise self._error
        self._waiting = 0
        self._thread = Thread(target=self._sync, args=(self.fileno(),), name="zmigration-fsync")
        self._thread.start()

    def _sync(self, descriptor: int) -> None:
        try:
            os.fsync(descriptor)
        except OSError as error:
            self._error = error
