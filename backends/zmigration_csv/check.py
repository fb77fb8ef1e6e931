"""A check's SQL condition, judged by SQLite over batches of rows in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from itertools import islice
from typing import Any

from zmigration_api import Check, Column, ColumnType, StoreError, Table
from zmigration_api.types import TypeKind
from zmigration_api.values import format_value

from .files import CsvFile
from .typed import value_or_text

_BATCH = 2_000
_AFFINITY: dict[TypeKind, str] = {
    "int": "INTEGER",
    "bigint": "INTEGER",
    "bool": "INTEGER",
    "float": "REAL",
    "decimal": "NUMERIC",
    "blob": "BLOB",
}


def failing_rows(file: CsvFile, table: Table, check: Check) -> Iterator[int]:
    """The numbers (from 1) of the rows that make the condition false."""
    columns = _columns(file.header().names, table)
    try:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            yield from _failing(connection, file, table.name, columns, check)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise file.error(
            f"the check {check.name} cannot be evaluated: {error}",
            hint=f"its condition is {check.expression}",
        ) from None


def _failing(
    connection: sqlite3.Connection,
    file: CsvFile,
    table: str,
    columns: list[tuple[int, Column]],
    check: Check,
) -> Iterator[int]:
    definitions = ", ".join(
        f"{_quoted(column.name)} {_AFFINITY.get(column.type.kind, 'TEXT')}" for _, column in columns
    )
    name, marks = _quoted(table), ", ".join("?" * (len(columns) + 1))
    connection.execute(f"CREATE TABLE {name} (zmigration_row INTEGER PRIMARY KEY, {definitions})")
    rows = enumerate(file.rows(), 1)
    while batch := list(islice(rows, _BATCH)):
        connection.execute(f"DELETE FROM {name}")
        values = [
            (number, *(_sql_value(record.cells[place], column.type) for place, column in columns))
            for number, record in batch
        ]
        connection.executemany(f"INSERT INTO {name} VALUES ({marks})", values)
        found = f"SELECT zmigration_row FROM {name} WHERE NOT ({check.expression}) ORDER BY 1"
        yield from (row[0] for row in connection.execute(found).fetchall())


def _columns(names: tuple[str, ...], table: Table) -> list[tuple[int, Column]]:
    """The file's columns with their types; of two that SQL takes for one, the schema's."""
    text = ColumnType(kind="text")
    known = {name: column for name in names if (column := table.column(name))}
    taken = {name.lower() for name in known}
    result = []
    for place, name in enumerate(names):
        if name in known or name.lower() not in taken:
            result.append((place, known.get(name) or Column(name=name, type=text)))
            taken.add(name.lower())
    return result


def _sql_value(cell: bytes, column_type: ColumnType) -> Any:  # noqa: ANN401
    value = value_or_text(cell, column_type)
    if value is None or isinstance(value, str | int | float | bytes):
        return value
    return str(value) if isinstance(value, Decimal) else format_value(value, column_type)


def _quoted(name: str) -> str:
    if "\0" in name:
        raise StoreError(f"the name {name!r} cannot stand in SQL")
    return '"' + name.replace('"', '""') + '"'
