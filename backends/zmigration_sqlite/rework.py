"""The changes of one table, made on its text: what a rebuild will create and copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from zmigration_api import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    Change,
    Check,
    Column,
    Constraint,
    DropColumn,
    DropConstraint,
    Exclusion,
    ForeignKey,
    Hazard,
    PrimaryKey,
    UniqueConstraint,
    UnsupportedChange,
)

from .clauses import Clause, ColumnText, same
from .ddl import TableText, rowid_alias
from .expressions import converted, default_text, fill
from .inspect import check_clauses
from .live import TableNow
from .names import QUOTING, STATEMENTS
from .rebuild import rowid_name
from .tokens import fold, mentions
from .types import holds


class Rework:
    """A table's text and its columns' values while changes are made to them.

    `gone` are the names of indexes that go along.
    """

    def __init__(self, now: TableNow) -> None:
        live = now.live
        self.text = live.text
        self.gone: set[str] = set()
        self.hazards: list[Hazard] = []
        self._live = live
        self._others = now.columns
        self._type_text = now.type_text
        self._values = {c.name: QUOTING.name(c.name) for c in live.text.definitions()}

    def make(self, change: Change) -> None:
        """Make one change."""
        match change:
            case AddColumn(_, column):
                self._add(column)
            case DropColumn(_, column):
                self._drop(column.name)
            case AlterColumn():
                self._alter(change)
            case AddConstraint(_, constraint):
                self._constrain(constraint)
            case DropConstraint(_, constraint):
                self._release(constraint)
            case _:
                raise AssertionError(change)

    @property
    def values(self) -> dict[str, str]:
        """Each stored column's value as SQL over the old table."""
        alias = rowid_alias(self.text)
        values = dict(self._values)
        if alias in values and values[alias] == "NULL":
            values[alias] = rowid_name(self._live.text) or "NULL"
        stored = {c.name for c in self.text.definitions() if c.clause("AS") is None}
        return {name: value for name, value in values.items() if name in stored}

    def _add(self, column: Column) -> None:
        definition = STATEMENTS.column(column, self._type_text(column), default_text(column))
        self.text = self.text.with_column(definition)
        self._values[column.name] = fill(column, self._others) or "NULL"

    def _drop(self, name: str) -> None:
        found = self._definition(name)
        self.text = self.text.without_column(name).without_constraints(_of_column(name))
        self._values.pop(found.name, None)
        self.gone |= {i.name for i in self._live.indexes if i.covers(name)}
        for clause in (*check_clauses(self.text), *_generated(self.text)):
            if mentions(clause.tokens, name):
                needs = f"{clause.kind} ({clause.expression})"
                raise UnsupportedChange(
                    f"column {self._live.name}.{name} cannot go: {needs} needs it",
                    hint="drop that from the table first",
                )

    def _alter(self, change: AlterColumn) -> None:
        name = self._definition(change.new.name).name
        self._values[name] = altered_value(change, self._others) or self._values[name]
        self._edit(name, lambda column: self._altered(column, change))

    def _altered(self, column: ColumnText, change: AlterColumn) -> ColumnText:
        old, new = change.old, change.new
        if not holds(column.type, new.type):
            column = column.with_type(self._type_text(new))
        if old.generated != new.generated:
            column = self._regenerated(column, new)
        if old.required != new.required:
            column = self._required(column, new)
        if (old.default, old.generated) != (new.default, new.generated):
            column = column.without("DEFAULT")
            text = None if new.generated else default_text(new)
            column = column.with_clause(f"DEFAULT {text}") if text else column
        return column

    def _required(self, column: ColumnText, new: Column) -> ColumnText:
        if not new.required:
            return column.without("NOT NULL")
        alias = rowid_alias(self.text)
        if column.clause("NOT NULL") or (alias and fold(alias) == fold(new.name)):
            return column
        return column.without("NULL").with_clause("NOT NULL")

    def _regenerated(self, column: ColumnText, new: Column) -> ColumnText:
        column = column.without("AS")
        if new.generated is None:
            return column
        where = f"{self._live.name}.{new.name}"
        self.hazards.append(Hazard("data_loss", f"{where} is computed from now on"))
        return column.with_clause(f"GENERATED ALWAYS AS ({new.generated}) STORED")

    def _constrain(self, constraint: Constraint) -> None:
        if isinstance(constraint, PrimaryKey):
            self._require(constraint.columns)
        self.text = self.text.with_constraint(STATEMENTS.named(constraint))

    def _require(self, columns: tuple[str, ...]) -> None:
        """SQLite alone allows nulls in a primary key, unless told not to."""
        types = [self._definition(name).type.upper() for name in columns]
        if types == ["INTEGER"]:
            return
        for name in columns:
            if self._definition(name).clause("NOT NULL") is None:
                self._edit(name, lambda c: c.without("NULL").with_clause("NOT NULL"))

    def _release(self, constraint: Constraint) -> None:
        before = (self.text, set(self.gone))
        unwanted, inline = _matching(constraint, self.text)
        self.text = self.text.without_constraints(unwanted).edited_all(inline)
        if isinstance(constraint, UniqueConstraint):
            self.gone |= {i.name for i in self._live.unique_indexes(constraint.columns)}
        if before == (self.text, self.gone):
            raise UnsupportedChange(
                f"{self._live.name} has no such constraint to drop: {STATEMENTS.named(constraint)}",
                hint="run again; the table may have been changed meanwhile",
            )

    def _edit(self, name: str, edit: Callable[[ColumnText], ColumnText]) -> None:
        self.text = self.text.edited(name, edit)

    def _definition(self, name: str) -> ColumnText:
        found = self.text.definition(name)
        if found is None:
            raise UnsupportedChange(f"the table {self._live.name} has no column {name}")
        return found


def altered_value(change: AlterColumn, others: Mapping[str, Column]) -> str | None:
    """What an altered column's values become, nulls that are refused from now on included."""
    value = converted(change)
    filler = fill(change.new, others) if change.fills_nulls else None
    if filler is None:
        return value
    return f"coalesce({value or QUOTING.name(change.new.name)}, {filler})"


def _of_column(name: str) -> Callable[[Clause], bool]:
    """Keys of a column go with it; a primary key is dropped by a change of its own."""

    def belongs(clause: Clause) -> bool:
        keys = clause.kind in ("UNIQUE", "FOREIGN")
        return keys and fold(name) in map(fold, clause.columns)

    return belongs


def _generated(text: TableText) -> tuple[Clause, ...]:
    clauses = (column.clause("AS") for column in text.definitions())
    return tuple(clause for clause in clauses if clause)


def _matching(
    constraint: Constraint, text: TableText
) -> tuple[Callable[[Clause], bool], Callable[[ColumnText], ColumnText]]:
    """Which table constraints a constraint of the model is, and how columns lose theirs."""
    match constraint:
        case PrimaryKey():
            return lambda clause: clause.kind == "PRIMARY", lambda column: column.without("PRIMARY")
        case UniqueConstraint(columns=columns):
            return _table_unique(columns), _without_inline("UNIQUE", columns, lambda _: True)
        case ForeignKey(columns=columns):
            is_same = _reference(constraint)
            inline = _without_inline("REFERENCES", columns, is_same)
            return lambda c: c.kind == "FOREIGN" and same(c.columns, columns) and is_same(c), inline
        case Check():
            target = _check(constraint, text)
            return lambda clause: clause == target, lambda column: _without(column, target)
        case Exclusion(name=name):
            raise UnsupportedChange(f"SQLite has no exclusion constraints, such as {name}")


def _table_unique(columns: tuple[str, ...]) -> Callable[[Clause], bool]:
    return lambda clause: clause.kind == "UNIQUE" and same(clause.columns, columns)


def _without_inline(
    kind: str, columns: tuple[str, ...], is_same: Callable[[Clause], bool]
) -> Callable[[ColumnText], ColumnText]:
    def edit(column: ColumnText) -> ColumnText:
        if not same((column.name,), columns):
            return column
        for clause in column.clauses:
            if clause.kind == kind and is_same(clause):
                column = column.without_clause(clause)
        deferred = kind == "REFERENCES" and column.clause("REFERENCES") is None
        return column.without("DEFERRABLE", "NOT DEFERRABLE") if deferred else column

    return edit


def _reference(key: ForeignKey) -> Callable[[Clause], bool]:
    def is_same(clause: Clause) -> bool:
        table, columns = clause.target
        return fold(table) == fold(key.ref_table) and (
            not columns or same(columns, key.ref_columns)
        )

    return is_same


def _check(check: Check, text: TableText) -> Clause | None:
    clauses = list(check_clauses(text))
    named = [c for c in clauses if c.name is not None and fold(c.name) == fold(check.name)]
    alike = [c for c in clauses if c.name is None and c.expression == check.expression]
    return next(iter([*named, *alike]), None)


def _without(column: ColumnText, clause: Clause | None) -> ColumnText:
    return column.without_clause(clause) if clause and clause in column.clauses else column
