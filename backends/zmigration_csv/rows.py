"""Rows of typed values, for hooks and for the history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from zmigration_api import (
    AllOf,
    AnyOf,
    Column,
    Compare,
    Condition,
    Order,
    Row,
    StoreError,
    Table,
    matches,
)

from .files import CsvFile, Header
from .fill import default_value
from .sheet import Sheet
from .typed import cell_of, shown, value_of


class RowReader:
    """Reads the cells of one file's rows as values; a column that the file lacks is null."""

    def __init__(self, file: CsvFile, header: Header, table: Table, names: Iterable[str]) -> None:
        self._file = file
        places = {name: position for position, name in enumerate(header.names)}
        columns = [column_of(file, table, name) for name in dict.fromkeys(names)]
        self._columns = [(c.name, places.get(c.name), c.type) for c in columns]

    def __call__(self, line: int, cells: list[bytes]) -> dict[str, Any]:
        """The row of these cells; StoreError names a cell that is no value of its type."""
        row = {}
        for name, place, column_type in self._columns:
            try:
                row[name] = None if place is None else value_of(cells[place], column_type)
            except ValueError as error:
                raise self._file.error(
                    f"{name} {shown(cells[place or 0])!r} {error}",
                    line,
                    f"the schema says {column_type}; mend the value or the schema",
                ) from None
        return row


def column_of(file: CsvFile, table: Table, name: str) -> Column:
    """The column of that name; StoreError if the table has none."""
    column = table.column(name)
    if column is None:
        raise file.error(f"{table.name} has no column {name!r}")
    return column


def select(
    source: Iterable[tuple[int, list[bytes]]],
    file: CsvFile,
    header: Header,
    table: Table,
    where: Condition,
    columns: Sequence[str] | None,
    order: Order,
    limit: int | None,
    offset: int,
) -> Iterator[dict[str, Any]]:
    """The rows of `source` that are asked for. Without an order nothing is held in memory."""
    wanted = [c.name for c in table.columns] if columns is None else list(columns)
    names = (*wanted, *_names(where), *(name for name, _ in order))
    read = RowReader(file, header, table, names)
    rows = (row for row in (read(*record) for record in source) if matches(where, row))
    ordered = _sorted(rows, order, file) if order else rows
    stop = None if limit is None else offset + limit
    for row in islice(ordered, offset, stop):
        yield {name: row[name] for name in wanted}


def _sorted(rows: Iterator[dict[str, Any]], order: Order, file: CsvFile) -> Iterator[Any]:
    """Null is less than every value, whichever the direction."""
    result = list(rows)
    try:
        for name, direction in reversed(order):
            result.sort(key=lambda row: _rank(row[name]), reverse=direction == "desc")
    except TypeError:
        raise file.error(f"the values of {name} have no order") from None
    return iter(result)


def _rank(value: object) -> tuple[Any, ...]:
    return (False,) if value is None else (True, value)


def _names(condition: Condition) -> Iterator[str]:
    if isinstance(condition, Compare):
        yield condition.column
    else:
        for part in condition.parts:
            yield from _names(part)


class TableRows:
    """The rows of one table, being changed by a hook.

    Rows are found by primary key through an index, made when the first condition asks for it.
    """

    def __init__(self, sheet: Sheet, table: Table) -> None:
        self.sheet = sheet
        self.table = table
        self._by_key: dict[tuple[Any, ...], list[int]] | None = None
        self._last_id: int | None = None

    def select(
        self,
        where: Condition,
        columns: Sequence[str] | None,
        order: Order,
        limit: int | None,
        offset: int,
    ) -> Iterator[dict[str, Any]]:
        """As the store's `select`; sees every change made so far."""
        sheet = self.sheet
        return select(
            self._candidates(where),
            sheet.file,
            sheet.header,
            self.table,
            where,
            columns,
            order,
            limit,
            offset,
        )

    def insert(self, rows: Iterable[Row], now: datetime) -> int:
        """Add rows; all of them or, if one is refused, none. How many it were."""
        return len(self.added(rows, now))

    def added(self, rows: Iterable[Row], now: datetime) -> list[dict[str, Any]]:
        """Add rows; they come back with the values that they got."""
        missing = [c.name for c in self.table.columns if c.name not in self.sheet.header.names]
        self.sheet.add_columns(missing)
        new = [self._complete(row, now) for row in rows]
        for values, cells in self._with_new_keys(new):
            self._remember(values, self.sheet.append(cells))
        return new

    def update(self, where: Condition, values: Row) -> int:
        """Change the rows that meet the condition; how many it were."""
        sheet, table = self.sheet, self.table
        new = {name: self._cell(name, value) for name, value in values.items()}
        sheet.add_columns(name for name in new if name not in sheet.header.names)
        places = {sheet.header.names.index(name): cell for name, cell in new.items()}
        changed = self._matching(where)
        for number in changed:
            cells = sheet.cells(number) or []
            for place, cell in places.items():
                cells[place] = cell
            sheet.replace(number, cells)
        if any(name in table.key for name in values):
            self._by_key = self._last_id = None
        return len(changed)

    def delete(self, where: Condition) -> int:
        """Remove the rows that meet the condition; how many it were."""
        gone = self._matching(where)
        for number in gone:
            self.sheet.delete(number)
        return len(gone)

    def _matching(self, where: Condition) -> list[int]:
        sheet = self.sheet
        read = RowReader(sheet.file, sheet.header, self.table, _names(where))
        rows = self._candidates(where)
        return [number for number, cells in rows if matches(where, read(number, cells))]

    def _candidates(self, where: Condition) -> Iterator[tuple[int, list[bytes]]]:
        wanted = _key_values(where, self.table.key)
        if wanted is None or not self._hashable_key():
            yield from self.sheet.rows()
            return
        for number in self._index().get(wanted, ()):
            cells = self.sheet.cells(number)
            if cells is not None:
                yield number, cells

    def _hashable_key(self) -> bool:
        columns = map(self.table.column, self.table.key)
        return all(column is not None and column.type.kind != "json" for column in columns)

    def _index(self) -> dict[tuple[Any, ...], list[int]]:
        if self._by_key is None:
            self._by_key = {}
            sheet = self.sheet
            read = RowReader(sheet.file, sheet.header, self.table, self.table.key)
            for number, cells in sheet.rows():
                self._remember(read(number, cells), number)
        return self._by_key

    def _remember(self, values: Row, number: int) -> None:
        if self._by_key is not None and self._hashable_key():
            key = tuple(values[name] for name in self.table.key)
            self._by_key.setdefault(key, []).append(number)

    def _complete(self, row: Row, now: datetime) -> dict[str, Any]:
        for name in row:
            column_of(self.sheet.file, self.table, name)
        given = set(row)
        values = {
            column.name: row[column.name] if column.name in given else self._default(column, now)
            for column in self.table.columns
        }
        serial = self._serial()
        if serial:
            values[serial] = self._counted(values[serial])
        return values

    def _with_new_keys(self, rows: list[dict[str, Any]]) -> list[tuple[Row, list[bytes]]]:
        """The rows with their cells, once it is sure that no key is there twice."""
        key, taken = self.table.key, set()
        if key and self._hashable_key():
            for values in rows:
                wanted = tuple(values[name] for name in key)
                there = any(self.sheet.cells(n) for n in self._index().get(wanted, ()))
                if there or wanted in taken:
                    text = ", ".join(map(str, wanted))
                    raise self.sheet.file.error(f"there is a row with the key {text} already")
                taken.add(wanted)
        return [(values, self._cells(values)) for values in rows]

    def _cells(self, values: Row) -> list[bytes]:
        names = self.sheet.header.names
        return [self._cell(name, values[name]) if name in values else b"" for name in names]

    def _cell(self, name: str, value: Any) -> bytes:  # noqa: ANN401
        file = self.sheet.file
        column = column_of(file, self.table, name)
        try:
            cell = cell_of(value, column.type, file.delimiter)
        except ValueError as error:
            raise file.error(f"{name} {value!r} {error}") from None
        if not cell and (column.required or name in self.table.key):
            what = "null" if value is None else "an empty text, which is null in a CSV file"
            raise file.error(f"{name} is required and cannot be {what}")
        return cell

    def _default(self, column: Column, now: datetime) -> Any:  # noqa: ANN401
        try:
            return default_value(column.default, column.type, now)
        except ValueError as error:
            raise StoreError(f"{column.name} {error}") from None

    def _serial(self) -> str | None:
        """The integer primary key, which counts by itself."""
        if len(self.table.key) != 1:
            return None
        column = self.table.column(self.table.key[0])
        return column.name if column and column.type.kind in ("int", "bigint") else None

    def _counted(self, given: int | None) -> int:
        """The id of a new row: the one that is given, else the next one."""
        if self._last_id is None:
            self._last_id = max((key[0] for key in self._index() if key[0] is not None), default=0)
        used = self._last_id + 1 if given is None else given
        self._last_id = max(self._last_id, used)
        return used


def _key_values(where: Condition, key: tuple[str, ...]) -> tuple[Any, ...] | None:
    """The key that a condition asks for, if it asks for exactly one."""
    parts = where.parts if isinstance(where, AllOf) else (where,)
    if isinstance(where, AnyOf) or not key:
        return None
    equal = {p.column: p.value for p in parts if isinstance(p, Compare) and p.operator == "eq"}
    if not all(equal.get(name) is not None for name in key):
        return None
    return tuple(equal[name] for name in key)
