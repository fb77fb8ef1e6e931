"""One DuckDB file as a store."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from zmigration_api import (
    NO_ARCHIVES,
    Archives,
    Change,
    Column,
    Condition,
    DropTable,
    LockTimeout,
    PrimaryKey,
    RenameTable,
    Row,
    Schema,
    Step,
    StoreError,
    Table,
    Target,
    UniqueConstraint,
    Unreachable,
    UnsupportedChange,
)
from zmigration_api.rowstore import RowStore, columns_of, condition_sql

from .types import default_of, default_sql, native, neutral, read_value, written

_COLUMNS = """
SELECT t.table_name, c.column_name, lower(c.data_type), NOT c.is_nullable, c.column_default
FROM duckdb_tables() t JOIN duckdb_columns() c USING (database_name, schema_name, table_name)
WHERE t.database_name = current_database() AND t.schema_name = 'main' ORDER BY 1, c.column_index"""
_KEYS = """
SELECT table_name, constraint_type, constraint_column_names, constraint_name
FROM duckdb_constraints() WHERE schema_name = 'main' AND database_name = current_database()
AND constraint_type IN ('PRIMARY KEY', 'UNIQUE') ORDER BY constraint_index"""
_ODD = re.compile(r"\b(CHECK|REFERENCES|GENERATED|COLLATE)\b")
_OPEN: set[Path] = set()  # DuckDB's own lock keeps out other processes only
_CHUNK = 500


class DuckStore(RowStore):
    """A file `<folder>/<label>.duckdb`, or the one that the address names."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        place = (target.folder or target.workspace).resolve()
        self.path = place if place.suffix == ".duckdb" else place / f"{target.label}.duckdb"
        self._unit: duckdb.DuckDBPyConnection | None = None
        self._made: list[Path] = []

    @property
    def display(self) -> str:
        root = self.target.workspace.resolve()
        inside = self.path.is_relative_to(root)
        return f"DuckDB file {self.path.relative_to(root) if inside else self.path}"

    def name_key(self, name: str) -> str:
        return name.lower()

    def native_type(self, column: Column, table: Table | None) -> str:
        return native(column.type)

    def inspect(self, tables: Collection[str]) -> Schema:
        wanted = {self.name_key(name) for name in tables}
        columns: dict[str, list[Column]] = {}
        for table, name, text, required, default in self._rows_of(_COLUMNS):
            if self.name_key(table) in wanted:
                column = Column(
                    name=name,
                    type=neutral(text),
                    required=required,
                    default=default_of(default),
                    native=text,
                )
                columns.setdefault(table, []).append(column)
        keys = self._rows_of(_KEYS)
        return Schema(tables=tuple(_table(name, columns[name], keys) for name in columns))

    def plan(
        self,
        changes: Sequence[Change],
        current: Schema,
        desired: Schema,
        archives: Archives = NO_ARCHIVES,
    ) -> tuple[Step, ...]:
        self._refuse_odd_tables(changes)
        return super().plan(changes, current, desired, archives)

    def _refuse_odd_tables(self, changes: Sequence[Change]) -> None:
        """A table that is written anew would lose what this backend does not know of."""
        kept = [c for c in changes if not isinstance(c, DropTable)]
        names = {c.old if isinstance(c, RenameTable) else c.table for c in kept}
        found = self._rows_of("SELECT table_name, sql FROM duckdb_tables() WHERE NOT internal")
        odd = {name: words[1] for name, sql in found if (words := _ODD.search(sql))}
        odd |= {name: "an index" for (name,) in self._rows_of("SELECT table_name FROM duckdb_indexes()")}
        for name in names & odd.keys():
            raise UnsupportedChange(
                f"{name} has {odd[name]}, which the DuckDB backend would lose",
                hint="drop it in DuckDB first, and make it again afterwards",
            )

    def create_table(self, table: Table) -> None:
        parts = [_column_sql(column) for column in table.columns]
        if table.key:
            parts.append(f"PRIMARY KEY ({_names(table.key)})")
        parts += [f"UNIQUE ({_names(unique.columns)})" for unique in table.unique]
        self._execute(f"CREATE TABLE {_quoted(table.name)} ({', '.join(parts)})")

    def drop_table(self, name: str) -> None:
        self._execute(f"DROP TABLE {_quoted(name)}")

    def read(self, table: Table) -> Iterable[dict[str, Any]]:
        asked = ", ".join(
            f"{_quoted(c.name)}::VARCHAR" if c.type.kind == "native" else _quoted(c.name)
            for c in table.columns
        )
        rows = self._rows_of(f"SELECT {asked} FROM {_quoted(table.name)} ORDER BY rowid")
        for row in rows:
            cells = zip(row, table.columns, strict=True)
            yield {column.name: read_value(value, column) for value, column in cells}

    def write(self, table: Table, rows: Iterable[Row]) -> None:
        values = [[written(row[c.name], c) for c in table.columns] for row in rows]
        marks = f"({', '.join('?' * len(table.columns))})"
        into = f"INSERT INTO {_quoted(table.name)} ({_names(c.name for c in table.columns)}) VALUES "
        for start in range(0, len(values), _CHUNK):
            chunk = values[start : start + _CHUNK]
            given = [value for row in chunk for value in row]
            self._execute(into + ", ".join([marks] * len(chunk)), given)

    def update(self, table: Table, where: Condition, values: Row) -> int:
        live = self.there(table)
        if not _asks_alike(where, live, table) or not values:
            return super().update(table, where, values)
        new = self.stored(live, table, values)
        given = [written(value, live.column(name) or live.columns[0]) for name, value in new.items()]
        sets = ", ".join(f"{_quoted(name)} = ?" for name in new)
        return self._change(f"UPDATE {_quoted(live.name)} SET {sets}", where, given)

    def delete(self, table: Table, where: Condition) -> int:
        live = self.there(table)
        if not _asks_alike(where, live, table):
            return super().delete(table, where)
        return self._change(f"DELETE FROM {_quoted(live.name)}", where, [])

    def _change(self, what: str, where: Condition, given: list[Any]) -> int:
        sql, values = condition_sql(where, _quoted, lambda name, value: value)
        ((count,),) = self._execute(f"{what} WHERE {sql}", [*given, *values])
        return int(count)

    def begin(self, lock_timeout: float) -> None:
        if self._unit is not None:
            raise StoreError(f"{self.display}: a unit of work is open already")
        missing = [folder for folder in self.path.parents if not folder.exists()]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._made = missing
        try:
            self._unit, new = self._connect(lock_timeout, read_only=False)
            _OPEN.add(self.path)
            self._execute("BEGIN")
            if new and not self._rows_of("SELECT 1 FROM duckdb_tables()"):
                self._made = [self.path, *missing]
        except BaseException:
            self.rollback()
            raise

    def commit(self) -> None:
        self._execute("COMMIT")
        self._made = []
        self.rollback()

    def rollback(self) -> None:
        unit, self._unit = self._unit, None
        if unit is not None:
            unit.close()  # which undoes what was not committed
            _OPEN.discard(self.path)
        made, self._made = self._made, []
        with suppress(OSError):  # somebody else put something there
            for path in made:
                if path == self.path:
                    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
                    path.unlink(missing_ok=True)
                else:
                    path.rmdir()

    def _connect(
        self, patience: float, *, read_only: bool
    ) -> tuple[duckdb.DuckDBPyConnection, bool]:
        """A connection, and whether the file is new by it; LockTimeout while others hold it."""
        deadline = time.monotonic() + patience
        while True:
            new = not self.path.exists()
            try:
                if self.path in _OPEN:
                    raise duckdb.ConnectionException("this process has it open already")
                return duckdb.connect(str(self.path), read_only=read_only), new
            except duckdb.Error as error:
                text = str(error).partition("\n")[0]
                held = isinstance(error, duckdb.ConnectionException) or "lock" in text
                if not held:
                    raise Unreachable(f"{self.display} cannot be opened: {text}") from None
                if time.monotonic() >= deadline:
                    raise LockTimeout(
                        f"{self.display} is held by another run: {text}",
                        hint="wait for it to end, or give a longer --lock-timeout",
                    ) from None
                time.sleep(0.05)

    def _rows_of(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query gives; nothing while there is no file."""
        if self._unit is not None:
            return self._execute(sql)
        if not self.path.exists():
            return []
        connection, _ = self._connect(self.target.lock_timeout, read_only=True)
        with connection, _told(self.display):
            return connection.execute(sql).fetchall()

    def _execute(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        if self._unit is None:
            raise StoreError(f"{self.display} is changed outside a unit of work")
        with _told(self.display):
            return self._unit.execute(sql, values).fetchall()


@contextmanager
def _told(display: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise StoreError(f"{display}: {str(error).partition(chr(10))[0]}") from error


def _table(name: str, columns: list[Column], keys: list[tuple[Any, ...]]) -> Table:
    mine = [(kind, tuple(names), called) for table, kind, names, called in keys if table == name]
    primary = [names for kind, names, _ in mine if kind == "PRIMARY KEY"]
    return Table(
        name=name,
        columns=tuple(columns),
        primary_key=PrimaryKey(columns=primary[0]) if primary else None,
        unique=tuple(
            UniqueConstraint(columns=names, name=called)
            for kind, names, called in mine
            if kind == "UNIQUE"
        ),
    )


def _asks_alike(where: Condition, live: Table, table: Table) -> bool:
    """Whether DuckDB compares the columns asked about as the schema's types say."""
    pairs = [(live.column(name), table.column(name)) for name in columns_of(where)]
    return all(
        a and b and (a.type.kind == b.type.kind or (a.type.textual and b.type.textual))
        and a.type.kind not in ("json", "native")
        for a, b in pairs
    )


def _column_sql(column: Column) -> str:
    default = column.default
    stored = f" DEFAULT {default_sql(default)}" if default and default.stored else ""
    required = " NOT NULL" if column.required else ""
    return f"{_quoted(column.name)} {column.native or native(column.type)}{stored}{required}"


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
