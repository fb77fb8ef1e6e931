"""The rows of one table while a hook changes them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from zmigration_api import EVERYTHING, Column, Condition, Order, Row, StoreError, Table

from .fill import default_value
from .keys import Keys, Names, Numbered
from .rows import RowReader, column_of, found, select
from .sheet import Sheet
from .typed import cell_of


class TableRows:
    """One table's rows; those asked for by key are found without a look at the others."""

    def __init__(self, sheet: Sheet, table: Table) -> None:
        self.sheet = sheet
        self.table = table
        self._keys = Keys(sheet, table)
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
        sheet, source = self.sheet, self._candidates(where)
        file, header = sheet.file, sheet.header
        return select(source, file, header, self.table, where, columns, order, limit, offset)

    def count(self, where: Condition) -> int:
        """How many rows meet the condition."""
        if where == EVERYTHING:
            return self.sheet.count()
        return sum(1 for _ in self._found(where))

    def insert(self, rows: Iterable[Row], now: datetime) -> int:
        """Add rows; all of them or, if one is refused, none. How many it were."""
        return len(self.added(rows, now))

    def added(self, rows: Iterable[Row], now: datetime) -> list[dict[str, Any]]:
        """Add rows; they come back with the values that they got."""
        self._add_columns(column.name for column in self.table.columns)
        new = [self._complete(row, now) for row in rows]
        self._keys.refuse_new(new)
        cells = [self._cells(values) for values in new]
        for values, row in zip(new, cells, strict=True):
            self._keys.remember(self.sheet.append(row), values)
        return new

    def update(self, where: Condition, values: Row) -> int:
        """Change the rows that meet the condition; how many it were."""
        new = {name: self._cell(name, value) for name, value in values.items()}
        self._add_columns(new)
        keys = self._keys.among(new)
        changed = self._matching(where)
        if keys:
            changed = self._rekeyed(keys, changed, values)
        names = self.sheet.header.names
        places = [(names.index(name), cell) for name, cell in new.items()]
        for number in changed:
            self.sheet.change(number, places)
        return len(changed)

    def _rekeyed(self, keys: list[Names], changed: Sequence[int], values: Row) -> list[int]:
        """The same rows, after a proof that they can have these values."""
        cells = ((number, self.sheet.cells(number)) for number in changed)
        rows = [(number, row) for number, row in cells if row is not None]
        self._keys.change(keys, rows, values)
        self._last_id = None
        return [number for number, _ in rows]

    def delete(self, where: Condition) -> int:
        """Remove the rows that meet the condition; how many it were."""
        gone = self._matching(where)
        for number in gone:
            self.sheet.delete(number)
        if gone:
            self._keys.forget_places()
        return len(gone)

    def _candidates(self, where: Condition) -> Iterable[Numbered]:
        near = self._keys.candidates(where)
        return self.sheet.rows() if near is None else near

    def _found(self, where: Condition) -> Iterable[tuple[int, Sequence[bytes]]]:
        sheet = self.sheet
        return found(self._candidates(where), sheet.file, sheet.header, self.table, where)

    def _matching(self, where: Condition) -> Sequence[int]:
        """The numbers of the rows that meet the condition."""
        place = self._keys.place(where)
        if place is not None:
            return place
        return array("q", (number for number, _ in self._found(where)))

    def _add_columns(self, names: Iterable[str]) -> None:
        there = self.sheet.header.names
        missing = [name for name in names if name not in there]
        if missing:
            self.sheet.add_columns(missing)

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
            self._last_id = self._highest()
        used = self._last_id + 1 if given is None else given
        self._last_id = max(self._last_id, used)
        return used

    def _highest(self) -> int:
        """The highest id there is, 0 without one."""
        sheet, key = self.sheet, self.table.key
        read = RowReader(sheet.file, sheet.header, self.table, key)
        ids = (read(number, cells)[key[0]] for number, cells in sheet.rows())
        return max((id_ for id_ in ids if id_ is not None), default=0)
