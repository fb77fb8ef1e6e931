"""Tables as changes leave them, and whether rows keep to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from zmigration_api.backend import Row
from zmigration_api.changes import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Change,
    DropColumn,
    DropConstraint,
    DropIndex,
    RenameColumn,
    RenameTable,
)
from zmigration_api.computed import comparable
from zmigration_api.errors import StoreError
from zmigration_api.model import (
    Check,
    Constraint,
    Exclusion,
    ForeignKey,
    Index,
    PrimaryKey,
    Table,
    UniqueConstraint,
)
from zmigration_api.renames import moves


def changed(table: Table, changes: Iterable[Change]) -> Table:
    """The table after these changes of it; columns that stay keep all that the store says."""
    listed = tuple(changes)
    ways = moves([c for c in listed if isinstance(c, RenameColumn)])
    for change in listed:
        if isinstance(change, RenameColumn):
            for old, new in ways[change]:
                table = _renamed(table, old, new)
        else:
            table = _changed(table, change)
    return table


def _changed(table: Table, change: Change) -> Table:
    match change:
        case RenameTable(_, new):
            return replace(table, name=new)
        case AddColumn(_, column):
            return replace(table, columns=(*table.columns, replace(column, native=None)))
        case DropColumn(_, column):
            left = tuple(c for c in table.columns if c.name != column.name)
            return replace(table, columns=left)
        case AlterColumn():
            return _altered(table, change)
        case AddIndex(_, index):
            return replace(table, indexes=(*table.indexes, index))
        case DropIndex(_, index):
            return replace(table, indexes=_without(table.indexes, index))
        case AddConstraint(_, constraint):
            return _constrained(table, constraint, add=True)
        case DropConstraint(_, constraint):
            return _constrained(table, constraint, add=False)
        case _:
            return table


def _altered(table: Table, change: AlterColumn) -> Table:
    columns = []
    for column in table.columns:
        if column.name == change.old.name:
            new = replace(change.new, native=None)
            if not change.retyped:
                new = replace(new, type=column.type, native=column.native)
            if change.old.default == change.new.default:
                new = replace(new, default=column.default)
            column = new
        columns.append(column)
    return replace(table, columns=tuple(columns))


def _constrained(table: Table, constraint: Constraint, *, add: bool) -> Table:
    match constraint:
        case PrimaryKey():
            return replace(table, primary_key=constraint if add else None)
        case UniqueConstraint():
            left = _without(table.unique, constraint)
            return replace(table, unique=(*left, constraint) if add else left)
        case Check():
            kept = tuple(c for c in table.checks if c.name.lower() != constraint.name.lower())
            return replace(table, checks=(*kept, constraint) if add else kept)
        case ForeignKey():
            others = _without(table.foreign_keys, constraint)
            return replace(table, foreign_keys=(*others, constraint) if add else others)
        case Exclusion():  # of SQL stores alone
            return table


def _without(items: Sequence[Any], gone: object) -> tuple[Any, ...]:
    return tuple(item for item in items if item != gone)


def _renamed(table: Table, old: str, new: str) -> Table:
    def names(item: Any) -> Any:  # noqa: ANN401
        return replace(item, columns=tuple(new if name == old else name for name in item.columns))

    def each(
        items: tuple[UniqueConstraint, ...] | tuple[ForeignKey, ...] | tuple[Index, ...],
    ) -> Any:  # noqa: ANN401
        return tuple(names(item) for item in items)

    return replace(
        table,
        columns=tuple(replace(c, name=new) if c.name == old else c for c in table.columns),
        primary_key=names(table.primary_key) if table.primary_key else None,
        unique=each(table.unique),
        foreign_keys=each(table.foreign_keys),
        indexes=each(table.indexes),
    )


def refuse_broken_rows(table: Table, rows: Iterable[Row]) -> None:
    """StoreError for a null under `required`, or values twice under a key; foreign keys aside.

    For stores that enforce nothing themselves.
    """
    required = {c.name for c in table.columns if c.required} | set(table.key)
    uniques = [u.columns for u in table.unique] + ([table.key] if table.key else [])
    seen: list[set[tuple[Any, ...]]] = [set() for _ in uniques]
    for row in rows:
        for name in required:
            if row[name] is None:
                raise StoreError(f"{table.name}.{name} is required and cannot be null")
        for columns, known in zip(uniques, seen, strict=True):
            found = [table.column(name) for name in columns]
            key = tuple(comparable(row[c.name], c) for c in found if c is not None)
            if key in known and None not in key:
                text = ", ".join(str(row[name]) for name in columns)
                raise StoreError(f"{table.name}: there is a row with {text} already")
            known.add(key)
