"""Which clauses of a table's text a constraint of the model is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from zmigration_api import (
    Check,
    Constraint,
    Exclusion,
    ForeignKey,
    PrimaryKey,
    UniqueConstraint,
    UnsupportedChange,
)

from .canonical import form
from .clauses import Clause, ColumnText, same
from .ddl import TableText
from .inspect import check_clauses
from .parts import actions, conflict, keys_in, reference, spelled
from .tokens import fold

_Test: TypeAlias = Callable[[Clause], bool]


@dataclass(frozen=True, slots=True)
class Matching:
    """How its clauses are told: one of the table, and one inside the column `column`."""

    at_table: _Test
    in_column: _Test
    column: str | None = None

    @classmethod
    def of(cls, constraint: Constraint, text: TableText, *, exact: bool) -> Matching:
        """`exact`: the name, the order of keys, conflict clauses and actions must agree."""
        found = cls._by_structure(constraint, text, exact=exact)
        if not exact or isinstance(constraint, PrimaryKey):
            return found
        is_called = _called(constraint.name, text)
        return replace(
            found,
            at_table=lambda clause: is_called(clause) and found.at_table(clause),
            in_column=lambda clause: is_called(clause) and found.in_column(clause),
        )

    @classmethod
    def _by_structure(cls, constraint: Constraint, text: TableText, *, exact: bool) -> Matching:
        match constraint:
            case PrimaryKey():
                return cls(_of_kind("PRIMARY"), _of_kind("PRIMARY"))
            case UniqueConstraint():
                return _unique(constraint, text, exact=exact)
            case ForeignKey():
                return _foreign_key(constraint, exact=exact)
            case Check():
                clause = _check(constraint, text)
                return cls(lambda c: c == clause, lambda c: c == clause)
            case Exclusion(name=name):
                raise UnsupportedChange(f"SQLite has no exclusion constraints, such as {name}")

    def inline(self, column: ColumnText) -> tuple[Clause, ...]:
        """The clauses of a column that are the constraint."""
        if self.column is not None and fold(column.name) != self.column:
            return ()
        return tuple(clause for clause in column.clauses if self.in_column(clause))

    def unnamed(self, text: TableText) -> Clause | None:
        """The clause that is the constraint and has no name."""
        clauses = [c for column in text.definitions() for c in self.inline(column)]
        clauses += [clause for clause in text.clauses() if self.at_table(clause)]
        return next((clause for clause in clauses if clause.name is None), None)


def column_loses(column: ColumnText, matching: Matching) -> ColumnText:
    """The column without what matches; a foreign key takes its deferral along."""
    gone = matching.inline(column)
    for clause in gone:
        column = column.without_clause(clause)
    references = any(clause.kind == "REFERENCES" for clause in gone)
    if references and column.clause("REFERENCES") is None:
        return column.without("DEFERRABLE", "NOT DEFERRABLE")
    return column


def named_clause(text: TableText, name: str) -> Clause | None:
    """The constraint that the text calls so."""
    inline = (clause for column in text.definitions() for clause in column.clauses)
    known = (c for c in (*inline, *text.clauses()) if c.name and fold(c.name) == fold(name))
    return next((c for c in known if c.kind in _CONSTRAINTS), None)


_CONSTRAINTS = ("PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "REFERENCES")


def _called(name: str, text: TableText) -> _Test:
    """What the text calls so; if there is nothing, what it gives no name."""
    if named_clause(text, name) is not None:
        return lambda clause: clause.name is not None and fold(clause.name) == fold(name)
    return lambda clause: clause.name is None


def _of_kind(kind: str) -> _Test:
    return lambda clause: clause.kind == kind


def _unique(constraint: UniqueConstraint, text: TableText, *, exact: bool) -> Matching:
    columns = constraint.columns
    names = spelled([column.name for column in text.definitions()])

    wanted = _forms(constraint.keys, names)

    def acts(clause: Clause) -> bool:
        return clause.kind == "UNIQUE" and (not exact or conflict(clause) == constraint.on_conflict)

    def at_table(clause: Clause) -> bool:
        if not acts(clause) or not same(clause.columns, columns):
            return False
        return not exact or _forms(keys_in(clause, names).keys, names) == wanted

    inline = acts if len(columns) == 1 and not (exact and wanted) else _never
    return Matching(at_table, inline, fold(columns[0]))


def _forms(keys: tuple[str, ...], names: dict[str, str]) -> list[object]:
    return [form(key, names) for key in keys]


def _foreign_key(key: ForeignKey, *, exact: bool) -> Matching:
    def refers(clause: Clause) -> bool:
        table, columns = clause.target
        there = same(columns, key.ref_columns) or not (exact or columns)
        acts = not exact or _acts(clause, key)
        return fold(table) == fold(key.ref_table) and there and acts

    def at_table(clause: Clause) -> bool:
        return clause.kind == "FOREIGN" and same(clause.columns, key.columns) and refers(clause)

    def inline(clause: Clause) -> bool:
        return clause.kind == "REFERENCES" and refers(clause)

    if len(key.columns) > 1:
        return Matching(at_table, _never)
    return Matching(at_table, inline, fold(key.columns[0]))


def _acts(clause: Clause, key: ForeignKey) -> bool:
    """Of a column's own foreign key the deferral is a clause of its own, and is not looked at."""
    said = reference(clause, clause.words)
    deferred = clause.kind == "REFERENCES" or said.deferral == key.deferral
    return (
        actions(clause) == (key.on_delete, key.on_update) and said.match == key.match and deferred
    )


def _never(_clause: Clause) -> bool:
    return False


def _check(check: Check, text: TableText) -> Clause | None:
    """By name and text, as two may have one name; else by name, else what is unnamed by text."""
    names = spelled([column.name for column in text.definitions()])
    said = form(check.expression, names)
    clauses = list(check_clauses(text))
    named = [c for c in clauses if c.name is not None and fold(c.name) == fold(check.name)]
    alike = [c for c in clauses if form(c.expression, names) == said]
    unnamed = [c for c in alike if c.name is None]
    return next(iter([*(c for c in named if c in alike), *named, *unnamed]), None)
