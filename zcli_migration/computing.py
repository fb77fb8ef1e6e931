"""How the values of the columns that a plan adds or changes come about, for asking beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from zmigration_api import (
    AddColumn,
    AlterColumn,
    Change,
    Column,
    Computed,
    CopyOf,
    Schema,
    SchemaFileError,
)
from zmigration_api.archive import rewrites_values

from .renaming import Names, renamed


@dataclass(frozen=True, slots=True)
class Computing:
    """The columns after the plan, by their new names."""

    changes: tuple[Change, ...]
    current: Schema
    names: Names

    def fresh(self, table: str) -> set[str]:
        """Columns that come, or whose values will be others: `007` becomes 7, null a default."""
        mine = [c for c in self.changes if c.table == table]
        added = {c.column.name for c in mine if isinstance(c, AddColumn)}
        altered = [c for c in mine if isinstance(c, AlterColumn)]
        return added | {c.new.name for c in altered if rewrites_values(c)}

    def columns(self, table: str, columns: Sequence[str]) -> tuple[Computed, ...] | None:
        """These columns of a table; None if only the store itself can tell their values."""
        found = [self._column(table, name) for name in columns]
        there = tuple(one for one in found if one is not None)
        return there if len(there) == len(found) else None

    def added(self, change: AddColumn) -> Computed | None:
        """A column that the plan adds."""
        column = change.column
        default = column.default
        expression = default is not None and default.kind == "expression"
        numbered = column.generated is not None or column.identity is not None
        if numbered or (column.backfill is None and expression):
            return None
        earlier = self.changes[: self.changes.index(change)]
        sources = self._sources(change.table, column, earlier)
        return None if sources is None else Computed(old=None, new=column, sources=sources)

    def altered(self, change: AlterColumn) -> Computed | None:
        """A column that the plan changes."""
        old = self._now(change.table, change.new.name)
        if old is None or (change.new.using and change.new.using.expression):
            return None
        sources = self._sources(change.table, change.new, self.changes)
        if not change.fills_nulls:
            return Computed(old=old, new=change.new, fills=False)
        return None if sources is None else Computed(old=old, new=change.new, sources=sources)

    def _column(self, table: str, name: str) -> Computed | None:
        for change in self.changes:
            if _adds(change, table, name):
                return self.added(change)
            if isinstance(change, AlterColumn) and (change.table, change.new.name) == (table, name):
                return self.altered(change)
        old = self._now(table, name)
        return None if old is None else Computed(old=old, new=old, fills=False)

    def _sources(
        self, table: str, column: Column, earlier: Sequence[Change]
    ) -> tuple[tuple[str, Computed], ...] | None:
        """What the backfill copies, each as it is when this column is made."""
        found = []
        for name in copied(column):
            source = self._source(table, name, earlier)
            if source is None:
                return None
            found.append((name, source))
        return tuple(found)

    def _source(self, table: str, name: str, earlier: Sequence[Change]) -> Computed | None:
        for change in earlier:
            if _adds(change, table, name):
                return self.added(change)
        old = self._now(table, name)
        return None if old is None else Computed(old=old, new=old, fills=False)

    def _now(self, table: str, name: str) -> Column | None:
        there = self.current.table(self.names.old_table(table))
        return there.column(self.names.old_column(table, name)) if there else None


def _adds(change: Change, table: str, name: str) -> TypeGuard[AddColumn]:
    return isinstance(change, AddColumn) and (change.table, change.column.name) == (table, name)


def copied(column: Column) -> tuple[str, ...]:
    """The columns that the backfill copies, each once."""
    parts = column.backfill.parts if column.backfill else ()
    return tuple(dict.fromkeys(part.column for part in parts if isinstance(part, CopyOf)))


def refuse_missing_copies(path: Path, changes: Sequence[Change], live: Schema) -> None:
    """SchemaFileError if a backfill copies a column that is not there when it is needed."""
    there = renamed(live, changes)
    known = {table.name: [c.name for c in table.columns] for table in there.tables}
    for table, column in _filled(changes):
        names = known.setdefault(table, [])
        for name in copied(column):
            if name not in names:
                raise SchemaFileError(
                    f"The backfill of {table}.{column.name} copies {name}, "
                    "which is not a column of the table",
                    hint=f"name one of its columns: {', '.join(names)}",
                    file=path,
                    line=column.line,
                )
        names.append(column.name)


def _filled(changes: Sequence[Change]) -> Iterator[tuple[str, Column]]:
    for change in changes:
        if isinstance(change, AddColumn):
            yield change.table, change.column
        elif isinstance(change, AlterColumn) and change.tightened:
            yield change.table, change.new
