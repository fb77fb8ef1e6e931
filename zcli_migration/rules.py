"""The built-in diff rules: each finds the differences of one kind of thing.

Rules run one after another over the same two schemas. Renames are found first; every later
rule looks at the current schema as it is called after them (`renamed`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from zmigration_api import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Change,
    Column,
    Constraint,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    Index,
    RenameColumn,
    RenameTable,
    Schema,
    Table,
)

from . import exact_rules
from .renaming import renamed

Finder: TypeAlias = Callable[[Schema, Schema], Iterable[Change]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that only adds changes."""

    name: str
    find: Finder
    after: tuple[str, ...] = ()

    def run(
        self, current: Schema, desired: Schema, changes: tuple[Change, ...]
    ) -> tuple[Change, ...]:
        """The changes so far, then what this rule finds."""
        return (*changes, *self.find(renamed(current, changes), desired))


def _table_renames(current: Schema, desired: Schema) -> Iterator[Change]:
    for table in desired.tables:
        old = table.renamed_from
        if old and current.table(old) and not current.table(table.name):
            yield RenameTable(old, table.name)


def _tables(current: Schema, desired: Schema) -> Iterator[Change]:
    for table in desired.tables:
        if current.table(table.name) is None:
            yield CreateTable(table)
    for table in sorted(current.tables, key=lambda table: table.name):
        if desired.table(table.name) is None:
            yield DropTable(table)


def _pairs(current: Schema, desired: Schema) -> Iterator[tuple[Table, Table]]:
    for table in desired.tables:
        live = current.table(table.name)
        if live is not None:
            yield live, table


def _column_renames(current: Schema, desired: Schema) -> Iterator[Change]:
    for live, table in _pairs(current, desired):
        for column in table.columns:
            old = column.renamed_from
            if old and live.column(old) and not live.column(column.name):
                yield RenameColumn(table.name, old, column.name)


def _columns(current: Schema, desired: Schema) -> Iterator[Change]:
    for live, table in _pairs(current, desired):
        for column in table.columns:
            before = live.column(column.name)
            if before is None:
                yield AddColumn(table.name, column)
            elif before != column:
                yield AlterColumn(table.name, before, _without_idle_using(before, column))
        for column in live.columns:
            if table.column(column.name) is None:
                yield DropColumn(table.name, column)


def _without_idle_using(before: Column, column: Column) -> Column:
    """`using` is about a new type or enumeration; left in the file, it touches nothing later."""
    same_type = (before.type, before.exact_type) == (column.type, column.exact_type)
    if same_type and before.enum == column.enum:
        return replace(column, using=None)
    return column


def _indexes(current: Schema, desired: Schema) -> Iterator[Change]:
    for table in desired.tables:
        live = current.table(table.name)
        if live is not None and table.exact:
            continue
        before: tuple[Index, ...] = live.indexes if live else ()
        yield from (AddIndex(table.name, i) for i in table.indexes if i not in before)
        yield from (DropIndex(table.name, i) for i in before if i not in table.indexes)


def _constraints(current: Schema, desired: Schema) -> Iterator[Change]:
    for table in desired.tables:
        live = current.table(table.name)
        if live is None:  # the table brings everything with it but its foreign keys
            yield from (AddConstraint(table.name, key) for key in table.foreign_keys)
            continue
        if table.exact:
            continue
        before: tuple[Constraint, ...] = live.constraints
        yield from (AddConstraint(table.name, c) for c in table.constraints if c not in before)
        yield from (DropConstraint(table.name, c) for c in before if c not in table.constraints)


RULES: tuple[Rule, ...] = (
    Rule("table-renames", _table_renames),
    Rule("column-renames", _column_renames, after=("table-renames",)),
    Rule("tables", _tables, after=("table-renames",)),
    Rule("columns", _columns, after=("column-renames", "type-renames")),
    Rule("indexes", _indexes, after=("column-renames",)),
    Rule("constraints", _constraints, after=("column-renames",)),
    Rule("type-renames", exact_rules.type_renames),
    Rule("types", exact_rules.types, after=("type-renames",)),
    Rule("exact-options", exact_rules.options, after=("table-renames",)),
    Rule("exact-indexes", exact_rules.indexes, after=("column-renames", "type-renames")),
    Rule("exact-constraints", exact_rules.constraints, after=("column-renames", "type-renames")),
    Rule("exact-comments", exact_rules.comments, after=("column-renames", "type-renames")),
)
