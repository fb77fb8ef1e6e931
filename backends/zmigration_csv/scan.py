"""Large files in stretches of rows, several of which are looked at at once."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import BinaryIO, Generic, TypeVar

from .cells import Record, records
from .chunks import CHUNK, Chunk, chunks, hopeful
from .files import CsvFile, checked
from .grid import Grid, grid
from .long import LongRow, long_row
from .marks import lines_in, marked
from .memory import keep_freed

WORKERS = min(4, os.cpu_count() or 1)


A = TypeVar("A")
B = TypeVar("B")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stretch(Generic[T]):
    """Some rows of a file: `made` of all of them at once or, where that is None, each one.

    `number` rows of the file come before them; `line` is where they start, from 1; they are `size`
    bytes. `long`: it is one row, and these are its cells.
    """

    number: int
    line: int
    size: int
    made: T | None
    records: Iterator[Record]
    long: LongRow | None = None


def stretches(
    file: CsvFile, look: Callable[[Grid], T | None], workers: int = WORKERS
) -> Generator[Stretch[T], None, None]:
    """The rows in their order, cut into cells one by one wherever `look` gives None.

    StoreError names a row that has not as many cells as the header.
    """
    with file.stream() as (header, stream):
        width = len(header.names)
        number, line = 0, 1 + lines_in(header.before + b"".join(header.cells) + header.end)
        for chunk, seen in _looked_at(file, stream, width, look, workers):
            if seen is not None:
                yield Stretch(number, line, chunk.size, seen.made, iter(()))
                number, line = number + seen.rows, line + seen.lines
                continue
            each = _Counting(checked(file, _records(file, chunk, line), width, number))
            long = chunk if isinstance(chunk, LongRow) else None
            yield Stretch(number, line, chunk.size, None, each, long)
            number, line = number + each.rest(), line + chunk.lines
            del chunk, long


def _records(file: CsvFile, chunk: Chunk | LongRow, line: int) -> Iterator[Record]:
    if isinstance(chunk, LongRow):
        return iter((Record(line, chunk, chunk.end),))
    return records(BytesIO(chunk.text), file.delimiter, file.shown, line=line)


def _looked_at(
    file: CsvFile, stream: BinaryIO, width: int, look: Callable[[Grid], T | None], workers: int
) -> Iterator[tuple[Chunk | LongRow, _Seen[T] | None]]:
    """Whole rows and what was seen of them.

    Where the rows end is first told by counting quotes. What was cut after an odd quote is cut
    again, and there it is looked at where each quote is.
    """
    row: LongRow | None
    place, work, regular = stream.tell(), partial(_seen, width, file.delimiter, look), True
    while regular:
        stream.seek(place)
        with closing(ahead(hopeful(stream, CHUNK), work, workers)) as hoped:
            for chunk, seen in hoped:
                if isinstance(seen, _Odd):
                    regular = False
                    break
                yield chunk, seen
                place += chunk.size
        row = long_row(stream, place, CHUNK, file.delimiter) if regular else None
        if row is None:
            break
        place += row.size
        yield row, None
        row = None
    stream.seek(place)
    for chunk, seen in ahead(chunks(stream, file.delimiter, file.shown, CHUNK), work, workers):
        assert not isinstance(seen, _Odd)
        yield chunk, seen


@dataclass(frozen=True, slots=True)
class _Seen(Generic[T]):
    """What was made of some rows, how many they are, and how many lines they take."""

    made: T
    rows: int
    lines: int


class _Odd:
    """Rows with a quote that opens elsewhere than at the start of a cell."""


def _seen(
    width: int, delimiter: bytes, look: Callable[[Grid], T | None], chunk: Chunk
) -> _Seen[T] | _Odd | None:
    if chunk.exact:
        return None
    marks = marked(chunk.text, delimiter[0])
    if marks.regular < len(chunk.text):
        return _Odd()
    rows = grid(chunk.text, marks, width)
    made = None if rows is None else look(rows)
    if rows is None or made is None:
        return None
    return _Seen(made, rows.rows, chunk.lines if rows.quoted else rows.rows)


class _Counting:
    """Records as they are asked for, of which the rows are counted."""

    def __init__(self, body: Iterator[Record]) -> None:
        self._body = body
        self._rows = 0

    def __iter__(self) -> Iterator[Record]:
        return self

    def __next__(self) -> Record:
        record = next(self._body)
        self._rows += bool(record.cells)
        return record

    def rest(self) -> int:
        """How many rows they are with those that nobody asked for."""
        for _ in self:
            pass
        return self._rows


def ahead(
    items: Iterable[A], work: Callable[[A], B], workers: int = WORKERS
) -> Generator[tuple[A, B], None, None]:
    """Each item with what `work` makes of it, in their order; some are worked on at once."""
    keep_freed()
    with _pool(workers) as pool:
        waiting: deque[tuple[A, Future[B]]] = deque()
        for item in items:
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) > workers + 1:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()


@contextmanager
def _pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that are done, whatever happens, before the block ends."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="zmigration-csv")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
