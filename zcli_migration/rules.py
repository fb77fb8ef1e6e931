"""The built-in diff rules: each finds the differences of one kind of thing.

Rules run one after another over the same two schemas. Renames are found first; every later
rule looks at the current schema as it is called after them (`renamed`). A hint to rename is one
that is to be followed (`hints`): what has the new name by then is set aside, and goes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
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
from zmigration_api.renames import aside

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
    renames = {t.name: t.renamed_from for t in desired.tables if t.renamed_from}
    renames = {new: old for new, old in renames.items() if current.table(old)}
    for new in _in_the_way(renames, {table.name for table in current.tables}):
        yield RenameTable(new, aside(new))
    yield from (RenameTable(old, new) for new, old in renames.items())


def _in_the_way(renames: Mapping[str, str], there: Collection[str]) -> list[str]:
    """New names of what is there, and is neither wanted nor renamed itself."""
    return [new for new in renames if new in there and new not in renames.values()]


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
        renames = {c.name: c.renamed_from for c in table.columns if c.renamed_from}
        renames = {new: old for new, old in renames.items() if live.column(old)}
        for new in _in_the_way(renames, {column.name for column in live.columns}):
            yield RenameColumn(table.name, new, aside(new))
        yield from (RenameColumn(table.name, old, new) for new, old in renames.items())


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
