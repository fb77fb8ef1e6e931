"""Many hashes in little memory: sorted runs, spilled to the disk, and looked at range by range."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, NamedTuple

import numpy as np

from zmigration_api import StoreError

from .marks import Places, Words

_RUN = 1 << 19
"""Hashes that are sorted at once."""
_RANGES = 256
_EDGES = np.arange(1, _RANGES).astype(np.uint64) << np.uint64(56)
_ITEM = 8


class Pairs(NamedTuple):
    """Two hashes of each of some keys, in order."""

    one: Words
    two: Words


class _Run(NamedTuple):
    """Where a sorted run is in the file, in items, and where in it each range starts."""

    start: int
    size: int
    edges: Places


class Runs:
    """The pairs of hashes that are added, in bounded memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._runs: list[_Run] = []
        self._waiting: list[tuple[Words, Words]] = []
        self._held = self._written = 0

    def add(self, one: Words, two: Words) -> None:
        """Take more of them."""
        self._waiting.append((one, two))
        self._held += len(one)
        if self._held >= _RUN:
            self._spill()

    def ranges(self) -> Iterator[Pairs]:
        """All of them, sorted, a range of the first hash at a time; the same ranges always."""
        self._spill()
        for number in range(_RANGES):
            one, two = (np.concatenate(half) for half in self._range(number))
            order = np.argsort(one)
            if len(one) > 1 and (np.diff(one[order]) == 0).any():
                order = np.lexsort((two, one))
            yield Pairs(one[order], two[order])

    def _range(self, number: int) -> tuple[list[Words], list[Words]]:
        empty = np.zeros(0, np.uint64)
        one, two = [empty], [empty]
        for run in self._runs:
            start, stop = int(run.edges[number]), int(run.edges[number + 1])
            one.append(self._read(run.start + start, stop - start))
            two.append(self._read(run.start + run.size + start, stop - start))
        return one, two

    def _read(self, start: int, count: int) -> Words:
        with _told():
            self._file.seek(start * _ITEM)
            found: Words = np.frombuffer(self._file.read(count * _ITEM), np.uint64)
        return found

    def _spill(self) -> None:
        if not self._waiting:
            return
        one, two = (np.concatenate(half) for half in zip(*self._waiting, strict=True))
        self._waiting.clear()
        self._held = 0
        order = np.argsort(one)
        one, two = one[order], two[order]
        edges = np.concatenate(([0], np.searchsorted(one, _EDGES), [len(one)])).astype(np.int64)
        with _told():
            self._file.seek(self._written * _ITEM)
            self._file.write(one.tobytes() + two.tobytes())
        self._runs.append(_Run(self._written, len(one), edges))
        self._written += 2 * len(one)


@contextmanager
def runs() -> Iterator[Runs]:
    """Runs whose file is gone after the block."""
    with ExitStack() as stack:
        with _told():
            file = stack.enter_context(tempfile.TemporaryFile())
        yield Runs(file)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"the rows could not be told apart in a temporary file: {error.strerror or error}",
            hint="make room where temporary files are kept (TMPDIR) and run again",
        ) from error
