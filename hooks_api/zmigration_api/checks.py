"""A check's SQL condition, judged by SQLite over batches of rows in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from itertools import islice
from typing import Any

from .errors import StoreError
from .model import Column
from .types import ColumnType, TypeKind
from .values import format_value

_BATCH = 2_000
_AFFINITY: dict[TypeKind, str] = {
    "int": "INTEGER",
    "bigint": "INTEGER",
    "bool": "INTEGER",
    "float": "REAL",
    "decimal": "NUMERIC",
    "blob": "BLOB",
}


def failing_rows(
    table: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[tuple[Any, Column]]],
    expression: str,
    name: str,
) -> Iterator[int]:
    """The numbers (from 1) of the rows that make the condition of the check `name` false.

    `rows` give each value with the column whose type it has. StoreError for a condition that
    SQLite does not understand.
    """
    try:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            yield from _failing(connection, table, columns, rows, expression)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise StoreError(
            f"{table}: the check {name} cannot be evaluated: {error}",
            hint=f"its condition is {expression}",
        ) from None


def _failing(
    connection: sqlite3.Connection,
    table: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[tuple[Any, Column]]],
    expression: str,
) -> Iterator[int]:
    definitions = ", ".join(
        f"{_quoted(column.name)} {_AFFINITY.get(column.type.kind, 'TEXT')}" for column in columns
    )
    name, marks = _quoted(table), ", ".join("?" * (len(columns) + 1))
    connection.execute(f"CREATE TABLE {name} (zmigration_row INTEGER PRIMARY KEY, {definitions})")
    numbered = enumerate(rows, 1)
    while batch := list(islice(numbered, _BATCH)):
        connection.execute(f"DELETE FROM {name}")
        values = [
            (number, *(_sql_value(value, column.type) for value, column in row))
            for number, row in batch
        ]
        connection.executemany(f"INSERT INTO {name} VALUES ({marks})", values)
        found = f"SELECT zmigration_row FROM {name} WHERE NOT ({expression}) ORDER BY 1"
        yield from (row[0] for row in connection.execute(found).fetchall())


def _sql_value(value: Any, column_type: ColumnType) -> Any:  # noqa: ANN401
    if value is None or isinstance(value, str | int | float | bytes):
        return value
    return str(value) if isinstance(value, Decimal) else format_value(value, column_type)


def _quoted(name: str) -> str:
    if "\0" in name:
        raise StoreError(f"the name {name!r} cannot stand in SQL")
    return '"' + name.replace('"', '""') + '"'
