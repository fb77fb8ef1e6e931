"""Taking changes back in a large file whose rows stand in the order of those of the archive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from threading import Lock
from typing import NamedTuple, Protocol

import numpy as np

from .cells import Record
from .files import CsvFile
from .grid import Grid, GridRow
from .hashes import Hashes, Key, KeyHash
from .keep import Keeper
from .large import Done, LargePass
from .making import BadCell, Check, KeysUnsure, Out
from .proof import Fingerprint
from .scan import Stretch, ahead, stretches
from .weave import Made, Piece


class Found(Protocol):
    """Who makes cells out of a row and the kept one that belongs to it, one row at a time."""

    found: Sequence[bytes] | None


class _Kept(NamedTuple):
    """Some rows of the archive: of these rows, those from `start` to `stop`."""

    rows: Grid
    hashes: Hashes
    start: int
    stop: int

    def column(self, place: int) -> list[bytes]:
        """The cells of one column."""
        return list(self.rows.cells(place, slice(self.start, self.stop)))


class _Job(NamedTuple):
    """Some rows of the table, and those of the archive that belong to the first of them."""

    number: int
    line: int
    size: int
    rows: Grid
    kept: list[_Kept]

    def column(self, place: int) -> list[bytes]:
        """The kept cells of one column."""
        return [cell for kept in self.kept for cell in kept.column(place)]

    def row(self, number: int) -> list[bytes] | None:
        """The kept row that belongs to a row of the table, if one does."""
        for rows, _, start, stop in self.kept:
            if number < stop - start:
                return GridRow(rows, start + number).cells()
            number -= stop - start
        return None


class BackPass(LargePass):
    """A pass whose columns may come from an archive: a row whose values have not changed since gets
    what it had. KeysUnsure, and somebody must look at each row, where rows of the table are not
    those of the archive, but for rows that came at its end.
    """

    def __init__(
        self,
        file: CsvFile,
        columns: Sequence[Out],
        checks: Sequence[Check],
        keeper: Keeper | None,
        ascending: int | None,
        archive: CsvFile,
        keys: tuple[Key, Key],
        who: Found,
        resources: ExitStack,
    ) -> None:
        super().__init__(file, columns, checks, keeper, ascending, _nobody)
        self._here, there = map(KeyHash, keys)
        found = stretches(archive, lambda rows: _looked(rows, there))
        self._archive = resources.enter_context(closing(found))
        self._left: _Kept | None = None
        self._who = who
        self._alone = Lock()

    def _stretches(self) -> Iterator[Stretch[Done]]:
        for job, done in ahead(self._jobs(), self._put_back):
            if done is None:
                raise KeysUnsure
            yield Stretch(job.number, job.line, job.size, done, iter(()))

    def _jobs(self) -> Iterator[_Job]:
        for stretch in stretches(self._file, lambda rows: _looked(rows, self._here)):
            if stretch.made is None:
                raise KeysUnsure
            rows, hashes = stretch.made
            kept = list(self._taken(rows.rows))
            _require_same(hashes, kept)
            yield _Job(stretch.number, stretch.line, stretch.size, rows, kept)

    def _taken(self, count: int) -> Iterator[_Kept]:
        """The next rows of the archive."""
        while count and (left := self._left or self._more()):
            taken = min(count, left.stop - left.start)
            yield left._replace(stop=left.start + taken)
            count -= taken
            rest = left._replace(start=left.start + taken)
            self._left = rest if rest.start < rest.stop else None

    def _more(self) -> _Kept | None:
        stretch = next(self._archive, None)
        if stretch is None:
            return None
        if stretch.made is None:
            raise KeysUnsure
        rows, hashes = stretch.made
        return _Kept(rows, hashes, 0, rows.rows)

    def _put_back(self, job: _Job) -> Done | None:
        """The new rows; None if something is wrong with them."""
        pieces: list[Piece] = []
        back: list[tuple[Out, list[bytes]]] = []
        for out in self._columns:
            if out.kept is None:
                pieces.append(self._piece(job.rows, out))
                continue
            cells = job.column(out.kept[0])
            cells += [b""] * (job.rows.rows - len(cells))
            pieces.append(Made(cells))
            back.append((out, cells))
        try:
            self._make(job, self._changed(job), back)
        except BadCell:
            return None
        return self._woven(job.rows, pieces)

    def _changed(self, job: _Job) -> list[int]:
        """The rows that no kept row belongs to, or whose values are not what they had become."""
        found = set(range(sum(kept.stop - kept.start for kept in job.kept), job.rows.rows))
        for out in self._columns:
            if out.kept is None or out.kept[1] is None:
                continue
            now = list(job.rows.cells(out.position or 0))
            pairs = enumerate(zip(now, job.column(out.kept[1]), strict=False))
            found.update(number for number, (one, other) in pairs if one != other)
        return sorted(found)

    def _make(self, job: _Job, rows: Sequence[int], back: list[tuple[Out, list[bytes]]]) -> None:
        with self._alone:
            for number in rows:
                self._who.found, row = job.row(number), GridRow(job.rows, number)
                for out, cells in back:
                    assert out.make is not None
                    cells[number] = out.make(row)
                for check in self._checks:
                    check.make(row)


def _looked(rows: Grid, key: KeyHash) -> tuple[Grid, Hashes]:
    """The rows without the places of their cells, which take much memory while they wait."""
    return replace(rows), key.of_grid(rows)


def _require_same(hashes: Hashes, several: Sequence[_Kept]) -> None:
    at = 0
    for kept in several:
        here, there = slice(at, at + kept.stop - kept.start), slice(kept.start, kept.stop)
        for one, other in zip(hashes[:2], kept.hashes[:2], strict=True):
            if not np.array_equal(one[here], other[there]):
                raise KeysUnsure
        at = here.stop


def _nobody(_: Iterator[Record], __: Fingerprint) -> Iterator[bytes]:
    raise KeysUnsure
