"""The changes of one table, made on its text: what a rebuild will create and copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from zmigration_api import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    AlterTable,
    Change,
    Column,
    Constraint,
    DropColumn,
    DropConstraint,
    Hazard,
    PrimaryKey,
    RenamePart,
    Table,
    UniqueConstraint,
    UnsupportedChange,
)

from . import render
from .canonical import column_names, form, same_type
from .clauses import Clause, ColumnText
from .ddl import TableText, autoincrements, rowid_alias
from .expressions import converted, default_text, fill
from .inspect import check_clauses
from .live import TableNow
from .matching import Matching, column_loses, named_clause
from .names import QUOTING
from .parts import attributes, collation, primary_key, spelled
from .rebuild import rowid_name
from .tokens import fold, mentions, text_of, trimmed
from .types import holds
from .usual import is_usual


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
        self._wanted = now.wanted
        self._dropped: list[str] = []
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
            case AlterTable(_, _, options):
                self.text = self.text.with_options(options)
            case RenamePart(_, _, old, new):
                self._rename(old, new)
            case _:
                raise AssertionError(change)

    @property
    def values(self) -> dict[str, str]:
        """Each stored column's value as SQL over the old table."""
        alias = rowid_alias(self.text)
        values = dict(self._values)
        if alias in values and values[alias] == "NULL" and not self._live.text.without_rowid:
            values[alias] = rowid_name(self._live.text) or "NULL"
        stored = {c.name for c in self.text.definitions() if c.clause("AS") is None}
        return {name: value for name, value in values.items() if name in stored}

    def finish(self) -> None:
        """Refuse to leave something that needs a column which is gone."""
        self._reorder_key()
        for name in self._dropped:
            for clause in (*check_clauses(self.text), *_generated(self.text)):
                if mentions(clause.tokens, name) and not self._is_wanted(clause):
                    needs = f"{clause.kind} ({clause.expression})"
                    raise UnsupportedChange(
                        f"column {self._live.name}.{name} cannot go: {needs} needs it",
                        hint="drop that from the table first",
                    )

    def _reorder_key(self) -> None:
        """An order that said nothing of the row's number says something when it is that no more."""
        wanted = self._wanted.primary_key if self._wanted else None
        names = spelled([column.name for column in self.text.definitions()])
        key = primary_key(self.text, names)
        if key is None or wanted is None or key.columns != wanted.columns:
            return
        if [form(text, names) for text in key.keys] != [form(text, names) for text in wanted.keys]:
            self._release(key)
            self._constrain(wanted)

    def _is_wanted(self, clause: Clause) -> bool:
        """Whether the schema file itself says the expression; what looks like a name is a text."""
        if self._wanted is None:
            return False
        texts = [check.expression for check in self._wanted.checks]
        texts += [c.generated for c in self._wanted.columns if c.generated is not None]
        return form(clause.expression) in map(form, texts)

    def _add(self, column: Column) -> None:
        self.text = self.text.with_column(render.column(column, self._type_text(column)))
        self._values[column.name] = fill(column, self._others) or "NULL"

    def _drop(self, name: str) -> None:
        found = self._definition(name)
        self.text = self.text.without_column(name).without_constraints(_of_column(name))
        self._values.pop(found.name, None)
        self.gone |= {i.name for i in self._live.indexes if i.covers(name)}
        self._dropped.append(name)
        if self._wanted is not None:
            self._keep_checks(found)

    def _keep_checks(self, gone: ColumnText) -> None:
        """What a column says of others stays, unless it is said elsewhere too."""
        for clause in gone.clauses:
            if clause.kind != "CHECK" or mentions(clause.tokens, gone.name):
                continue
            said = [(c.name, form(c.expression)) for c in check_clauses(self.text)]
            if (clause.name, form(clause.expression)) not in said:
                self.text = self.text.with_constraint(text_of(trimmed(clause.tokens)[1]))

    def _alter(self, change: AlterColumn) -> None:
        name = self._definition(change.new.name).name
        self._values[name] = altered_value(change, self._others) or self._values[name]
        self._edit(name, lambda column: self._altered(column, change))
        if change.old.identity != change.new.identity:
            self._number(name, autoincrement=change.new.identity is not None)

    def _altered(self, column: ColumnText, change: AlterColumn) -> ColumnText:
        old, new = change.old, change.new
        if not self._holds(column, new):
            column = column.with_type(self._type_text(new))
        if (old.generated, old.virtual) != (new.generated, new.virtual):
            column = self._regenerated(column, change)
        if (old.required, old.attributes) != (new.required, new.attributes):
            column = self._required(column, change)
        if (old.default, old.generated) != (new.default, new.generated):
            column = column.without("DEFAULT")
            text = None if new.generated else default_text(new)
            column = column.with_clause(f"DEFAULT {text}") if text else column
        if old.collation != new.collation and collation(column) != new.collation:
            column = column.without("COLLATE")
            column = column.with_clause(render.collate(new.collation)) if new.collation else column
        return column

    def _number(self, name: str, *, autoincrement: bool) -> None:
        """AUTOINCREMENT beside the column, which must be the key; a key to come brings its own."""
        key = primary_key(self.text, spelled([name]))
        if key is None or key.columns != (name,) or autoincrements(self.text) == autoincrement:
            return
        clause = render.beside(key, autoincrement=autoincrement)
        self.text = self.text.without_constraints(lambda c: c.kind == "PRIMARY")
        self._edit(name, lambda column: column.without("PRIMARY").with_clause(clause))

    def _holds(self, column: ColumnText, new: Column) -> bool:
        if new.exact_type is not None:
            return same_type(column.type, new.exact_type)
        return holds(column.type, new.type)

    def _required(self, column: ColumnText, change: AlterColumn) -> ColumnText:
        old, new = change.old, change.new
        if old.attributes != new.attributes and attributes(column) != new.attributes:
            column = column.without("NOT NULL")
            for attribute in new.attributes:
                column = column.with_clause(attribute)
        if not new.required:
            return column.without("NOT NULL")
        alias = rowid_alias(self.text)
        number = new.exact_type is None and alias and fold(alias) == fold(new.name)
        if column.clause("NOT NULL") or number:
            return column
        return column.without("NULL").with_clause("NOT NULL")

    def _regenerated(self, column: ColumnText, change: AlterColumn) -> ColumnText:
        new = change.new
        column = column.without("AS")
        if new.generated is None:
            return column
        if change.old.generated is None:
            where = f"{self._live.name}.{new.name}"
            self.hazards.append(Hazard("data_loss", f"{where} is computed from now on"))
        return column.with_clause(render.generated(new))

    def _constrain(self, constraint: Constraint) -> None:
        table = self._wanted or Table(name=self._live.name, columns=())
        if isinstance(constraint, PrimaryKey):
            if self._wanted is None:
                self._require(constraint.columns)
            elif render.stands_beside(self._wanted):
                (name,) = constraint.columns
                column = self._wanted.column(name)
                numbered = column is not None and column.identity is not None
                clause = render.beside(constraint, autoincrement=numbered)
                return self._edit(name, lambda column: column.with_clause(clause))
        self.text = self.text.with_constraint(render.constraint(constraint, table))

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
        exact = self._wanted is not None
        matching = Matching.of(constraint, self.text, exact=exact)
        self.text = self.text.without_constraints(matching.at_table)
        self.text = self.text.edited_all(lambda column: column_loses(column, matching))
        if isinstance(constraint, UniqueConstraint) and not exact:
            self.gone |= {i.name for i in self._live.unique_indexes(constraint.columns)}
        if before == (self.text, self.gone):
            said = render.constraint(constraint, Table(name=self._live.name, columns=()))
            raise UnsupportedChange(
                f"{self._live.name} has no such constraint to drop: {said}",
                hint="run again; the table may have been changed meanwhile",
            )

    def _rename(self, old: str, new: str) -> None:
        """A name that nobody gave is not written, so that there may be nothing to change."""
        wanted = self._wanted
        part = next((c for c in wanted.constraints if c.name == new), None) if wanted else None
        usual = (
            part is not None
            and wanted is not None
            and is_usual(part, wanted.name, column_names(wanted))
        )
        before = named_clause(self._live.text, old)  # two may have swapped their names by now
        clause = before if before in _clauses(self.text) else named_clause(self.text, old)
        if clause is None and part is not None:
            clause = Matching.of(part, self.text, exact=True).unnamed(self.text)
        if clause is None:
            raise UnsupportedChange(f"{self._live.name} has no constraint {old} to rename")
        renamed = clause.named("" if usual else f"CONSTRAINT {QUOTING.name(new)} ")
        self.text = self.text.with_clause(clause, renamed)

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


def _clauses(text: TableText) -> tuple[Clause, ...]:
    return (
        *(clause for column in text.definitions() for clause in column.clauses),
        *text.clauses(),
    )


def _generated(text: TableText) -> tuple[Clause, ...]:
    clauses = (column.clause("AS") for column in text.definitions())
    return tuple(clause for clause in clauses if clause)
