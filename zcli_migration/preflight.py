"""The data is asked before anything is touched: what the plan needs of the rows that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from zmigration_api import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    Answer,
    Change,
    Check,
    CheckFailures,
    Column,
    CopyOf,
    CreateTable,
    Duplicates,
    Fixed,
    ForeignKey,
    Nulls,
    Orphans,
    PrimaryKey,
    Question,
    Schema,
    Store,
    Unconvertible,
    UniqueConstraint,
)

from .renaming import Names


@dataclass(frozen=True, slots=True)
class Violation:
    """Rows that the plan cannot be made with, and what would help."""

    question: Question
    answer: Answer
    hint: str


def ask(store: Store, changes: Sequence[Change], current: Schema) -> tuple[Violation, ...]:
    """Ask the store everything that these changes depend on; the answers that forbid them."""
    violations = []
    for question, hint in questions(changes, current):
        answer = store.ask(question, current)
        if answer.count:
            violations.append(Violation(question, answer, hint))
    return tuple(violations)


def questions(changes: Sequence[Change], current: Schema) -> Iterator[tuple[Question, str]]:
    """Each question in the names of the store as it is now, with the hint for a bad answer."""
    asker = _Asker(tuple(changes), current, Names.of(changes))
    for change in changes:
        match change:
            case AddColumn():
                yield from asker.added(change)
            case AlterColumn():
                yield from asker.altered(change)
            case AddConstraint():
                yield from asker.constrained(change)
            case _:
                pass


@dataclass(frozen=True, slots=True)
class _Asker:
    changes: tuple[Change, ...]
    current: Schema
    names: Names

    def added(self, change: AddColumn) -> Iterator[tuple[Question, str]]:
        column, table = change.column, self.names.old_table(change.table)
        if not column.required or column.generated is not None:
            return
        source = _copied_column(column)
        if source is not None:
            old = self.names.old_column(change.table, source)
            yield Nulls(table, old), f"{source} has nulls too: backfill with something else"
        elif not fills_nulls(column):
            yield (
                Nulls(table, column.name),
                f"give {column.name} a `default` or a `backfill`, or `required: false`",
            )

    def altered(self, change: AlterColumn) -> Iterator[tuple[Question, str]]:
        table = self.names.old_table(change.table)
        name = self.names.old_column(change.table, change.new.name)
        if change.retyped or change.narrowed:
            yield (
                Unconvertible(
                    table, replace(change.old, name=name), replace(change.new, name=name)
                ),
                "correct these values, or say what becomes of them with `using: {old: new}`",
            )
        if change.tightened and not fills_nulls(change.new):
            yield Nulls(table, name), f"fill them, or give {change.new.name} a `backfill`"

    def constrained(self, change: AddConstraint) -> Iterator[tuple[Question, str]]:
        table = self.names.old_table(change.table)
        constraint = change.constraint
        if self.current.table(table) is None or self._touches_new(change):
            return
        match constraint:
            case Check():
                yield CheckFailures(table, constraint), "correct these rows, or the check"
            case UniqueConstraint():
                columns = self._old_columns(change.table, constraint.columns)
                yield Duplicates(table, columns), "make these values different"
            case PrimaryKey():
                columns = self._old_columns(change.table, constraint.columns)
                yield from ((Nulls(table, c), "a primary key has no nulls") for c in columns)
                yield Duplicates(table, columns), "make these keys different"
            case ForeignKey():
                yield self._orphans(table, change.table, constraint)

    def _orphans(self, old: str, table: str, key: ForeignKey) -> tuple[Question, str]:
        ref = self.names.old_table(key.ref_table)
        missing = self.current.table(ref) is None and self._created(key.ref_table)
        return (
            Orphans(
                old,
                self._old_columns(table, key.columns),
                None if missing else ref,
                self._old_columns(key.ref_table, key.ref_columns),
            ),
            f"add the missing rows to {key.ref_table}, or correct these",
        )

    def _created(self, table: str) -> bool:
        return any(isinstance(c, CreateTable) and c.table == table for c in self.changes)

    def _old_columns(self, table: str, columns: Sequence[str]) -> tuple[str, ...]:
        return tuple(self.names.old_column(table, name) for name in columns)

    def _touches_new(self, change: AddConstraint) -> bool:
        """Whether it speaks of columns that this plan makes or changes; asked after the steps."""
        constraint = change.constraint
        fresh = self._fresh(change.table)
        if isinstance(constraint, ForeignKey) and self._fresh(constraint.ref_table) & set(
            constraint.ref_columns
        ):
            return True
        if isinstance(constraint, Check):
            fresh |= {c.new.name for c in self.changes if isinstance(c, AlterColumn)}
            fresh |= {
                new for (table, _), new in self.names.columns.items() if table == change.table
            }
            return bool(fresh & set(re.findall(r"\w+", constraint.expression)))
        return bool(fresh & set(constraint.columns))

    def _fresh(self, table: str) -> set[str]:
        """Columns of a table that come, or whose values will be others: `007` becomes 7."""
        mine = [c for c in self.changes if c.table == table]
        added = {c.column.name for c in mine if isinstance(c, AddColumn)}
        return added | {c.new.name for c in mine if isinstance(c, AlterColumn) and _rewrites(c)}


def _rewrites(change: AlterColumn) -> bool:
    whole = {"int", "bigint"}
    kinds = {change.old.type.kind, change.new.type.kind}
    same = len(kinds) == 1 or kinds == whole
    return not same or bool(change.new.using and change.new.using.values)


def fills_nulls(column: Column) -> bool:
    """Whether rows without a value get one by the plan."""
    if column.backfill is not None:
        parts = column.backfill.parts
        return parts != (Fixed(None),)
    return column.default is not None and column.default.stored


def _copied_column(column: Column) -> str | None:
    """The one column that the backfill copies, if it is nothing but a copy."""
    parts = column.backfill.parts if column.backfill else ()
    return parts[0].column if len(parts) == 1 and isinstance(parts[0], CopyOf) else None


def afterwards(changes: Sequence[Change]) -> Iterator[tuple[Question, str]]:
    """The same constraints asked of the new state, for stores that cannot enforce them."""
    for change in changes:
        if not isinstance(change, AddConstraint):
            continue
        table, constraint = change.table, change.constraint
        match constraint:
            case Check():
                yield CheckFailures(table, constraint), "correct these rows, or the check"
            case UniqueConstraint(columns=columns) | PrimaryKey(columns=columns):
                yield Duplicates(table, columns), "make these values different"
            case ForeignKey(columns=columns, ref_table=ref, ref_columns=refs):
                yield Orphans(table, columns, ref, refs), f"add the missing rows to {ref}"
