"""The data is asked before anything is touched: what the plan needs of the rows that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from zmigration_api import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Answer,
    Change,
    Check,
    CheckFailures,
    Computed,
    Constraint,
    CreateTable,
    DropColumn,
    DropConstraint,
    Duplicates,
    Exclusion,
    ForeignKey,
    Nulls,
    Orphans,
    PrimaryKey,
    Question,
    Readable,
    RenameColumn,
    Schema,
    Store,
    Unconvertible,
    Unfillable,
    UniqueConstraint,
)

from . import natives
from .computing import Computing, copied
from .renaming import Names, renamed


@dataclass(frozen=True, slots=True)
class Violation:
    """Rows that the plan cannot be made with, and what would help."""

    question: Question
    answer: Answer
    hint: str


def ask(
    store: Store, changes: Sequence[Change], current: Schema, adopted: Sequence[str] = ()
) -> tuple[Violation, ...]:
    """Ask the store everything that these changes depend on; the answers that forbid them.

    `adopted` are tables that were there before they were first recorded. StoreError for a table
    whose rows cannot be read.
    """
    violations = []
    asked = list(questions(changes, current))
    known = {question.table for question, _ in asked}
    unread = dict.fromkeys((*_rewritten_tables(changes, current), *adopted))
    asked += [(Readable(table), "") for table in unread if table not in known]
    for question, hint in asked:
        answer = store.ask(question, current)
        if answer.count:
            violations.append(Violation(question, answer, hint))
    return tuple(violations)


def _rewritten_tables(changes: Sequence[Change], current: Schema) -> Iterator[str]:
    """Tables whose rows a store may have to write anew, as they are called now."""
    names = Names.of(changes)
    for change in changes:
        old = names.old_table(change.table)
        rewrites = isinstance(change, AddColumn | AlterColumn | DropColumn | RenameColumn)
        if rewrites and current.table(old):
            yield old


def questions(changes: Sequence[Change], current: Schema) -> Iterator[tuple[Question, str]]:
    """Each question in the names of the store as it is now, with the hint for a bad answer."""
    names = Names.of(changes)
    asker = _Asker(tuple(changes), current, names, Computing(tuple(changes), current, names))
    for change in changes:
        match change:
            case AddColumn():
                yield from asker.added(change)
            case AlterColumn():
                yield from asker.altered(change)
            case AddConstraint():
                yield from asker.constrained(change)
            case AddIndex(table, index) if index.unique and not index.where and not index.keys:
                unique = UniqueConstraint(columns=index.columns, name=index.name)
                yield from asker.constrained(AddConstraint(table, unique))
            case _:
                pass
    yield from asker.kept()
    yield from natives.questions(changes, current, names)


@dataclass(frozen=True, slots=True)
class _Asker:
    changes: tuple[Change, ...]
    current: Schema
    names: Names
    computing: Computing

    def added(self, change: AddColumn) -> Iterator[tuple[Question, str]]:
        column, table = change.column, self.names.old_table(change.table)
        if column.generated is not None or column.identity is not None:
            return
        if copied(column):
            yield from self._fillable(table, self.computing.added(change))
        elif column.required and not column.fills_nulls:
            yield (
                Nulls(table, column.name),
                f"give {column.name} a `default` or a `backfill`, or `required: false`",
            )

    def _fillable(self, table: str, column: Computed | None) -> Iterator[tuple[Question, str]]:
        if column is not None:
            yield Unfillable(table, column), "correct these rows, or backfill with something else"

    def altered(self, change: AlterColumn) -> Iterator[tuple[Question, str]]:
        table = self.names.old_table(change.table)
        name = self.names.old_column(change.table, change.new.name)
        if change.retyped or change.narrowed:
            old, new = replace(change.old, name=name), replace(change.new, name=name)
            types = natives.named_types(self.changes, self.current)
            options = natives.options(self.changes, self.current, change.table, table)
            yield Unconvertible(table, old, new, types, options), natives.hint(change)
        if change.tightened and not change.fills_nulls:
            yield Nulls(table, name), f"fill them, or give {change.new.name} a `backfill`"
        if change.tightened and copied(change.new):
            yield from self._fillable(table, self.computing.altered(change))

    def constrained(self, change: AddConstraint) -> Iterator[tuple[Question, str]]:
        table = self.names.old_table(change.table)
        constraint = change.constraint
        if self.current.table(table) is None or not _asks_rows(constraint):
            return
        match constraint:
            case Check():
                if not self._speaks_of_new(change.table, constraint):
                    yield CheckFailures(table, constraint), "correct these rows, or the check"
            case UniqueConstraint():
                yield from self._duplicates(table, change, "make these values different")
            case PrimaryKey():
                filled = set(self._filled(change.table))
                there = [name for name in constraint.columns if name not in filled]
                for column in self._old_columns(change.table, there):
                    yield Nulls(table, column), "a primary key has no nulls"
                yield from self._duplicates(table, change, "make these keys different")
            case ForeignKey():
                yield from self._orphans(table, change.table, constraint)

    def kept(self) -> Iterator[tuple[Question, str]]:
        """Constraints that stay, over columns whose values will be others."""
        for table in renamed(self.current, self.changes).tables:
            for constraint in table.constraints:
                if DropConstraint(table.name, constraint) in self.changes:
                    continue
                if self._rewritten(table.name, constraint):
                    yield from self.constrained(AddConstraint(table.name, constraint))

    def _filled(self, table: str) -> Iterator[str]:
        """Columns in which nulls of now say nothing; a type that changes leaves them nulls."""
        for change in self.changes:
            match change:
                case AddColumn(name, column) if name == table:
                    yield column.name
                case AlterColumn(name, _, column) if name == table:
                    if change.fills_nulls or column.using is not None:
                        yield column.name
                case _:
                    pass

    def _rewritten(self, table: str, constraint: Constraint) -> bool:
        if isinstance(constraint, Check | Exclusion):
            return False
        fresh = not self.computing.fresh(table).isdisjoint(constraint.columns)
        if not isinstance(constraint, ForeignKey):
            return fresh
        there = self.computing.fresh(constraint.ref_table)
        return fresh or not there.isdisjoint(constraint.ref_columns)

    def _duplicates(
        self, old: str, change: AddConstraint, hint: str
    ) -> Iterator[tuple[Question, str]]:
        assert isinstance(change.constraint, (PrimaryKey, UniqueConstraint))
        columns = change.constraint.columns
        if not self._rewritten(change.table, change.constraint):
            yield Duplicates(old, self._old_columns(change.table, columns)), hint
        elif computed := self.computing.columns(change.table, columns):
            yield Duplicates(old, columns, computed), hint

    def _orphans(self, old: str, table: str, key: ForeignKey) -> Iterator[tuple[Question, str]]:
        ref = self.names.old_table(key.ref_table)
        missing = self.current.table(ref) is None and self._created(key.ref_table)
        question = Orphans(
            old,
            self._old_columns(table, key.columns),
            None if missing else ref,
            self._old_columns(key.ref_table, key.ref_columns),
        )
        hint = f"add the missing rows to {key.ref_table}, or correct these"
        if not self._rewritten(table, key) or not key.ref_columns:
            yield question, hint
            return
        here = self.computing.columns(table, key.columns)
        there = () if missing else self.computing.columns(key.ref_table, key.ref_columns)
        if here is not None and there is not None:
            yield replace(question, columns=key.columns, computed=here, ref_computed=there), hint

    def _created(self, table: str) -> bool:
        return any(isinstance(c, CreateTable) and c.table == table for c in self.changes)

    def _old_columns(self, table: str, columns: Sequence[str]) -> tuple[str, ...]:
        return tuple(self.names.old_column(table, name) for name in columns)

    def _speaks_of_new(self, table: str, check: Check) -> bool:
        """Whether it names columns that this plan makes or changes; asked after the steps."""
        fresh = self.computing.fresh(table)
        fresh |= {c.new.name for c in self.changes if isinstance(c, AlterColumn)}
        fresh |= {new for (there, _), new in self.names.columns.items() if there == table}
        words = set(re.findall(r"\w+", check.expression))
        return any(name in words or _is_quoted_in(name, check.expression) for name in fresh)


def _asks_rows(constraint: Constraint) -> bool:
    """Whether rows that are there must keep it, and can be asked.

    A constraint that is not validated lets them be; SQLite takes a foreign key to a table that has
    no key to refer to, and refuses what uses it.
    """
    if isinstance(constraint, ForeignKey) and constraint.ref_columns:
        return constraint.valid and len(constraint.columns) == len(constraint.ref_columns)
    return not isinstance(constraint, Check | ForeignKey) or constraint.valid


def _is_quoted_in(name: str, expression: str) -> bool:
    return '"' + name.replace('"', '""') + '"' in expression


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
