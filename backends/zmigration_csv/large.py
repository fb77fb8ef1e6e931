"""The pass over a large file: many rows at once, on several cores, and the proof of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TypeAlias
from zlib import crc32

import numpy as np

from zmigration_api import Progress

from .canonical import staying
from .cells import Record, records
from .chunks import Chunk
from .files import CsvFile, checked
from .grid import Grid, GridRow, grid, plain_rows, quoting
from .keep import Keeper
from .making import BadCell, Check, Out
from .proof import Fingerprint, Part, require_same
from .scan import ahead, cut, lines_in, stretches
from .weave import Made, Piece, gathered, plain, projected, woven

OneByOne: TypeAlias = Callable[[Iterator[Record], Fingerprint], Iterator[bytes]]
"""Makes new rows of old ones with all their checks, and counts the old ones."""


@dataclass(frozen=True, slots=True)
class _Done:
    """The new bytes of one chunk and those of its archive; how many rows and lines it had."""

    new: bytes
    kept: bytes
    lines: int
    rows: int
    checksum: int


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
        keeper: Keeper | None,
    ) -> None:
        self._file = file
        self._columns = columns
        self._checks = checks
        self._one_by_one = one_by_one
        self._keeper = keeper
        self._parts: list[Part] = []
        untouched = [(at, out.position or 0) for at, out in enumerate(columns) if not out.make]
        self._old = [position for _, position in untouched]
        self._new = [at for at, _ in untouched]
        self._width = width
        self._suffix = self._added_to_all()

    def pieces(self, progress: Progress) -> Iterator[bytes]:
        """The new rows."""
        done = size = 0
        whole = self._file.path.stat().st_size
        for stretch in stretches(self._file, self._made):
            made = stretch.made or self._exactly(stretch.records)
            self._parts.append(Part(len(made.new), made.rows, made.checksum))
            if self._keeper is not None:
                self._keeper.write(made.kept)
            yield made.new
            done = stretch.number + made.rows
            size += stretch.size
            progress(done, done * whole // size, size)
        progress(done, done, whole)

    def prove(self, new: CsvFile) -> None:
        """Read the new file; VerificationFailed if more changed than should."""
        proved = 0
        with new.stream() as (_, stream):
            pieces = ((part, stream.read(part.size)) for part in self._parts)
            for (part, _), written in ahead(pieces, lambda piece: self._read_again(piece[1])):
                require_same(part, written, self._file, proved)
                proved += part.rows
            require_same(Part(0, 0, 0), Part(0, len(stream.read(1)), 0), self._file, proved)

    def _exactly(self, rows: Iterator[Record]) -> _Done:
        read = Fingerprint(self._old, self._file.delimiter, lonely=False)
        new = b"".join(self._one_by_one(rows, read))
        return _Done(new, b"", 0, read.rows, read.checksum)

    def _made(self, chunk: Chunk) -> _Done | None:
        """The new rows, and a checksum of what stays; None if they are to be made one by one."""
        delimiter = self._file.delimiter
        if self._suffix and chunk.quotes is None:
            count = plain_rows(chunk.text, self._width, delimiter[0])
            if count:
                new = chunk.text.replace(b"\n", self._suffix)
                return _Done(new, b"", count, count, crc32(chunk.text))
        rows = cut(chunk, self._width, delimiter)
        if rows is None:
            return None
        try:
            pieces = [self._piece(rows, out) for out in self._columns]
            self._check(rows)
        except BadCell:
            return None  # one by one, the row gets its name
        new = woven(rows, pieces, delimiter)
        lines = lines_in(chunk.text) if rows.quoted else rows.rows
        left = new if pieces == self._old and plain(rows, self._old) else projected(rows, self._old)
        return _Done(new, self._kept(rows, pieces), lines, rows.rows, crc32(left))

    def _kept(self, rows: Grid, new: Sequence[Piece]) -> bytes:
        """The rows of the archive, in which no two have the same key."""
        keeper = self._keeper
        if keeper is None:
            return b""
        pieces = [new[place] for place, _ in keeper.key]
        kept = [place if was else new[place] for place, was in keeper.kept]
        return gathered(rows, [*pieces, b"1", *kept], self._file.delimiter, b"\n")

    def _added_to_all(self) -> bytes | None:
        """What every row ends with, if all that a pass does is to add the same cells to each."""
        old, new = self._columns[: len(self._new)], self._columns[len(self._new) :]
        alone = self._old == list(range(len(old))) and len(old) == self._width
        cells = [out.source.constant for out in new]
        if self._checks or self._keeper or not cells or not alone or None in cells:
            return None
        return b"".join(self._file.delimiter + (cell or b"") for cell in cells) + b"\n"

    def _without_suffix(self, text: bytes) -> Part | None:
        """The proof of rows that got a suffix: they are the old ones when it is taken away."""
        if not self._suffix or b'"' in text or b"\r" in text:
            return None
        old = text.replace(self._suffix, b"\n")
        rows, odd = divmod(len(text) - len(old), len(self._suffix) - 1)
        if odd or not old.endswith(b"\n") or lines_in(old) != rows:
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
            return Made([make(GridRow(rows, number)) for number in range(rows.rows)])
        others = np.flatnonzero(~staying(rows, quick)).tolist()
        new = {number: make(GridRow(rows, number)) for number in others}
        return quick.position if not new else Made(_replaced(rows, quick.position, new))

    def _check(self, rows: Grid) -> None:
        for check in self._checks:
            quick = check.quick
            bad = np.flatnonzero(~staying(rows, quick)).tolist() if quick else range(rows.rows)
            for number in bad:
                check.make(GridRow(rows, number))

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
        body = records(BytesIO(text), delimiter, self._file.shown)
        for record in checked(self._file, body, width):
            if record.cells:
                read.add(record.cells)
        return Part(len(text), read.rows, read.checksum)


def _replaced(rows: Grid, position: int, new: dict[int, bytes]) -> list[bytes]:
    starts, ends = rows.starts[:, position].tolist(), rows.ends[:, position].tolist()
    cells = [rows.text[start:end] for start, end in zip(starts, ends, strict=True)]
    for number, cell in new.items():
        cells[number] = cell
    return cells
