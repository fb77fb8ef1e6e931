"""Stores as they are: read and written with csv, sqlite3 and psycopg, by none of our code."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date, datetime, time
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

_CELL = re.compile(r'("(?:[^"]|"")*"|[^,\r\n]*)(,|\r\n|\n|\r|\Z)')


class Store(Protocol):
    """One place where data lives, seen from outside."""

    backend: str
    url: str

    def do(self, commands: Any) -> None:
        """Raw changes: SQL statements, or file names with their texts."""
        ...

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None: ...

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Every row, raw, in the order of the file or of the first column."""
        ...

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns; none if it is not there."""
        ...

    def ask(self, query: str) -> list[list[Any]]: ...

    def refuses(self, statement: str) -> bool:
        """Whether the store itself refuses the statement; nothing is kept of it."""
        ...

    def snapshot(self, *, sequences: bool) -> object:
        """Everything that the store holds, apart from files in the app's folder.

        Without `sequences` the next number of a serial column is left out: no rollback of
        PostgreSQL's takes one back that was given out.
        """
        ...


class CsvStore:
    """A folder of CSV files."""

    backend = "csv"
    url = "@.Data"

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "Data"

    def file(self, table: str) -> Path:
        return self.folder / f"{table}.csv"

    def do(self, commands: Mapping[str, str | None]) -> None:
        self.folder.mkdir(exist_ok=True)
        for name, text in commands.items():
            if text is None:
                (self.folder / name).unlink()
            else:
                (self.folder / name).write_bytes(text.encode())

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        header = self.columns(table)
        with self.file(table).open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            for row in rows:
                unknown = set(row) - set(header)
                assert not unknown, f"{table}.csv has no {unknown}"
                writer.writerow([_text(row.get(name)) for name in header])

    def rows(self, table: str) -> list[dict[str, Any]]:
        text = self.file(table).read_bytes().decode("utf-8-sig")
        reader = csv.DictReader(StringIO(text), strict=True)
        rows = [dict(row) for row in reader]
        assert all(None not in row and None not in row.values() for row in rows), "ragged"
        return rows

    def columns(self, table: str) -> list[str]:
        if not self.file(table).exists():
            return []
        text = self.file(table).read_bytes().decode("utf-8-sig")
        return next(csv.reader(StringIO(text)), [])

    def raw_cells(self, table: str) -> dict[str, list[str]]:
        """The cells of each column with their quotes, as they stand in the file."""
        text = self.file(table).read_bytes().decode("utf-8-sig")
        lines: list[list[str]] = [[]]
        for cell, end in _CELL.findall(text):
            lines[-1].append(cell)
            if end != ",":
                lines.append([])
        lines = [line for line in lines if line and line != [""]]
        return {str(cells[0]).strip('"'): list(cells[1:]) for cells in zip(*lines, strict=True)}

    def ask(self, query: str) -> list[list[Any]]:
        raise AssertionError("a folder answers no queries")

    def refuses(self, statement: str) -> bool:
        return True  # a folder refuses nothing; the schema is kept by migrations and the app

    def snapshot(self, *, sequences: bool) -> object:
        return None  # all of it is in the app's folder


class SqliteStore:
    """A SQLite file."""

    backend = "sqlite"
    url = "@.Data"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "Data" / "data.db"

    def _connect(self) -> closing[sqlite3.Connection]:
        connection = sqlite3.connect(self.path)
        connection.execute("PRAGMA foreign_keys=ON")
        return closing(connection)

    def do(self, commands: Sequence[str]) -> None:
        self.path.parent.mkdir(exist_ok=True)
        with self._connect() as connection:
            for statement in commands:
                connection.execute(statement)
            connection.commit()

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        with self._connect() as connection:
            connection.execute("PRAGMA foreign_keys=OFF")
            for row in rows:
                names = ", ".join(map(_quoted, row))
                marks = ", ".join("?" for _ in row)
                values = [_for_sqlite(value) for value in row.values()]
                connection.execute(
                    f"INSERT INTO {_quoted(table)} ({names}) VALUES ({marks})", values
                )
            connection.commit()

    def rows(self, table: str) -> list[dict[str, Any]]:
        names = ", ".join(map(_quoted, self.columns(table)))
        with self._connect() as connection:
            found = connection.execute(f"SELECT {names} FROM {_quoted(table)} ORDER BY 1")
            titles = [item[0] for item in found.description]
            return [dict(zip(titles, row, strict=True)) for row in found]

    def columns(self, table: str) -> list[str]:
        if not self.path.exists():
            return []
        with self._connect() as connection:
            found = connection.execute(f"PRAGMA table_xinfo({_quoted(table)})")
            return [row[1] for row in found]

    def ask(self, query: str) -> list[list[Any]]:
        with self._connect() as connection:
            return [list(row) for row in connection.execute(query)]

    def refuses(self, statement: str) -> bool:
        with self._connect() as connection:
            try:
                connection.execute(statement)
            except sqlite3.IntegrityError:
                return True
            connection.rollback()
            return False

    def snapshot(self, *, sequences: bool) -> object:
        return None  # all of it is in the app's folder


class PostgresStore:
    """A PostgreSQL database."""

    backend = "postgresql"

    def __init__(self, dsn: str) -> None:
        self.url = dsn

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.url)

    def do(self, commands: Sequence[str]) -> None:
        with self._connect() as connection:
            for statement in commands:
                connection.execute(statement.encode())

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        with self._connect() as connection:
            for row in rows:
                query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                    sql.Identifier(table.lower()),
                    sql.SQL(", ").join(sql.Identifier(name.lower()) for name in row),
                    sql.SQL(", ").join(sql.Placeholder() for _ in row),
                )
                connection.execute(query, [_for_postgres(value) for value in row.values()])

    def rows(self, table: str) -> list[dict[str, Any]]:
        query = sql.SQL("SELECT * FROM {} ORDER BY 1").format(sql.Identifier(table.lower()))
        with self._connect() as connection:
            found = connection.execute(query)
            titles = [column.name for column in found.description or ()]
            return [dict(zip(titles, row, strict=True)) for row in found]

    def columns(self, table: str) -> list[str]:
        query = (
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position"
        )
        with self._connect() as connection:
            return [row[0] for row in connection.execute(query, [table.lower()])]

    def ask(self, query: str) -> list[list[Any]]:
        with self._connect() as connection:
            return [list(row) for row in connection.execute(query.encode())]

    def refuses(self, statement: str) -> bool:
        with self._connect() as connection:
            try:
                connection.execute(statement.encode())
            except psycopg.errors.IntegrityError:
                return True
            finally:
                connection.rollback()
            return False

    def snapshot(self, *, sequences: bool) -> object:
        """What pg_dump would say: the catalogue, the sequences, and every row as text."""
        with self._connect() as connection:
            catalogue = [connection.execute(query).fetchall() for query in _CATALOGUE]
            kinds = "('r', 'S')" if sequences else "('r')"
            query = (
                f"SELECT relname FROM pg_class WHERE relkind IN {kinds}"
                " AND relnamespace = 'public'::regnamespace ORDER BY 1"
            )
            names = connection.execute(query.encode()).fetchall()
            rows = {name: _all_rows(connection, name) for (name,) in names}
        return catalogue, rows


_CATALOGUE: tuple[Any, ...] = (
    "SELECT relname, relkind::text, obj_description(oid) FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
    "SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull,"
    " pg_get_expr(adbin, adrelid), attidentity::text, attgenerated::text"
    " FROM pg_attribute JOIN pg_class c ON c.oid = attrelid"
    " LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
    " WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped"
    " ORDER BY 1, attnum",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid FROM pg_index"
    " JOIN pg_class c ON c.oid = indrelid WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
    "SELECT datname FROM pg_database WHERE datname = current_database()",
)


def _all_rows(connection: psycopg.Connection[tuple[Any, ...]], name: str) -> list[tuple[Any, ...]]:
    query = sql.SQL("SELECT row(t.*)::text FROM {} t ORDER BY 1").format(sql.Identifier(name))
    return connection.execute(query).fetchall()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: Any) -> str:
    """A value as zCLI's CSV files have it."""
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, bytes):
        return value.decode()
    return str(value)


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value) if isinstance(value, date | datetime | time) else value


def _for_postgres(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict | list) else value


def seen(raw: Any, expected: Any) -> Any:
    """`expected` where the raw value says the same in its store's way, else the raw value."""
    if isinstance(raw, str) and raw == "" and expected is None:
        return None
    try:
        same = _same(raw, expected)
    except (ValueError, TypeError, ArithmeticError):
        same = False
    return expected if same else raw


def _same(raw: Any, expected: Any) -> bool:
    match expected:
        case bool():
            words = {"true": True, "false": False, "1": True, "0": False}
            return words.get(str(raw).lower()) is expected
        case int():
            is_text = isinstance(raw, str) and re.fullmatch(r"-?\d+(\.0+)?", raw)
            return bool(type(raw) is int or is_text) and int(str(raw).partition(".")[0]) == expected
        case float():
            return type(raw) in (float, str) and float(raw) == expected
        case Decimal():
            return Decimal(str(raw)) == expected
        case datetime() | date() | time():
            return str(raw).replace("T", " ") == str(expected)
        case dict() | list():
            return bool((json.loads(raw) if isinstance(raw, str) else raw) == expected)
        case bytes():
            return (raw.encode() if isinstance(raw, str) else bytes(raw)) == expected
        case str():
            return str(raw) == expected and raw is not None
        case _:
            return bool(expected == raw)
