"""A folder of CSV files as a store: read, planned, and changed in one unit of work."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zmigration_api import (
    NO_ARCHIVES,
    AllOf,
    Answer,
    Archives,
    Change,
    Column,
    ColumnType,
    Compare,
    Condition,
    Inspected,
    Order,
    Progress,
    Question,
    Row,
    Schema,
    Step,
    StepFailed,
    StoreError,
    Table,
    Target,
)

from . import journal
from .files import CsvFile
from .inspect import fingerprints, inspect
from .lock import is_held
from .rows import select
from .staging import Files, file_name
from .unit import Unit, told

if TYPE_CHECKING:
    from .changing import TableRows

_COUNTED = 1 << 23
"""Bytes; the rows of a larger file are not counted."""
_SETTLED = 3_000_000_000
"""Nanoseconds, longer than the clock of any file system takes to move on (FAT: 2 seconds)."""


class CsvStore:
    """One folder. See `staging` for links and names, `journal` for how a commit is one event."""

    def __init__(self, target: Target) -> None:
        if target.folder is None:
            raise StoreError("a CSV store needs a folder", hint="set Meta.Data_Source")
        self._folder = target.folder
        self._shown = _relative(target.folder, target.workspace)
        self._delimiter = _delimiter(target.options.get("Data_Delimiter", ","))
        self._notices: list[str] = []
        self._unit: Unit | None = None

    @property
    def display(self) -> str:
        """The folder, as seen from the workspace."""
        return str(self._shown)

    @property
    def unfinished(self) -> bool:
        """Whether a commit is to be finished, or staged files are to be removed."""
        return journal.left(self._folder) and not is_held(self._folder)

    @property
    def commits(self) -> int | None:
        """When a file of the folder was last put there or removed, which a commit always does.

        None while that is so fresh that another commit might not show.
        """
        try:
            changed = self._folder.stat().st_mtime_ns
        except OSError:
            return None
        return changed if time.time_ns() - changed > _SETTLED else None

    @property
    def notices(self) -> Sequence[str]:
        """What was found of runs before this one."""
        return tuple(self._notices)

    def history_display(self, table: str) -> str:
        """`File: Data/__zmigration_users.csv`."""
        return f"File: {self._shown / file_name(table)}"

    def spell(self, name: str) -> str:
        """The name itself."""
        return name

    def name_key(self, name: str) -> str:
        """The name itself: `Users` and `users` are two."""
        return name

    def reads_as(self, column: Column, column_type: ColumnType) -> bool:
        """Always: a CSV file says nothing of types."""
        return True

    def native_type(self, column: Column, table: Table | None) -> str:
        """The type as the schema file says it."""
        return str(column.type)

    @property
    def is_there(self) -> bool:
        """Whether the folder is there."""
        return self._folder.is_dir()

    def table_names(self) -> Sequence[str]:
        """The names of the CSV files, without bookkeeping of ours and the host's."""
        with told(self._folder):
            return self._files().tables()

    def describe(self, tables: Collection[str]) -> Inspected:
        """The tables with types, required and keys concluded from every row."""
        from .describe import describe

        with told(self._folder):
            files = self._files()
            return describe(tables, lambda table: self._locate(files, table))

    def inspect(self, tables: Collection[str]) -> Schema:
        """The tables that are there, from their headers."""
        with told(self._folder):
            files = self._files()
            return inspect(tables, lambda table: self._locate(files, table))

    def fingerprints(self, tables: Collection[str]) -> Mapping[str, str] | None:
        """Digests of the headers; rows say nothing of a table's structure."""
        with told(self._folder):
            files = self._files()
            return fingerprints(tables, lambda table: self._locate(files, table))

    def plan(
        self,
        changes: Sequence[Change],
        current: Schema,
        desired: Schema,
        archives: Archives = NO_ARCHIVES,
    ) -> tuple[Step, ...]:
        """One step a table, in one pass over its file."""
        from .plan import plan

        return plan(changes, current, desired, archives, self._live)

    def fitted(self, back: Sequence[Step], *, force: bool) -> tuple[Step, ...]:
        """The steps themselves: each looks at its file when it runs."""
        return tuple(back)

    def ask(self, question: Question, current: Schema) -> Answer:
        """Ask the rows, reading the file from start to end."""
        from .ask import ask

        with told(self._folder):
            files = self._files()
            return ask(question, current, lambda table: self._locate(files, table))

    def count(self, table: str) -> int | None:
        """How many rows there are; None in a large file."""
        with told(self._folder):
            file = self._locate(self._files(), table)
            if file is None:
                return 0
            if file.path.stat().st_size > _COUNTED:
                return None
            return sum(1 for _ in file.rows())

    def select(
        self,
        table: Table,
        where: Condition,
        *,
        columns: Sequence[str] | None = None,
        order: Order = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> Iterator[dict[str, Any]]:
        """Rows as dicts of typed values; StoreError names the line of a cell that is none."""
        with told(self._folder):
            rows = self._rows(table, where)
            if rows is not None:
                yield from rows.select(where, columns, order, limit, offset)
                return
            file = self._locate(self._files(), table.name)
            if file is None:
                return
            with file.open() as (header, body):
                source = ((line, cells) for line, cells, _ in body if cells)
                yield from select(source, file, header, table, where, columns, order, limit, offset)

    def count_where(self, table: Table, where: Condition) -> int:
        """How many rows meet the condition, reading its columns alone."""
        with told(self._folder):
            rows = self._rows(table, where)
            if rows is not None:
                return rows.count(where)
        return sum(1 for _ in self.select(table, where, columns=[]))

    def _rows(self, table: Table, where: Condition) -> TableRows | None:
        """The rows that are being changed, or will be found by key again and again; else None."""
        if self._unit is None:
            return None
        if not self._unit.holds(table.name):
            from .keys import by_key

            missing = self._files().path(table.name) is None
            if missing or not by_key(where, table):
                return None
        return self._unit.rows(table)

    def begin(self, lock_timeout: float) -> None:
        """Lock the folder (made if it is missing) and finish or discard what a killed run left."""
        if self._unit is not None:
            raise StoreError("a unit of work is open already", file=self._shown)
        with told(self._folder):
            self._unit = Unit(self._folder, self._locate, self._delimiter)
            try:
                found = self._unit.begin(lock_timeout)
            except BaseException:
                self._unit = None
                raise
            self._notices += [f"{self.display}: {text}" for text in found]

    def run(self, step: Step, progress: Progress) -> None:
        """Make the changes of one table, in one pass over its file."""
        try:
            with told(self._folder):
                self._open_unit().run(step, progress)
        except StoreError as error:
            where = {"hint": error.hint, "file": error.file, "line": error.line}
            raise StepFailed(error.message, **where) from error  # type: ignore[arg-type]

    def insert(self, table: Table, rows: Iterable[Row]) -> int:
        """Add rows. A column that the file lacks is added to it first."""
        with told(self._folder):
            unit = self._open_unit()
            return unit.rows(table).insert(rows, unit.now)

    def insert_one(self, table: Table, row: Row) -> Any:  # noqa: ANN401
        """Add a row; its primary key, if that is one column."""
        with told(self._folder):
            unit = self._open_unit()
            (values,) = unit.rows(table).added([row], unit.now)
        return values[table.key[0]] if len(table.key) == 1 else None

    def update(self, table: Table, where: Condition, values: Row) -> int:
        """Change rows; those asked for by primary key without a look at the others."""
        with told(self._folder):
            return self._open_unit().rows(table).update(where, values)

    def update_many(self, table: Table, key: Sequence[str], rows: Iterable[Row]) -> int:
        """Change rows that are named by `key`; how many it were."""
        with told(self._folder):
            held = self._open_unit().rows(table)
            return sum(held.update(*_by(key, row)) for row in rows)

    def delete(self, table: Table, where: Condition) -> int:
        """Remove rows."""
        with told(self._folder):
            return self._open_unit().rows(table).delete(where)

    def commit(self) -> None:
        """Put the staged files in place, all at once, and unlock."""
        unit = self._open_unit()
        with told(self._folder):
            unit.prepare()
            with journal.no_interrupt():
                unit.commit()
                self._unit = None

    def rollback(self) -> None:
        """Remove the staged files, and the folder if `begin` made it; then unlock."""
        if self._unit is not None:
            with told(self._folder):
                self._unit.release()
            self._unit = None

    def close(self) -> None:
        """Roll back a unit that is open."""
        self.rollback()

    def _files(self) -> Files:
        """Where the files are now, with everything that hooks changed."""
        if self._unit is None:
            return Files(self._folder, journal.overlay(self._folder))
        self._unit.flush()
        return self._unit.staging

    def _locate(self, files: Files, table: str) -> CsvFile | None:
        path = files.path(table)
        if path is None:
            return None
        return CsvFile(path, self._shown / file_name(table), self._delimiter)

    def _live(self, table: str) -> tuple[str, ...]:
        with told(self._folder):
            file = self._locate(self._files(), table)
            return file.header().names if file else ()

    def _open_unit(self) -> Unit:
        if self._unit is None:
            raise StoreError("no unit of work is open", file=self._shown)
        return self._unit


def _by(key: Sequence[str], row: Row) -> tuple[Condition, Row]:
    """The condition that finds a row, and what is to be set."""
    same = [Compare(name, "eq", row[name]) for name in key]
    where: Condition = same[0] if len(same) == 1 else AllOf(tuple(same))
    return where, {name: value for name, value in row.items() if name not in key}


def _relative(folder: Path, workspace: Path) -> Path:
    try:
        return folder.resolve().relative_to(workspace.resolve())
    except ValueError:
        return folder


def _delimiter(text: str) -> bytes:
    character = "\t" if text == "\\t" else text
    if len(character) != 1 or not character.isascii() or character in '"\r\n\0 ':
        raise StoreError(
            f"Data_Delimiter is {text!r}, which is not one character that can stand between cells",
            hint="use , or ; or | or \\t",
        )
    return character.encode()
