"""The pass over a large file: many rows at once, on several cores, and the proof of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TypeAlias

import numpy as np

from zmigration_api import Progress

from .canonical import staying
from .cells import Record, Text, records
from .checksums import checksum
from .chunks import CHUNK
from .files import CsvFile
from .grid import Grid, GridRow
from .keep import Keeper
from .long import LongRow, stays
from .making import BadCell, Check, KeysUnsure, Out
from .proof import Bytes, Fingerprint, Part, require_same
from .ranks import ends_of
from .scan import WORKERS, Stretch, ahead, stretches
from .weave import Made, Piece, gathered, sound, woven

OneByOne: TypeAlias = Callable[[Iterator[Record], Fingerprint], Iterator[bytes]]
"""Makes new rows of old ones with all their checks, and counts the old ones."""


@dataclass(frozen=True, slots=True)
class Done:
    """The new bytes of some rows and those of their archive; how many rows they are.

    The checksum is that of the new bytes; `differs`: they are not the old ones. `ranks` are those
    of the first and the last key, if they ascend.
    """

    new: Text
    kept: Text
    rows: int
    checksum: int
    differs: bool
    ranks: tuple[int, int] | None = None


class LargePass:
    """One pass over the rows of one file.

    `one_by_one` takes those that are no plain grid. `ascending` is the column whose cells have to
    be ascending numbers, if any; KeysUnsure where they are not seen to be.
    """

    def __init__(
        self,
        file: CsvFile,
        columns: Sequence[Out],
        checks: Sequence[Check],
        keeper: Keeper | None,
        ascending: int | None,
        one_by_one: OneByOne,
    ) -> None:
        self._file = file
        self._columns = columns
        self._checks = checks
        self._one_by_one = one_by_one
        self._keeper = keeper
        self._ascending = ascending
        self._last_rank = -1
        self._parts: list[Part] = []
        untouched = [(at, out.position or 0) for at, out in enumerate(columns) if not out.make]
        self._old = [position for _, position in untouched]
        self._new = [at for at, _ in untouched]

    def parts(self, progress: Progress) -> Iterator[Bytes]:
        """The new rows."""
        done, place = 0, self._file.header().size
        whole = self._file.path.stat().st_size
        for stretch in self._stretches():
            if self._ascending is not None:
                self._require_order(stretch.made.ranks if stretch.made else None)
            if stretch.long is not None:
                yield from self._long(stretch.long, stretch.records)
                done = stretch.number + 1
            else:
                made = stretch.made or self._exactly(stretch.records)
                self._parts.append(Part(len(made.new), made.rows, made.checksum))
                if self._keeper is not None:
                    self._keeper.write(made.kept)
                yield made.new if made.differs else range(place, place + stretch.size)
                done = stretch.number + made.rows
            place += stretch.size
            progress(done, done * whole // place, place)
            del stretch  # which may hold a long row
        if place != whole:
            hint = "stop what else writes to it, and run again"
            raise self._file.error("changed while it was read", hint=hint)
        progress(done, done, whole)

    def prove(self, new: CsvFile) -> None:
        """Read the new file; VerificationFailed unless its rows are those that were made."""
        proved = 0
        with new.stream() as (_, stream):
            pieces = ((part, stream.read(part.size)) for part in self._parts)
            for (part, text), written in ahead(pieces, lambda piece: checksum(piece[1])):
                require_same(part, Part(len(text), part.rows, written), self._file, proved)
                proved += part.rows
            require_same(Part(0, 0, 0), Part(0, len(stream.read(1)), 0), self._file, proved)

    def _stretches(self) -> Iterator[Stretch[Done]]:
        return stretches(self._file, self._made, 1 if self._appends else WORKERS)

    @property
    def _appends(self) -> bool:
        """Whether rows only get cells at their end, for which two workers would wait in turns.

        `bytes.replace`, which adds them, holds the interpreter's lock.
        """
        made = [out for out in self._columns if out.make]
        whole = self._old == self._new == [*range(len(self._file.header().names))]
        simple = all(out.source.constant is not None for out in made)
        return whole and simple and not self._checks and self._keeper is None

    def _require_order(self, ranks: tuple[int, int] | None) -> None:
        if ranks is None or ranks[0] <= self._last_rank:
            raise KeysUnsure
        self._last_rank = ranks[1]

    def _exactly(self, rows: Iterator[Record]) -> Done:
        """The new rows, made one by one, and cut again to see that all is there that should."""
        delimiter = self._file.delimiter
        read, written = map(self._fingerprint, (self._old, self._new))
        new = b"".join(self._one_by_one(rows, read))
        for record in records(BytesIO(new), delimiter, self._file.shown):
            if record.cells:
                written.add(record.cells)
        require_same(read, written, self._file)
        return Done(new, b"", read.rows, checksum(new), differs=True)

    def _long(self, old: LongRow, row: Iterator[Record]) -> Iterator[Bytes]:
        """The new row in parts."""
        record = next(row)
        made: list[int | bytes] = []
        try:
            for out in self._columns:
                made.append(_long_piece(old, out))
            for check in self._checks:
                if not (check.quick and stays(old, check.quick)):
                    check.make(old)
        except BadCell:  # said again, with the line
            yield from self._one_by_one(iter((record,)), self._fingerprint(self._old))
        if self._keeper is not None:
            for piece in self._pieces(old, self._keeper.row_of(made), b"\n"):
                self._keeper.write(piece)
        for piece in self._pieces(old, made, old.end):
            self._parts.append(Part(len(piece), 0, checksum(piece)))
            yield piece
        self._parts.append(Part(0, 1, checksum(b"")))

    def _pieces(self, old: LongRow, cells: Sequence[int | bytes], end: bytes) -> Iterator[Text]:
        """The bytes of a row, of which some cells are those of an old one."""
        for at, cell in enumerate(cells):
            if at:
                yield self._file.delimiter
            if isinstance(cell, bytes):
                yield cell
            else:
                yield from old.pieces(cell, CHUNK)
        yield end

    def _fingerprint(self, positions: Sequence[int]) -> Fingerprint:
        return Fingerprint(positions, self._file.delimiter, lonely=False)

    def _made(self, rows: Grid) -> Done | None:
        """The new rows; None if they are to be made one by one."""
        try:
            pieces = [self._piece(rows, out) for out in self._columns]
            self._check(rows)
        except BadCell:
            return None  # one by one, the row gets its name
        return self._woven(rows, pieces)

    def _woven(self, rows: Grid, pieces: Sequence[Piece]) -> Done | None:
        """The new rows, and a checksum of them; None if something is wrong with them."""
        delimiter = self._file.delimiter
        new = woven(rows, pieces, delimiter)
        differs = new is not rows.text
        kept = self._kept(rows, pieces)
        if kept is None or (differs and not sound(rows, pieces, new, delimiter, rows.newline)):
            return None
        ranks = None if self._ascending is None else ends_of(rows, self._ascending)
        return Done(new, kept, rows.rows, checksum(new), differs, ranks)

    def _kept(self, rows: Grid, new: Sequence[Piece]) -> Text | None:
        """The rows of the archive, in which no two have the same key; None if they are wrong."""
        keeper = self._keeper
        if keeper is None:
            return b""
        pieces = keeper.row_of(new)
        kept = gathered(rows, pieces, self._file.delimiter, b"\n")
        return kept if sound(rows, pieces, kept, self._file.delimiter, b"\n") else None

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


def _long_piece(old: LongRow, out: Out) -> int | bytes:
    """Where a cell of a long row is, or what it becomes."""
    if out.make is None:
        return out.position or 0
    quick = out.source.quick
    return quick.position if quick and stays(old, quick) else out.make(old)


def _replaced(rows: Grid, position: int, new: dict[int, bytes]) -> list[bytes]:
    cells = list(rows.cells(position))
    for number, cell in new.items():
        cells[number] = cell
    return cells
