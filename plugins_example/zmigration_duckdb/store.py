"""One DuckDB file as a store."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from zmigration_api import (
    Column,
    Condition,
    PrimaryKey,
    Row,
    Schema,
    StoreError,
    Table,
    Target,
    UniqueConstraint,
    Unreachable,
    UnsupportedChange,
)
from zmigration_api.rowstore import (
    Held,
    MadePaths,
    RowStore,
    compares_alike,
    condition_sql,
    patiently,
    quoted,
)

from .types import default_of, default_sql, native, neutral, read_value, written

_COLUMNS = """
SELECT t.table_name, c.column_name, lower(c.data_type), NOT c.is_nullable, c.column_default
FROM duckdb_tables() t JOIN duckdb_columns() c USING (database_name, schema_name, table_name)
WHERE t.database_name = current_database() AND t.schema_name = 'main' ORDER BY 1, c.column_index"""
_KEYS = """
SELECT table_name, constraint_type, constraint_column_names, constraint_name
FROM duckdb_constraints() WHERE schema_name = 'main' AND database_name = current_database()
AND constraint_type IN ('PRIMARY KEY', 'UNIQUE') ORDER BY constraint_index"""
_TABLES = "SELECT table_name, sql FROM duckdb_tables() WHERE database_name = current_database()"
_ODD = re.compile(r"\b(CHECK|REFERENCES|GENERATED|COLLATE)\b")
_OPEN: set[Path] = set()  # DuckDB's own lock keeps out other processes only
_CHUNK = 500


class DuckStore(RowStore):
    """A file `<folder>/<label>.duckdb`, or the one that the address names."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        place = target.folder or target.workspace
        self.path = place if place.suffix == ".duckdb" else place / f"{target.label}.duckdb"
        self._unit: duckdb.DuckDBPyConnection | None = None
        self._reader: duckdb.DuckDBPyConnection | None = None
        self._made = MadePaths()

    @property
    def display(self) -> str:
        return f"DuckDB file {self.shown(self.path)}"

    def name_key(self, name: str) -> str:
        return name.lower()

    def native_type(self, column: Column, table: Table | None) -> str:
        return native(column.type)

    def inspect(self, tables: Collection[str]) -> Schema:
        wanted = {self.name_key(name) for name in tables}
        columns: dict[str, list[Column]] = {}
        found, keys = self._ask(_COLUMNS, _KEYS)
        for table, name, text, required, default in found:
            if self.name_key(table) in wanted:
                column = Column(
                    name=name,
                    type=neutral(text),
                    required=required,
                    default=default_of(default),
                    native=text,
                )
                columns.setdefault(table, []).append(column)
        return Schema(tables=tuple(_table(name, columns[name], keys) for name in columns))

    def refuse_rewriting(self, tables: set[str]) -> None:
        found, indexes = self._ask(_TABLES, "SELECT DISTINCT table_name FROM duckdb_indexes()")
        odd = {name: "an index" for (name,) in indexes}
        odd |= {name: words[1] for name, sql in found if (words := _ODD.search(sql))}
        for name in tables & odd.keys():
            raise UnsupportedChange(
                f"{name} has {odd[name]} in DuckDB, which this backend would lose",
                hint="drop it there first, and make it again afterwards",
            )

    def create_table(self, table: Table) -> None:
        parts = [_column_sql(column) for column in table.columns]
        if table.key:
            parts.append(f"PRIMARY KEY ({quoted(*table.key)})")
        parts += [f"UNIQUE ({quoted(*unique.columns)})" for unique in table.unique]
        self._execute(f"CREATE TABLE {quoted(table.name)} ({', '.join(parts)})")

    def drop_table(self, name: str) -> None:
        self._execute(f"DROP TABLE {quoted(name)}")

    def read(self, table: Table) -> Iterable[dict[str, Any]]:
        odd = {c.name: "::VARCHAR" for c in table.columns if c.type.kind == "native"}
        asked = ", ".join(quoted(c.name) + odd.get(c.name, "") for c in table.columns)
        (rows,) = self._ask(f"SELECT {asked} FROM {quoted(table.name)} ORDER BY rowid")
        for row in rows:
            cells = zip(row, table.columns, strict=True)
            yield {column.name: read_value(value, column) for value, column in cells}

    def write(self, table: Table, rows: Iterable[Row]) -> None:
        values = [[written(row[c.name], c) for c in table.columns] for row in rows]
        marks = f"({', '.join('?' * len(table.columns))})"
        into = (
            f"INSERT INTO {quoted(table.name)} ({quoted(*(c.name for c in table.columns))}) VALUES "
        )
        for start in range(0, len(values), _CHUNK):
            chunk = values[start : start + _CHUNK]
            given = [value for row in chunk for value in row]
            self._execute(into + ", ".join([marks] * len(chunk)), given)

    def update(self, table: Table, where: Condition, values: Row) -> int:
        live = self.there(table)
        if not compares_alike(where, live, table) or not values:
            return super().update(table, where, values)
        new = self.stored(live, table, values)
        given = [
            written(value, live.column(name) or live.columns[0]) for name, value in new.items()
        ]
        sets = ", ".join(f"{quoted(name)} = ?" for name in new)
        return self._change(f"UPDATE {quoted(live.name)} SET {sets}", where, given)

    def delete(self, table: Table, where: Condition) -> int:
        live = self.there(table)
        if not compares_alike(where, live, table):
            return super().delete(table, where)
        return self._change(f"DELETE FROM {quoted(live.name)}", where, [])

    def _change(self, what: str, where: Condition, given: list[Any]) -> int:
        sql, values = condition_sql(where)
        ((count,),) = self._execute(f"{what} WHERE {sql}", [*given, *values])
        return int(count)

    def begin(self, lock_timeout: float) -> None:
        self._made.make_folder(self.path.parent)
        try:
            self._unit, new = self._connect(lock_timeout, read_only=False)
            _OPEN.add(self.path)
            if new and self._ask("SELECT 1 FROM duckdb_tables()") == [[]]:
                self._made.add(self.path, self.path.with_name(f"{self.path.name}.wal"))
            self._execute("BEGIN")
        except BaseException:
            self.rollback()
            raise

    def commit(self) -> None:
        self._execute("COMMIT")
        self._made.keep()
        self.rollback()

    def rollback(self) -> None:
        unit, self._unit = self._unit, None
        if unit is not None:
            unit.close()  # which undoes what was not committed
            _OPEN.discard(self.path)
        self._made.remove()

    def _connect(
        self, patience: float, *, read_only: bool
    ) -> tuple[duckdb.DuckDBPyConnection, bool]:
        """A connection, and whether the file is new by it; LockTimeout while others hold it."""

        def attempt() -> tuple[duckdb.DuckDBPyConnection, bool]:
            new = not self.path.exists()
            if self.path in _OPEN:
                raise Held("this process has it open already")
            try:
                return duckdb.connect(str(self.path), read_only=read_only), new
            except duckdb.Error as error:
                text = _said(error)
                if isinstance(error, duckdb.ConnectionException) or "Could not set lock" in text:
                    raise Held(text) from None
                raise Unreachable(f"{self.display} cannot be opened: {text}") from None

        return patiently(self.display, patience, attempt)

    @contextmanager
    def reading(self) -> Iterator[None]:
        if self._unit or self._reader or not self.path.exists():
            yield
            return
        self._reader, _ = self._connect(self.target.lock_timeout, read_only=True)
        try:
            yield
        finally:
            self._reader.close()
            self._reader = None

    def _ask(self, *queries: str) -> list[list[tuple[Any, ...]]]:
        """What queries give; nothing while there is no file."""
        with self.reading(), _told(self.display):
            connection = self._unit or self._reader
            return [connection.execute(q).fetchall() if connection else [] for q in queries]

    def _execute(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        if self._unit is None:
            raise StoreError(f"{self.display} is changed outside a unit of work")
        with _told(self.display):
            return self._unit.execute(sql, values).fetchall()


def _said(error: duckdb.Error) -> str:
    return str(error).partition("\n")[0]


@contextmanager
def _told(display: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise StoreError(f"{display}: {_said(error)}") from error


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


def _column_sql(column: Column) -> str:
    default = column.default
    stored = f" DEFAULT {default_sql(default)}" if default and default.stored else ""
    required = " NOT NULL" if column.required else ""
    return f"{quoted(column.name)} {column.native or native(column.type)}{stored}{required}"
