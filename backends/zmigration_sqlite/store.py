"""One SQLite file as a store."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zmigration_api import (
    NO_ARCHIVES,
    Answer,
    Archives,
    Change,
    Column,
    ColumnType,
    Condition,
    Inspected,
    NamedType,
    Order,
    Progress,
    Question,
    Row,
    Schema,
    Step,
    StoreError,
    Table,
    Target,
)
from zmigration_sql import data, quoted

from . import types
from .connection import Connection, open_for_reading
from .inspect import fingerprints, inspect, is_there, with_natives
from .tokens import fold

if TYPE_CHECKING:
    from .unit import Unit


class SQLiteStore:
    """Opens the file when first asked; one that is not there has no tables."""

    def __init__(self, target: Target) -> None:
        self._path = _path_of(target)
        self._patience = target.lock_timeout
        self._display = f"SQLite file {_shown(self._path, target.workspace)}"
        self._reader: Connection | None = None
        self._unit: Unit | None = None
        self._notices: list[str] = []
        self._live: tuple[int, dict[str, Table]] = -1, {}
        self._exact: tuple[int, dict[str, Table]] = -1, {}
        self._last: tuple[Table, Table, Table] | None = None

    @property
    def display(self) -> str:
        return self._display

    @property
    def unfinished(self) -> bool:
        """Never: the database itself undoes what was not committed."""
        return False

    @property
    def commits(self) -> int | None:
        """SQLite's own count; a file that is read as if nobody wrote it has none."""
        connection = self._reading()
        if connection is None or connection.immutable:
            return None
        with connection.errors():
            return int(connection.raw.execute("PRAGMA data_version").fetchone()[0])

    @property
    def notices(self) -> Sequence[str]:
        return tuple(self._notices)

    def history_display(self, table: str) -> str:
        return f"Table: {table} ({self._display})"

    def spell(self, name: str) -> str:
        return name

    def name_key(self, name: str) -> str:
        return fold(name)

    def reads_as(self, column: Column, column_type: ColumnType) -> bool:
        return types.reads_as(column, column_type)

    def native_type(self, column: Column, table: Table | None) -> str:
        return types.declared_type(column.type, table)

    def inspect(self, tables: Collection[str]) -> Schema:
        connection = self._reading()
        if connection is None:
            return Schema()
        with connection.errors():
            # The count is read first: what changes meanwhile is then looked at again.
            return inspect(connection.raw, tables, self._seen(connection))

    @property
    def is_there(self) -> bool:
        return self._reading() is not None

    def table_names(self) -> Sequence[str]:
        from .describe import table_names

        connection = self._reading()
        if connection is None:
            return ()
        with connection.errors():
            return table_names(connection.raw)

    def history_names(self) -> Sequence[str]:
        from .describe import history_names

        connection = self._reading()
        if connection is None:
            return ()
        with connection.errors():
            return history_names(connection.raw)

    def describe(self, tables: Collection[str]) -> Inspected:
        from .describe import described

        connection = self._reading()
        if connection is None:
            return Inspected(schema=Schema(), exact=True)
        with connection.errors():
            return described(connection.raw, self._found_exactly(connection, tables))

    def exact(self, schema: Schema, live: Schema) -> Schema:
        from .exact import exactly
        from .trial import refuse_bad

        exact = exactly(schema, self.as_found(live))
        refuse_bad(exact, self.as_found(live))
        return exact

    def as_found(self, live: Schema) -> Schema:
        connection = self._reading()
        if connection is None:
            return Schema()
        with connection.errors():
            return self._found_exactly(connection, [table.name for table in live.tables])

    def types(
        self, tables: Collection[str], names: Collection[str] | None = ()
    ) -> tuple[NamedType, ...]:
        """SQLite has none."""
        return ()

    def fingerprints(self, tables: Collection[str]) -> Mapping[str, str] | None:
        connection = self._reading()
        if connection is None:
            return None
        with connection.errors():
            return fingerprints(connection.raw, tables)

    def plan(
        self,
        changes: Sequence[Change],
        current: Schema,
        desired: Schema,
        archives: Archives = NO_ARCHIVES,
    ) -> tuple[Step, ...]:
        from .plan import plan

        connection = self._reading()
        if connection is None:
            with closing(sqlite3.connect(":memory:")) as empty:
                return plan(empty, changes, (current, desired), lambda table: False, archives)
        with connection.errors():
            return plan(connection.raw, changes, (current, desired), self._has_rows, archives)

    def fitted(self, back: Sequence[Step], *, force: bool) -> tuple[Step, ...]:
        from .fit import fitted

        connection = self._reading()
        if connection is None:
            return tuple(back)
        with connection.errors():
            return fitted(connection.raw, back, force=force)

    def ask(self, question: Question, current: Schema) -> Answer:
        from .ask import ask

        connection = self._reading()
        return ask(connection, question, current) if connection else Answer()

    def begin(self, lock_timeout: float) -> None:
        from .unit import Unit

        self._close_reader()
        self._unit = Unit(self._path, self._display, lock_timeout)

    def run(self, step: Step, progress: Progress) -> None:
        self._working().run(step, progress)

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
        connection, live = self._reading(), self._as_live(table)
        if connection is None or live is None:
            return iter(())
        return data.select(
            connection, live, where, columns=columns, order=order, limit=limit, offset=offset
        )

    def count_where(self, table: Table, where: Condition) -> int:
        connection, live = self._reading(), self._as_live(table)
        return data.count(connection, live, where) if connection and live else 0

    def insert(self, table: Table, rows: Iterable[Row]) -> int:
        return data.insert(*self._changing(table), rows)

    def insert_one(self, table: Table, row: Row) -> Any:  # noqa: ANN401
        return data.insert_one(*self._changing(table), row)

    def update(self, table: Table, where: Condition, values: Row) -> int:
        return data.update(*self._changing(table), where, values)

    def update_many(self, table: Table, key: Sequence[str], rows: Iterable[Row]) -> int:
        return data.update_many(*self._changing(table), key, rows)

    def delete(self, table: Table, where: Condition) -> int:
        return data.delete(*self._changing(table), where)

    def count(self, table: str) -> int | None:
        connection = self._reading()
        if connection is None or not is_there(connection.raw, table):
            return 0
        (row,) = connection.query(f"SELECT count(*) FROM {quoted(table)}")
        return int(row[0])

    def commit(self) -> None:
        self._working().commit()
        self._unit = None

    def rollback(self) -> None:
        unit, self._unit = self._unit, None
        self._live = self._exact = -1, {}  # undone changes are not counted
        if unit is not None:
            unit.rollback()

    def close(self) -> None:
        self.rollback()
        self._close_reader()

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _reading(self) -> Connection | None:
        """The connection of the unit of work, else one for reading, None while there is no file."""
        if self._unit is not None:
            return self._unit.connection
        if self._reader is None:
            self._reader, notice = open_for_reading(self._path, self._display, self._patience)
            self._notices += [notice] if notice else []
        return self._reader

    def _working(self) -> Unit:
        if self._unit is None:
            raise StoreError(f"{self._display} is changed outside a unit of work")
        return self._unit

    def _changing(self, table: Table) -> tuple[Connection, Table]:
        unit = self._working()
        unit.check_open()
        live = self._as_live(table)
        if live is None:
            raise StoreError(f"there is no table {table.name} in {self._display}")
        with unit.connection.errors():
            unit.references.touch(table.name)
        return unit.connection, live

    def _as_live(self, table: Table) -> Table | None:
        """The table's columns that are there. SQLite would take the name of another for a text."""
        live = self._inspected(table.name)
        if live is None:
            return None
        known = self._last
        if known is None or known[0] is not table or known[1] is not live:
            there = {fold(column.name) for column in live.columns}
            columns = tuple(c for c in table.columns if fold(c.name) in there)
            known = self._last = table, live, with_natives(replace(table, columns=columns), live)
        return known[2]

    def _inspected(self, name: str) -> Table | None:
        """The table, without another look where nobody has changed any table since the last one."""
        connection = self._reading()
        if connection is None:
            return None
        with connection.errors():
            known = self._seen(connection).get(fold(name))
        return known or next(iter(self.inspect([name]).tables), None)

    def _seen(self, connection: Connection) -> dict[str, Table]:
        """What was inspected of the schema as it is now; SQLite counts every change of it."""
        version = _version(connection)
        if self._live[0] != version:
            self._live = version, {}
        return self._live[1]

    def _found_exactly(self, connection: Connection, tables: Collection[str]) -> Schema:
        from .exact import as_found

        version = _version(connection)
        if self._exact[0] != version:
            self._exact = version, {}
        return as_found(connection.raw, tables, self._exact[1])

    def _has_rows(self, table: str) -> bool:
        connection = self._reading()
        if connection is None or not is_there(connection.raw, table):
            return False
        return bool(list(connection.query(f"SELECT 1 FROM {quoted(table)} LIMIT 1")))


def _version(connection: Connection) -> int:
    return int(connection.raw.execute("PRAGMA schema_version").fetchone()[0])


def _path_of(target: Target) -> Path:
    if target.file is not None:
        return target.file
    if target.folder is None:
        raise StoreError("a SQLite store needs a folder or a file", hint="set Data_Path")
    return target.folder / f"{target.label}.db"


def _shown(path: Path, workspace: Path) -> Path:
    return path.relative_to(workspace) if path.is_relative_to(workspace) else path
