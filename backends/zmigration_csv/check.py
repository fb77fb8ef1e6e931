"""A check's SQL condition, judged over the rows of a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zmigration_api import Check, Column, ColumnType, StoreError, Table
from zmigration_api.checks import failing_rows as failing

from .files import CsvFile
from .typed import value_or_text


def failing_rows(file: CsvFile, table: Table, check: Check) -> Iterator[int]:
    """The numbers (from 1) of the rows that make the condition false."""
    columns = _columns(file.header().names, table)

    def rows() -> Iterator[list[tuple[Any, Column]]]:
        for record in file.rows():
            yield [(value_or_text(record.cells[at], c.type), c) for at, c in columns]

    try:
        names = [column for _, column in columns]
        yield from failing(table.name, names, rows(), check.expression, check.name)
    except StoreError as error:
        if error.file is not None:
            raise
        raise file.error(error.message.removeprefix(f"{table.name}: "), hint=error.hint) from None


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
