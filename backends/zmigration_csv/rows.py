"""Rows of typed values, for hooks and for the history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeAlias

from zmigration_api import (
    EVERYTHING,
    Column,
    Compare,
    Condition,
    Order,
    Table,
)
from zmigration_api.where import matcher

from .files import CsvFile, Header
from .sorting import in_order
from .typed import reader, shown

Source: TypeAlias = Iterable[tuple[int, Sequence[bytes]]]
"""Rows: the line or number of each, and its cells."""


class RowReader:
    """Reads the cells of one file's rows as values; a column that the file lacks is null."""

    def __init__(self, file: CsvFile, header: Header, table: Table, names: Iterable[str]) -> None:
        self._file = file
        places = {name: position for position, name in enumerate(header.names)}
        columns = [column_of(file, table, name) for name in dict.fromkeys(names)]
        self._types = {c.name: c.type for c in columns}
        self._columns = [(c.name, places.get(c.name), reader(c.type)) for c in columns]

    def __call__(self, line: int, cells: Sequence[bytes]) -> dict[str, Any]:
        """The row of these cells; StoreError names a cell that is no value of its type."""
        row: dict[str, Any] = {}
        try:
            for name, place, read in self._columns:
                row[name] = None if place is None else read(cells[place])
        except ValueError as error:
            raise self._file.error(
                f"{name} {shown(cells[place or 0])!r} {error}",
                line,
                f"the schema says {self._types[name]}; mend the value or the schema",
            ) from None
        return row


def column_of(file: CsvFile, table: Table, name: str) -> Column:
    """The column of that name; StoreError if the table has none."""
    column = table.column(name)
    if column is None:
        raise file.error(f"{table.name} has no column {name!r}")
    return column


def found(
    source: Source, file: CsvFile, header: Header, table: Table, where: Condition
) -> Iterable[tuple[int, Sequence[bytes]]]:
    """The rows of `source` that meet the condition, of which nothing else is read."""
    if where == EVERYTHING:
        return source
    read, test = RowReader(file, header, table, names_in(where)), matcher(where)
    return (record for record in source if test(read(*record)))


def select(
    source: Source,
    file: CsvFile,
    header: Header,
    table: Table,
    where: Condition,
    columns: Sequence[str] | None,
    order: Order,
    limit: int | None,
    offset: int,
) -> Iterator[dict[str, Any]]:
    """The rows of `source` that are asked for, of which some thousands at most are in memory."""
    wanted = [c.name for c in table.columns] if columns is None else list(columns)
    read = RowReader(file, header, table, (*wanted, *(name for name, _ in order)))
    rows = (read(*record) for record in found(source, file, header, table, where))
    stop = None if limit is None else offset + limit
    if not order:
        yield from islice(rows, offset, stop)
        return
    for row in islice(in_order(rows, order, file), offset, stop):
        yield {name: row[name] for name in wanted}


def names_in(condition: Condition) -> Iterator[str]:
    """The columns that a condition asks about."""
    if isinstance(condition, Compare):
        yield condition.column
    else:
        for part in condition.parts:
            yield from names_in(part)
