"""Taking changes of one table back, with the values that an archive keeps.

Rows of the table and of the archive mostly stand in the same order, so both are read side by
side; from the first row on that does not match, the rest of the archive goes into an index on
the disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from zmigration_api import (
    AlterColumn,
    Archive,
    Change,
    Column,
    KeptColumn,
    Progress,
    StepFailed,
    Table,
)

from .cells import Record, join, split
from .files import CsvFile
from .fill import OldRow, Source, filler
from .keep import cell_before, digest, key_maker, layout, places, plain, scratch
from .making import Check, Out, converter
from .plan import kept_of, must_convert
from .proof import Bytes
from .rewrite import Rewrite, RowMaker

if TYPE_CHECKING:
    from .large import LargePass

_NULLS = (b"", b'""')


class KeptRows:
    """The rows of one archive, each to be taken once."""

    def __init__(self, file: CsvFile, archive: Archive, resources: ExitStack) -> None:
        self._file = file
        self._resources = resources
        self._key = key_maker([(place, new) for place, (_, new) in enumerate(archive.rows)])
        self._records: Iterator[Record] = resources.enter_context(closing(_rows(file)))
        self._next = next(self._records, None)
        self._index: sqlite3.Cursor | None = None

    def take(self, key: tuple[bytes, ...]) -> Sequence[bytes] | None:
        """The cells of the first row of that key that is not taken yet."""
        if self._index is None:
            if self._next is None:
                return None
            cells = self._next.cells
            if self._key(cells) == key:
                self._next = next(self._records, None)
                return cells
            self._index = self._indexed(self._next)
        return self._from_index(self._index, digest(key))

    def _from_index(self, index: sqlite3.Cursor, key: bytes) -> Sequence[bytes] | None:
        query = "SELECT rowid, cells FROM kept WHERE key = ? ORDER BY rowid LIMIT 1"
        found = index.execute(query, (key,)).fetchone()
        if found is None:
            return None
        index.execute("DELETE FROM kept WHERE rowid = ?", (found[0],))
        return split(found[1], self._file.delimiter)

    def _indexed(self, first: Record) -> sqlite3.Cursor:
        connection = self._resources.enter_context(scratch())
        connection.execute("CREATE TABLE kept (key BLOB NOT NULL, cells BLOB NOT NULL)")
        connection.executemany("INSERT INTO kept VALUES (?, ?)", self._entries(first))
        connection.execute("CREATE INDEX kept_key ON kept(key)")
        return connection.cursor()

    def _entries(self, first: Record) -> Iterator[tuple[bytes, bytes]]:
        together = self._file.delimiter.join
        yield digest(self._key(first.cells)), together(first.cells)
        for record in self._records:
            yield digest(self._key(record.cells)), together(record.cells)


def _rows(file: CsvFile) -> Generator[Record, None, None]:
    yield from file.rows()


class Restoring(Rewrite):
    """What taking changes back does to one file.

    `wanted` says where the columns that come back belong. Rows that came since get the default;
    StepFailed counts those that lack a required value.
    """

    def __init__(
        self,
        file: CsvFile,
        changes: Iterable[Change],
        before: Table | None,
        now: datetime,
        *,
        archive: Archive,
        kept: CsvFile,
        wanted: Table | None,
        asks_keys: bool = False,
    ) -> None:
        self._changes = tuple(changes)
        self._archive = archive
        self._kept_file = kept
        self._kept_header = kept.header().cells
        if len(self._kept_header) != len(layout(archive)):
            raise StepFailed("has not the columns of this archive", file=kept.shown)
        self.found: Sequence[bytes] | None = None
        self._back: list[Out] = []
        self._lacking: dict[str, int] = {}
        super().__init__(file, self._changes, before, now, back=True, asks_keys=asks_keys)
        self._put_in_place(wanted)

    def _rows(self, progress: Progress) -> Iterator[bytes]:
        yield from super()._rows(progress)
        self._refuse_lacking()

    def _many_rows(self, progress: Progress) -> Iterator[Bytes]:
        yield from super()._many_rows(progress)
        self._refuse_lacking()

    def _refuse_lacking(self) -> None:
        for name, count in self._lacking.items():
            rows = "1 row that has" if count == 1 else f"{count} rows that have"
            table = self._changes[-1].table
            raise self._failed(
                f"{table}.{name} is required, and {rows} come or changed since lack a value for it",
                "remove these rows, or stay with the migration",
            )

    @property
    def _row_by_row(self) -> bool:
        keys = [new for _, new in self._archive.rows]
        there = all(new.name in self._header.names and new.type.kind != "json" for new in keys)
        return self._asks_keys or not (keys and there and all(map(_is_known, self._columns)))

    def _large_pass(self, resources: ExitStack) -> LargePass:
        from .back import BackPass

        names, rows = self._header.names, self._archive.rows
        return BackPass(
            self._file,
            self._columns,
            self._checks,
            self._keeper,
            self._ascending,
            self._kept_file,
            (
                [(names.index(new.name), new.type) for _, new in rows],
                [(place, new.type) for place, (_, new) in enumerate(rows)],
            ),
            self,
            resources,
        )

    def _row_maker(self, resources: ExitStack, *, keys_differ: bool = False) -> RowMaker:
        make, names = super()._row_maker(resources, keys_differ=keys_differ), self._header.names
        for _, column in self._archive.rows:
            if column.name not in names:
                raise self._no_column(column.name)
        key = key_maker([(names.index(new.name), new) for _, new in self._archive.rows])
        take = KeptRows(self._kept_file, self._archive, resources).take

        def row(cells: Sequence[bytes]) -> list[bytes]:
            self.found = take(key(cells))
            return make(cells)

        def lonely_row(cells: Sequence[bytes]) -> list[bytes]:
            found = self.found = take(key(cells))
            # `join` put a blank cell in quotes when it became the only one of its row.
            if found is not None and join(found[:1], b"") == cells[0]:
                return make(found[:1])
            return make(cells)

        return lonely_row if len(names) == len(self._archive.rows) == 1 else row

    def _add(self, column: Column) -> None:
        kept = self._kept_of(column.name)
        if kept is None or kept.new is not None:
            super()._add(column)
            return
        self._refuse_taken(column.name)
        place, _ = places(self._archive)[kept.old.name]
        default = self._default(column)

        def make(_: OldRow) -> bytes:
            return default if self.found is None else self.found[place]

        if column.required and default in _NULLS:
            self._checks.append(self._counted(column.name, lambda _: self.found is None))
        cell = cell_before(self._kept_header[place], column.name, self._file.delimiter)
        source = Source(make, column.type)
        self._back.append(Out(column.name, cell, None, source, make, (place, None)))
        self._columns.append(self._back[-1])

    def _alter(self, out: Out, change: AlterColumn) -> None:
        kept = self._kept_of(change.old.name)
        if kept is None or kept.new is None:
            super()._alter(out, change)
            out.kept = None
            return
        before, after = places(self._archive)[kept.old.name]
        now, say = out.source.make, plain(kept.new.type)
        delimiter = self._file.delimiter
        back = converter(now, change.old, change.new, delimiter) if must_convert(change) else now

        def unchanged(cells: OldRow) -> bool:
            return self.found is not None and say(now(cells)) == say(self.found[after])

        def make(cells: OldRow) -> bytes:
            if self.found is not None and unchanged(cells):
                return self.found[before]
            return back(cells)

        if change.tightened:
            lacks = lambda cells: back(cells) in _NULLS and not unchanged(cells)  # noqa: E731
            self._checks.append(self._counted(change.new.name, lacks))
        out.kept = (before, after) if out.make is None else None
        out.make, out.source = make, Source(make, change.new.type)

    def _kept_of(self, name: str) -> KeptColumn | None:
        return kept_of(self._archive, self._changes, name)

    def _default(self, column: Column) -> bytes:
        """The cell of the default; null for one that only the app or another store knows."""
        try:
            cell = filler(replace(column, backfill=None), {}, self._now, self._file.delimiter)
        except ValueError:
            return b""
        return cell if isinstance(cell, bytes) else b""

    def _counted(self, name: str, lacks: Callable[[OldRow], bool]) -> Check:
        def check(cells: OldRow) -> bytes:
            if lacks(cells):
                self._lacking[name] = self._lacking.get(name, 0) + 1
            return b""

        return Check(check)

    def _put_in_place(self, wanted: Table | None) -> None:
        """Each column that comes back stands after the one that it stood after."""
        order = [column.name for column in wanted.columns] if wanted else []
        for out in sorted(self._back, key=lambda o: order.index(o.name) if o.name in order else 0):
            if out.name not in order:
                continue
            self._columns.remove(out)
            earlier = set(order[: order.index(out.name)])
            last = [at for at, other in enumerate(self._columns, 1) if other.name in earlier]
            self._columns.insert(max(last, default=0), out)


def _is_known(out: Out) -> bool:
    """Whether a column's cells come from one place each, which many rows at once can do."""
    return bool(out.kept) or out.make is None or out.source.constant is not None
