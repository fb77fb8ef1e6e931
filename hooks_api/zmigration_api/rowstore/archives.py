"""Archives as tables: their columns, the rows that go into them, and those that come out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from zmigration_api.archive import ROW, Archive
from zmigration_api.model import Column, Table
from zmigration_api.types import ColumnType

from .rework import row_key


def archive_table(archive: Archive, old: Mapping[str, Column], new: Mapping[str, Column]) -> Table:
    """The archive of a table that stays; `old` and `new` are the table's columns by name."""
    columns = [_named(new[column.name], column.name) for _, column in archive.rows]
    columns.append(Column(name=ROW, type=ColumnType(kind="bigint")))
    for kept in archive.kept:
        columns.append(_named(old[kept.old.name], kept.before))
        if kept.new is not None:
            columns.append(_named(new[kept.new.name], kept.after))
    return Table(name=archive.name, columns=tuple(columns))


def copied_table(archive: Archive, table: Table) -> Table:
    """The archive of a table that goes: its columns, and nothing that holds between rows."""
    columns = tuple(_named(column, column.name) for column in table.columns)
    return Table(name=archive.name, columns=columns)


def _named(column: Column, name: str) -> Column:
    return Column(name=name, type=column.type, native=column.native)


class Keeper:
    """Makes the archive's rows, one for each row of the table."""

    def __init__(self, archive: Archive, new: Mapping[str, Column]) -> None:
        self.rows: list[dict[str, Any]] = []
        self._archive = archive
        self._key = row_key(archive, new)
        self._seen: Counter[tuple[Any, ...]] = Counter()

    def keep(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        """Keep what a row had, and what it became."""
        key = self._key(new)
        self._seen[key] += 1
        row = {name: new[name] for name in self._archive.row_names}
        row[ROW] = self._seen[key]
        for kept in self._archive.kept:
            row[kept.before] = old[kept.old.name]
            if kept.new is not None:
                row[kept.after] = new[kept.new.name]
        self.rows.append(row)


class KeptRows:
    """The rows of an archive, each to be taken once; all of them are held in memory."""

    def __init__(
        self,
        archive: Archive,
        table: Table,
        rows: Iterable[Mapping[str, Any]],
        columns: Mapping[str, Column],
    ) -> None:
        """`columns` are those of the table whose rows ask."""
        key = row_key(archive, {column.name: column for column in table.columns})
        self._asked = row_key(archive, columns)
        self._rows: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
        for row in sorted(rows, key=lambda row: int(row[ROW]), reverse=True):
            self._rows.setdefault(key(row), []).append(row)

    def take(self, cells: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The archive's row for a row of the table; None if it came since."""
        found = self._rows.get(self._asked(cells))
        return found.pop() if found else None


def in_place(table: Table, wanted: Table | None) -> Table:
    """The table with its columns where `wanted` has them; others stay behind their neighbours."""
    if wanted is None:
        return table
    order = {column.name: place for place, column in enumerate(wanted.columns)}
    last, ranked = -1.0, []
    for column in table.columns:
        last = order.get(column.name, last)
        ranked.append((last, column))
    return replace(table, columns=tuple(c for _, c in sorted(ranked, key=lambda pair: pair[0])))
