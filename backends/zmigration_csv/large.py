"""The pass over a large file: many rows at once, on several cores, and the proof of it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TypeAlias
from zlib import crc32

import numpy as np

from zmigration_api import Progress

from .canonical import staying
from .cells import Record, records
from .chunks import CHUNK, Chunk, chunks
from .files import CsvFile, checked
from .grid import LF, Grid, grid, plain_rows, quoting
from .making import BadCell, Check, Out
from .proof import Fingerprint, Part, require_same
from .weave import Made, Piece, plain, projected, woven

OneByOne: TypeAlias = Callable[[Iterator[Record], Fingerprint], Iterator[bytes]]
"""Makes new rows of old ones with all their checks, and counts the old ones."""
_WORKERS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class _Done:
    """The new bytes of one chunk, and how many lines and rows the old one had."""

    new: bytes
    lines: int
    rows: int
    checksum: int


class _Row:
    """One row of a grid, cut where it is asked for."""

    __slots__ = ("_ends", "_starts", "_text")

    def __init__(self, rows: Grid, number: int) -> None:
        self._text = rows.text
        self._starts, self._ends = rows.starts[number], rows.ends[number]

    def __getitem__(self, position: int, /) -> bytes:
        return self._text[self._starts[position] : self._ends[position]]


class LargePass:
    """One pass over the rows of one file, of so many cells each.

    `one_by_one` takes those that are no plain grid.
    """

    def __init__(
        self,
        file: CsvFile,
        columns: Sequence[Out],
        checks: Sequence[Check],
        one_by_one: OneByOne,
        width: int,
    ) -> None:
        self._file = file
        self._columns = columns
        self._checks = checks
        self._one_by_one = one_by_one
        self._parts: list[Part] = []
        untouched = [(at, out.position or 0) for at, out in enumerate(columns) if not out.make]
        self._old = [position for _, position in untouched]
        self._new = [at for at, _ in untouched]
        self._width = width
        self._suffix = self._added_to_all()
        self._lines = self._rows = self._proved = 0

    def pieces(self, start: int, progress: Progress) -> Iterator[bytes]:
        """The new rows; the old ones begin at that byte."""
        with self._file.path.open("rb", buffering=0) as stream, _pool() as pool:
            self._lines = 1 + _lines(stream.read(start))
            stream.seek(start)
            waiting: deque[tuple[Chunk, Future[_Done | None]]] = deque()
            for chunk in chunks(stream, self._file.delimiter, self._file.shown, CHUNK):
                waiting.append((chunk, pool.submit(self._made, chunk)))
                if len(waiting) > _WORKERS + 1:
                    yield self._taken(*waiting.popleft())
                    progress(self._rows, None)
            while waiting:
                yield self._taken(*waiting.popleft())
        progress(self._rows, self._rows)

    def prove(self, new: CsvFile, start: int) -> None:
        """Read the new file; VerificationFailed if more changed than should."""
        with new.path.open("rb", buffering=0) as stream, _pool() as pool:
            stream.seek(start)
            waiting: deque[tuple[Part, Future[Part]]] = deque()
            for part in self._parts:
                waiting.append((part, pool.submit(self._read_again, stream.read(part.size))))
                if len(waiting) > _WORKERS + 1:
                    self._compare(*waiting.popleft())
            while waiting:
                self._compare(*waiting.popleft())
            require_same(Part(0, 0, 0), Part(0, len(stream.read(1)), 0), self._file, self._proved)

    def _compare(self, part: Part, future: Future[Part]) -> None:
        require_same(part, future.result(), self._file, self._proved)
        self._proved += part.rows

    def _taken(self, chunk: Chunk, future: Future[_Done | None]) -> bytes:
        done = future.result() or self._exactly(chunk)
        self._lines += done.lines
        self._rows += done.rows
        self._parts.append(Part(len(done.new), done.rows, done.checksum))
        return done.new

    def _exactly(self, chunk: Chunk) -> _Done:
        read = Fingerprint(self._old, self._file.delimiter, lonely=False)
        body = self._records(chunk.text, self._lines)
        known = checked(self._file, body, self._width, self._rows)
        new = b"".join(self._one_by_one(known, read))
        return _Done(new, _lines(chunk.text), read.rows, read.checksum)

    def _records(self, text: bytes, line: int = 1) -> Iterator[Record]:
        return records(BytesIO(text), self._file.delimiter, self._file.shown, line=line)

    def _made(self, chunk: Chunk) -> _Done | None:
        """The new rows, and a checksum of what stays; None if they are to be made one by one."""
        delimiter = self._file.delimiter
        if chunk.exact:
            return None
        if self._suffix and chunk.quotes is None:
            count = plain_rows(chunk.text, self._width, delimiter[0])
            if count:
                new = chunk.text.replace(b"\n", self._suffix)
                return _Done(new, count, count, crc32(chunk.text))
        rows = grid(chunk.text, self._width, delimiter[0], chunk.quotes)
        if rows is None:
            return None
        try:
            pieces = [self._piece(rows, out) for out in self._columns]
            self._check(rows)
        except BadCell:
            return None  # one by one, the row gets its name
        new = woven(rows, pieces, delimiter)
        lines = _lines(chunk.text) if rows.quoted else rows.rows
        left = new if pieces == self._old and plain(rows, self._old) else projected(rows, self._old)
        return _Done(new, lines, rows.rows, crc32(left))

    def _added_to_all(self) -> bytes | None:
        """What every row ends with, if all that a pass does is to add the same cells to each."""
        old, new = self._columns[: len(self._new)], self._columns[len(self._new) :]
        alone = self._old == list(range(len(old))) and len(old) == self._width
        cells = [out.source.constant for out in new]
        if self._checks or not cells or not alone or None in cells:
            return None
        return b"".join(self._file.delimiter + (cell or b"") for cell in cells) + b"\n"

    def _without_suffix(self, text: bytes) -> Part | None:
        """The proof of rows that got a suffix: they are the old ones when it is taken away."""
        if not self._suffix or b'"' in text or b"\r" in text:
            return None
        old = text.replace(self._suffix, b"\n")
        rows, odd = divmod(len(text) - len(old), len(self._suffix) - 1)
        if odd or not old.endswith(b"\n") or _lines(old) != rows:
            return None
        return Part(len(text), rows, crc32(old))

    def _piece(self, rows: Grid, out: Out) -> Piece:
        source = out.source
        if out.make is None:
            return out.position or 0
        if source.constant is not None:
            return source.constant
        make, quick = source.make, source.quick
        if quick is None:
            return Made([make(_Row(rows, number)) for number in range(rows.rows)])
        others = np.flatnonzero(~staying(rows, quick)).tolist()
        new = {number: make(_Row(rows, number)) for number in others}
        return quick.position if not new else Made(_replaced(rows, quick.position, new))

    def _check(self, rows: Grid) -> None:
        for check in self._checks:
            quick = check.quick
            bad = np.flatnonzero(~staying(rows, quick)).tolist() if quick else range(rows.rows)
            for number in bad:
                check.make(_Row(rows, number))

    def _read_again(self, text: bytes) -> Part:
        known = self._without_suffix(text)
        if known is not None:
            return known
        delimiter, width = self._file.delimiter, len(self._columns)
        quotes = quoting(np.frombuffer(text, np.uint8), delimiter[0]) if b'"' in text else None
        certain = quotes is None or quotes.regular == len(text)
        rows = grid(text, width, delimiter[0], quotes) if certain and text else None
        if rows is not None:
            return Part(len(text), rows.rows, crc32(projected(rows, self._new)))
        read = Fingerprint(self._new, delimiter, lonely=False)
        for record in checked(self._file, self._records(text), width):
            if record.cells:
                read.add(record.cells)
        return Part(len(text), read.rows, read.checksum)


def _replaced(rows: Grid, position: int, new: dict[int, bytes]) -> list[bytes]:
    starts, ends = rows.starts[:, position].tolist(), rows.ends[:, position].tolist()
    cells = [rows.text[start:end] for start, end in zip(starts, ends, strict=True)]
    for number, cell in new.items():
        cells[number] = cell
    return cells


def _lines(text: bytes) -> int:
    """How many line ends there are."""
    feeds = int(np.count_nonzero(np.frombuffer(text, np.uint8) == LF))
    return feeds + text.count(b"\r") - text.count(b"\r\n") if b"\r" in text else feeds


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """Threads that are done, whatever happens, before the block ends."""
    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="zmigration-csv")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
