"""Finding rows by the columns that tell them apart, and refusing two that are alike in these."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from zmigration_api import AllOf, Compare, Condition, Row, Table

from .rows import RowReader
from .sheet import Sheet

Numbered: TypeAlias = tuple[int, list[bytes]]
Names: TypeAlias = tuple[str, ...]
_FEW = 1000
"""Values; so many are looked up one by one."""
_IN_MEMORY = 200_000
"""Rows; the places of so many are kept in memory, where finding one takes no time."""


class Keys:
    """The primary key and the unique constraints of a table, with an index for each.

    An index is made when it is first needed. It holds hashes, and entries of what rows were: what
    it finds is to be looked at.
    """

    def __init__(self, sheet: Sheet, table: Table) -> None:
        self._sheet = sheet
        self._table = table
        self._all = keys_of(table)
        self._readers: dict[Names, RowReader] = {}
        self._header = sheet.header
        self._places: dict[str, dict[Any, int] | None] = {}
        sheet.drop_indexes()

    def candidates(self, where: Condition) -> list[Numbered] | None:
        """All rows that can meet the condition, and others; None if that is any row."""
        asked = _asked(where)
        names = _key_asked(asked, self._all)
        if names is None:
            return None
        if len(names) == 1:
            return self._under(names, {hash(value) for value in asked[names[0]]})
        return self._under(names, {hash(tuple(asked[name][0] for name in names))})

    def place(self, where: Condition) -> Sequence[int] | None:
        """The row that meets a condition which says a key and no more; None if not so simple."""
        if not isinstance(where, Compare) or where.operator != "eq" or where.value is None:
            return None
        places = self._places.get(where.column)
        if places is None:
            if where.column in self._places or (where.column,) not in self._all:
                return None
            places = self._places[where.column] = self._found_places(where.column)
            if places is None:
                return None
        number = places.get(where.value)
        return () if number is None else (number,)

    def forget_places(self) -> None:
        """Rows went or got other keys: from now on, only what is on disk is asked."""
        self._places = dict.fromkeys(self._places)

    def _found_places(self, name: str) -> dict[Any, int] | None:
        """Where each value is; None for too many, and for one that is in two rows."""
        places: dict[Any, int] = {}
        for count, (number, cells) in enumerate(self._sheet.rows(), 1):
            value = self._read((name,), number, cells)[name]
            if count > _IN_MEMORY or value in places:
                return None
            if value is not None:
                places[value] = number
        return places

    def among(self, changed: Iterable[str]) -> list[Names]:
        """The keys that have one of these columns."""
        columns = set(changed)
        return [names for names in self._all if not columns.isdisjoint(names)]

    def refuse_new(self, rows: Sequence[Row]) -> None:
        """StoreError if one of the rows cannot be added."""
        for names in self._all:
            self._refuse(names, (self._of_values(names, row) for row in rows), ())

    def change(self, keys: list[Names], rows: list[Numbered], values: Row) -> None:
        """These rows are to get these values; StoreError if they cannot."""
        numbers = {number: None for number, _ in rows}
        for names in keys:
            after = ({**self._read(names, *row), **values} for row in rows)
            new = [self._of_values(names, row) for row in after]
            self._refuse(names, new, numbers)
            for number, key in zip(numbers, new, strict=True):
                if key is not None:
                    self._sheet.add_to_index(repr(names), _hash(key), number)
        self.forget_places()

    def remember(self, number: int, values: Row) -> None:
        """A row that was added."""
        for names in self._all:
            key = self._of_values(names, values)
            if key is not None:
                self._sheet.add_to_index(repr(names), _hash(key), number)
        for name, places in self._places.items():
            if places is not None and values[name] is not None:
                places[values[name]] = number
                if len(places) > _IN_MEMORY:
                    self._places[name] = None

    def _refuse(
        self, names: Names, keys: Iterable[tuple[Any, ...] | None], own: Collection[int]
    ) -> None:
        taken = set()
        for key in keys:
            if key is None:
                continue
            if key in taken or any(n not in own for n, _ in self._holders(names, key)):
                what = "key" if names == self._table.key else ", ".join(names)
                text = ", ".join(map(str, key))
                raise self._sheet.file.error(f"there is a row with the {what} {text} already")
            taken.add(key)

    def _holders(self, names: Names, key: tuple[Any, ...]) -> list[Numbered]:
        rows = self._under(names, (_hash(key),))
        return [row for row in rows if tuple(self._read(names, *row).values()) == key]

    def _under(self, names: Names, hashes: Collection[int]) -> list[Numbered]:
        sheet, index = self._sheet, repr(names)
        if not sheet.has_index(index):
            sheet.make_index(index, self._entries(names))
        if len(hashes) == 1:
            return sheet.indexed(index, *hashes)
        return sorted(row for one in hashes for row in sheet.indexed(index, one))

    def _entries(self, names: Names) -> Iterator[tuple[int, int]]:
        for number, cells in self._sheet.rows():
            key = self._of_values(names, self._read(names, number, cells))
            if key is not None:
                yield _hash(key), number

    def _of_values(self, names: Names, values: Row) -> tuple[Any, ...] | None:
        """The key, None if a part of it is null; so is an empty text in a CSV file."""
        key = tuple(values[name] for name in names)
        return None if None in key or "" in key else key

    def _read(self, names: Names, number: int, cells: list[bytes]) -> dict[str, Any]:
        sheet = self._sheet
        if self._header is not sheet.header:
            self._header, self._readers = sheet.header, {}
        read = self._readers.get(names)
        if read is None:
            read = RowReader(sheet.file, sheet.header, self._table, names)
            self._readers[names] = read
        return read(number, cells)


def keys_of(table: Table) -> list[Names]:
    """The columns that tell rows apart: of the primary key and of each unique constraint."""
    unique = (constraint.columns for constraint in table.unique)
    return [names for names in (table.key, *unique) if _usable(table, names)]


def by_key(where: Condition, table: Table) -> bool:
    """Whether a condition asks for a few rows by a key of theirs."""
    return _key_asked(_asked(where), keys_of(table)) is not None


def _usable(table: Table, names: Names) -> bool:
    columns = [table.column(name) for name in names]
    return bool(columns) and all(c is not None and c.type.kind != "json" for c in columns)


def _key_asked(asked: dict[str, tuple[Any, ...]], keys: list[Names]) -> Names | None:
    for names in keys:
        single = len(names) == 1 and names[0] in asked
        if single or all(len(asked.get(name, ())) == 1 for name in names):
            return names
    return None


def _hash(key: tuple[Any, ...]) -> int:
    return hash(key[0] if len(key) == 1 else key)


def _asked(where: Condition) -> dict[str, tuple[Any, ...]]:
    """The few values that a condition leaves to a column."""
    if isinstance(where, Compare):
        parts: tuple[Condition, ...] = (where,)
    else:
        parts = where.parts if isinstance(where, AllOf) else ()
    asked: dict[str, tuple[Any, ...]] = {}
    for part in parts:
        if not isinstance(part, Compare):
            continue
        if part.operator == "eq" and part.value is not None:
            asked[part.column] = (part.value,)
        elif part.operator == "in" and len(part.value) <= _FEW:
            asked.setdefault(part.column, part.value)
    return asked
