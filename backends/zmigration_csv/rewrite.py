"""All changes of one table in one pass over its file; untouched cells keep their bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from zmigration_api import (
    AddColumn,
    AlterColumn,
    Archive,
    Change,
    Column,
    ColumnType,
    DropColumn,
    Progress,
    RenameColumn,
    StepFailed,
    StoreError,
    Table,
)
from zmigration_api.archive import rewrites_values
from zmigration_api.renames import moves

from .cells import Record, join, quote, renamed_cell
from .files import CsvFile
from .fill import Source, copied, filler
from .making import BadCell, Check, Out, as_it_was, converter, explained, filled, required
from .plan import must_convert
from .proof import Bytes, Fingerprint, require_same, require_same_rest
from .quick import Quick

if TYPE_CHECKING:
    from sqlite3 import Connection

    from .keep import Keeper, Writable
    from .large import LargePass

RowMaker: TypeAlias = Callable[[Sequence[bytes]], list[bytes]]
"""Makes the cells of a new row from those of an old one."""
PROGRESS_ROWS = 20_000
_TEXT = ColumnType(kind="text")


class Rewrite:
    """What the changes do to one file. Making one reads the header only.

    `changes` come in the order in which they are made, `before` tells the old types by the old
    names (a column that it lacks is text). `back` says that they take others back: then
    nothing is made up for a null, and one that was there before does no harm.

    The rows of an archive may be taken to have keys in an order, and `parts` then raises KeysUnsure
    where they have not; it does not with `asks_keys`, which reads them first.
    """

    def __init__(
        self,
        file: CsvFile,
        changes: Sequence[Change],
        before: Table | None,
        now: datetime,
        *,
        back: bool = False,
        asks_keys: bool = False,
    ) -> None:
        self._file = file
        self._header = file.header()
        self._now = now
        self._asks_keys = asks_keys
        self._takes_back = back
        self._keeper: Keeper | None = None
        self._read: Fingerprint | None = None
        self._large: LargePass | None = None
        self._ascending: int | None = None
        self._columns = [self._kept(i, before) for i in range(len(self._header.names))]
        self._checks: list[Check] = []
        self._ways = moves([c for c in changes if isinstance(c, RenameColumn)])
        for change in changes:
            self._apply(change)
        if not self._columns:
            raise self._failed("a CSV file keeps at least one column", "drop the table instead")

    @property
    def changes_file(self) -> bool:
        """Whether a byte of the file changes; if not, `parts` are only checks."""
        return self._new_header != self._header.cells or self._touches_rows

    @property
    def _mend(self) -> str:
        other = "stay with the migration" if self._takes_back else "write `using`"
        return f"mend the value, or {other}"

    @property
    def _row_by_row(self) -> bool:
        """Whether each row must be looked at."""
        return False

    @property
    def _touches_rows(self) -> bool:
        kept = [column.position for column in self._columns if column.make is None]
        return kept != list(range(len(self._header.names))) or len(kept) < len(self._columns)

    @property
    def _new_header(self) -> tuple[bytes, ...]:
        return tuple(column.cell for column in self._columns)

    def keep(self, archive: Archive, stream: Writable) -> None:
        """Let the pass also write this archive to `stream`."""
        from .keep import Keeper

        names = [column.name for column in self._columns]
        try:
            self._keeper = Keeper(archive, stream, self._header.names, names)
        except KeyError as error:
            raise self._no_column(error.args[0]) from None
        self._keeper.start(self._header.cells, self._file.delimiter)

    def parts(self, progress: Progress) -> Iterator[Bytes]:
        """The parts of the new file. StoreError or StepFailed names the first bad row."""
        header, delimiter = self._header, self._file.delimiter
        if self._new_header == header.cells:
            yield range(header.size)
        else:
            yield header.before + join(list(self._new_header), delimiter) + header.end
        if not (self._touches_rows or self._checks or self._keeper):
            yield range(header.size, self._file.path.stat().st_size)
        elif self._takes_many():
            yield from self._many_rows(progress)
        else:
            yield from self._rows(progress)

    def prove(self, new: CsvFile) -> None:
        """Read what `parts` were written to; VerificationFailed if more changed than should."""
        if self._large is not None:
            self._large.prove(new)
        elif self._read is not None:
            written = self._fingerprint(old=False)
            written.add_all(new)
            require_same(self._read, written, self._file)
        else:
            require_same_rest(self._file, new, (self._header.size, new.header().size))

    def _takes_many(self) -> bool:
        """Whether the rows are worth being taken many at a time, and can be."""
        if len(self._columns) == 1 or self._row_by_row or not self._file.is_large:
            return False
        if self._keeper is None:
            return True
        from .ranks import may_ascend

        key = self._key_of(self._keeper)
        if may_ascend(key) and not self._asks_keys:
            self._ascending = key[0][0]
        return self._ascending is not None or (bool(key) and self._differ(key))

    def _key_of(self, keeper: Keeper) -> list[tuple[int, ColumnType]]:
        """What tells the rows of an archive apart, in the old file; nothing if that is not sure."""
        key = [(self._columns[place], column.type) for place, column in keeper.key]
        return [] if any(out.make for out, _ in key) else [(o.position or 0, t) for o, t in key]

    def _differ(self, key: list[tuple[int, ColumnType]]) -> bool:
        """Whether it is certain that no two rows have the same key."""
        from .keyed import unique

        try:
            return unique(self._file, key)
        except StoreError:  # the pass will say which row comes first
            return False

    def _fingerprint(self, *, old: bool) -> Fingerprint:
        """Of the columns that nothing touches, where they are in the old or in the new file."""
        untouched = [
            (column.position or 0) if old else at
            for at, column in enumerate(self._columns)
            if column.make is None
        ]
        lonely = 1 in (len(self._columns), len(self._header.names))
        return Fingerprint(untouched, self._file.delimiter, lonely)

    def _rows(self, progress: Progress) -> Iterator[bytes]:
        opened = self._file.open()
        with ExitStack() as resources, opened as (_, body):
            row, read = self._row_maker(resources), self._fingerprint(old=True)
            self._read = read
            for piece in self._one_by_one(body, row, read):
                yield piece
                if read.rows % PROGRESS_ROWS == 0:
                    size = opened.stream.tell()
                    progress(read.rows, read.rows * opened.size // size, size)
            progress(read.rows, read.rows, opened.size)

    def _one_by_one(
        self, body: Iterator[Record], row: RowMaker, read: Fingerprint
    ) -> Iterator[bytes]:
        delimiter = self._file.delimiter
        for record in body:
            if not record.cells:
                yield record.end
                continue
            read.add(record.cells)
            try:
                yield join(row(record.cells), delimiter) + record.end
            except BadCell as error:
                raise self._failed(str(error), self._mend, record.line) from None

    def _many_rows(self, progress: Progress) -> Iterator[Bytes]:
        with ExitStack() as resources:
            self._large = self._large_pass(resources)
            yield from self._large.parts(progress)

    def _large_pass(self, resources: ExitStack) -> LargePass:
        from .large import LargePass

        row = self._row_maker(resources, keys_differ=True)
        return LargePass(
            self._file,
            self._columns,
            self._checks,
            self._keeper,
            self._ascending,
            lambda body, read: self._one_by_one(body, row, read),
        )

    def _row_maker(self, resources: ExitStack, *, keys_differ: bool = False) -> RowMaker:
        """What makes a new row from the cells of an old one; `resources` end with the pass."""
        kept = [c.position or 0 for c in self._columns]
        made = [(at, c.make) for at, c in enumerate(self._columns) if c.make is not None]
        checks = tuple(check.make for check in self._checks)

        def row(cells: Sequence[bytes]) -> list[bytes]:
            new = [cells[position] for position in kept]
            for at, make in made:
                new[at] = make(cells)
            for check in checks:
                check(cells)
            return new

        if self._keeper is None:
            return row
        connection = None if keys_differ else _scratch(resources)
        return _keeping(row, self._keeper.rows(connection, self._file.delimiter))

    def _kept(self, position: int, before: Table | None) -> Out:
        name = self._header.names[position]
        column = before.column(name) if before else None
        kind = column.type if column else _TEXT
        source = Source(lambda cells: cells[position], kind, quick=Quick(position))
        return Out(name, self._header.cells[position], position, source)

    def _apply(self, change: Change) -> None:
        match change:
            case AddColumn(_, column):
                self._add(column)
            case DropColumn(_, column):
                self._columns.remove(self._find(column.name))
            case RenameColumn():
                for old, new in self._ways[change]:
                    self._rename(old, new)
            case AlterColumn(_, old, _):
                self._alter(self._find(old.name), change)
            case _:
                pass  # a CSV file remembers neither constraints nor indexes

    def _rename(self, old: str, new: str) -> None:
        out = self._find(old)
        self._refuse_taken(new)
        out.name = new
        out.cell = renamed_cell(out.cell, new.encode(), self._file.delimiter)

    def _add(self, column: Column) -> None:
        self._refuse_taken(column.name)
        source = self._filler(column)
        if column.required:
            quick = source.quick.filled() if source.quick else None
            constant = source.constant or None
            source = Source(required(source.make, column), column.type, constant, quick)
        cell = self._name_cell(column.name)
        self._columns.append(Out(column.name, cell, None, source, source.make))

    def _alter(self, out: Out, change: AlterColumn) -> None:
        old, new, make, quick = change.old, change.new, out.source.make, out.source.quick
        if must_convert(change):
            converting = converter(make, old, new, self._file.delimiter)
            unkept = self._takes_back and not rewrites_values(AlterColumn(change.table, new, old))
            make = as_it_was(converting, make) if unkept else converting
            quick = quick.converted(old, new) if quick else None
        if not self._takes_back and change.fills_nulls:
            make = filled(make, self._filler(new).make)
            quick = quick.filled() if quick else None
        untouched = make is out.source.make
        checked = change.tightened and not self._takes_back
        if checked:
            make = required(make, new)
            quick = quick.filled() if quick else None
        if untouched and checked:
            self._checks.append(Check(make, quick))
        elif not untouched:
            out.make, out.source = make, Source(make, new.type, quick=quick)

    def _filler(self, column: Column) -> Source:
        sources = {out.name: out.source for out in self._columns}
        try:
            cell = filler(column, sources, self._now, self._file.delimiter)
        except ValueError as error:
            raise self._failed(f"{column.name} {error}") from None
        if isinstance(cell, bytes):
            return Source(lambda _: cell, column.type, constant=cell)
        make = explained(cell, f"{column.name} cannot be filled")
        return Source(make, column.type, quick=copied(column, sources))

    def _find(self, name: str) -> Out:
        for out in self._columns:
            if out.name == name:
                return out
        raise self._no_column(name)

    def _no_column(self, name: str) -> StepFailed:
        return self._failed(f"has no column {name!r}", "compare the file with the schema")

    def _refuse_taken(self, name: str) -> None:
        if not name:
            raise self._failed("a column needs a name")
        if any(out.name == name for out in self._columns):
            raise self._failed(
                f"Column already exists: {name!r}",
                "run again: a column that is as wanted is adopted; or use --force-sync",
            )

    def _name_cell(self, name: str) -> bytes:
        return quote(name.encode(), self._file.delimiter)

    def _failed(self, message: str, hint: str | None = None, line: int | None = None) -> StepFailed:
        return StepFailed(message, hint=hint, file=self._file.shown, line=line)


def _scratch(resources: ExitStack) -> Connection:
    from .keep import scratch

    return resources.enter_context(scratch())


def _keeping(row: RowMaker, keep: Callable[[Sequence[bytes], list[bytes]], None]) -> RowMaker:
    def kept_row(cells: Sequence[bytes]) -> list[bytes]:
        new = row(cells)
        keep(cells, new)
        return new

    return kept_row
