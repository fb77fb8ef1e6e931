"""The model's words as PostgreSQL's statements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Literal

from zmigration_api import (
    Check,
    Column,
    Constraint,
    Deferral,
    Exclusion,
    ForeignKey,
    Identity,
    Index,
    PrimaryKey,
    SetComment,
    Table,
    UniqueConstraint,
)
from zmigration_sql import Statements, literal

from .names import QUOTING, collation_name, join, split, table_name
from .tokens import before_options, lasting

UNLOGGED = "UNLOGGED"
NOT_NULL = "NOT NULL"
Commented = Literal["table", "column", "index", "constraint"]


def is_not_null(attribute: str) -> bool:
    """Whether an attribute is NOT NULL that says more: `NOT NULL NO INHERIT`."""
    return attribute.startswith(NOT_NULL)


class PostgreSQLStatements(Statements):
    """What the dialects share, with all that PostgreSQL has besides."""

    __slots__ = ()

    def table(self, name: str) -> str:
        return table_name(name)

    def create_table(
        self,
        table: Table,
        type_text: Callable[[Column], str],
        default_text: Callable[[Column], str | None],
        foreign_keys: Iterable[ForeignKey] = (),
    ) -> str:
        """As for every dialect; checks that are not valid and attributes need `table_rest`."""
        key = _beside(table.primary_key)
        parts = [
            self.column(c, type_text(c), default_text(c), key=c.name in key) for c in table.columns
        ]
        checks = (check for check in table.checks if check.valid)
        first = (table.primary_key,) if table.primary_key and not key else ()
        rest: tuple[Constraint, ...] = (*first, *table.unique, *checks, *table.exclusions)
        parts += map(self.named, (*rest, *foreign_keys))
        unlogged = f"{UNLOGGED} " if UNLOGGED in table.options else ""
        name = self.table(table.name)
        return f"CREATE {unlogged}TABLE {name} ({', '.join(parts)}){_with(table.options)};"

    def table_rest(self, table: Table) -> Iterator[str]:
        """What a new table gets by statements of their own, but for comments."""
        for column in table.columns:
            yield from self.attributes(table.name, column)
        yield from (self.add_constraint(table.name, c) for c in table.checks if not c.valid)

    def column(
        self, column: Column, type_text: str, default: str | None, *, key: bool = False
    ) -> str:
        collation = f" COLLATE {collation_name(column.collation)}" if column.collation else ""
        if column.generated is not None:
            column = replace(column, generated=lasting(column.generated))
        text = super().column(column, type_text + collation, default, key=key)
        if column.virtual and column.generated is not None:
            text = f"{text.removesuffix(' STORED')} VIRTUAL"
        return text + _identity(column.identity)

    def attributes(self, table: str, column: Column) -> Iterator[str]:
        """The column's attributes, each by a statement of its own."""
        for attribute in column.attributes:
            yield from self.attribute(table, column.name, attribute)

    def attribute(self, table: str, column: str, attribute: str) -> Iterator[str]:
        """One attribute of a column; NOT NULL with more words takes the place of the plain one."""
        quoted = self.quoting.name(column)
        if not is_not_null(attribute):
            yield f"{self.alter(table)} ALTER COLUMN {quoted} SET {attribute};"
            return
        words = attribute.removeprefix(NOT_NULL)
        yield f"{self.alter(table)} ALTER COLUMN {quoted} DROP NOT NULL;"
        yield f"{self.alter(table)} ADD {NOT_NULL} {quoted}{words};"

    def create_index(self, table: str, index: Index) -> str:
        unique = "UNIQUE " if index.unique else ""
        method = f" USING {index.method} " if index.method else ""
        keys = (
            ", ".join(map(lasting, index.keys)) if index.keys else self.quoting.names(index.columns)
        )
        where = f" WHERE {lasting(index.where)}" if index.where else ""
        return (
            f"CREATE {unique}INDEX {self.quoting.name(index.name)}"
            f" ON {self.table(table)}{method}({keys}){self._include(index.include)}"
            f"{_NULLS if index.nulls_not_distinct else ''}{_with(index.options)}{where};"
        )

    def drop_index(self, name: str, table: str | None = None) -> str:
        """An index is in the schema of its table."""
        return f"DROP INDEX {self.beside(table, name)};"

    def rename_part(self, table: str, part: str, old: str, new: str) -> str:
        to = self.quoting.name(new)
        if part == "index":
            return f"ALTER INDEX {self.beside(table, old)} RENAME TO {to};"
        return f"{self.alter(table)} RENAME CONSTRAINT {self.quoting.name(old)} TO {to};"

    def validate(self, table: str, name: str) -> str:
        return f"{self.alter(table)} VALIDATE CONSTRAINT {self.quoting.name(name)};"

    def alter(self, table: str) -> str:
        return self._alter(table)

    def beside(self, table: str | None, name: str) -> str:
        """The name of something in the schema of a table."""
        schema = split(table)[0] if table else None
        return table_name(join(schema, name))

    def rename_table(self, old: str, new: str) -> str:
        return f"{self._alter(old)} RENAME TO {self.quoting.name(split(new)[1])};"

    def comment(self, table: str, on: Commented, name: str | None, text: str | None) -> str:
        """COMMENT ON; None takes it away."""
        target = self._commented(table, on, "" if name is None else name)
        return f"COMMENT ON {target} IS {'NULL' if text is None else literal(text)};"

    def _commented(self, table: str, on: Commented, name: str) -> str:
        match on:
            case "table":
                return f"TABLE {self.table(table)}"
            case "column":
                return f"COLUMN {self.table(table)}.{self.quoting.name(name)}"
            case "constraint":
                return f"CONSTRAINT {self.quoting.name(name)} ON {self.table(table)}"
            case "index":
                return f"INDEX {self.beside(table, name)}"

    def set_comment(self, change: SetComment) -> str:
        return self.comment(change.table, change.on, change.name, change.new)

    def table_comments(self, table: Table) -> Iterator[str]:
        """The comments on a new table and on what it comes with."""
        if table.comment is not None:
            yield self.comment(table.name, "table", None, table.comment)
        for column in table.columns:
            yield from self.column_comment(table.name, column)
        for constraint in table.constraints:
            if not isinstance(constraint, ForeignKey):
                yield from self.constraint_comment(table.name, constraint)

    def column_comment(self, table: str, column: Column) -> Iterator[str]:
        if column.comment is not None:
            yield self.comment(table, "column", column.name, column.comment)

    def constraint_comment(self, table: str, constraint: Constraint) -> Iterator[str]:
        """The comments on a constraint, and on the index behind it."""
        name = constraint_name(table, constraint)
        if constraint.comment is not None:
            yield self.comment(table, "constraint", name, constraint.comment)
        if isinstance(constraint, ForeignKey | Check) or constraint.index_comment is None:
            return
        yield self.comment(table, "index", name, constraint.index_comment)

    def index_comment(self, table: str, index: Index) -> Iterator[str]:
        if index.comment is not None:
            yield self.comment(table, "index", index.name, index.comment)

    def clause(self, constraint: Constraint) -> str:
        match constraint:
            case PrimaryKey():
                return f"PRIMARY KEY {self._keyed(constraint)}"
            case UniqueConstraint(nulls_not_distinct=alike):
                return f"UNIQUE{_NULLS if alike else ''} {self._keyed(constraint)}"
            case Check(expression=expression, inherited=inherited, valid=valid):
                alone = "" if inherited else " NO INHERIT"
                return f"CHECK ({lasting(expression)}){alone}{_validity(valid)}"
            case Exclusion(definition=definition, deferral=deferral, options=options):
                place = before_options(definition) if options else len(definition)
                definition = definition[:place] + _with(options) + definition[place:]
                return f"EXCLUDE {lasting(definition)}{_deferral(deferral)}"
            case ForeignKey():
                return self._foreign_key(constraint)

    def _keyed(self, key: PrimaryKey | UniqueConstraint) -> str:
        names = ", ".join(key.keys) if key.keys else self.quoting.names(key.columns)
        rest = f"{_with(key.options)}{_deferral(key.deferral)}"
        return f"({names}){self._include(key.include)}{rest}"

    def _include(self, columns: Iterable[str]) -> str:
        names = self.quoting.names(columns)
        return f" INCLUDE ({names})" if names else ""

    def _foreign_key(self, key: ForeignKey) -> str:
        target = f"{self.table(key.ref_table)}({self.quoting.names(key.ref_columns)})"
        match_text = "" if key.match == "SIMPLE" else f" MATCH {key.match}"
        actions = ""
        if key.on_delete != "NO ACTION":
            some = f" ({self.quoting.names(key.set_columns)})" if key.set_columns else ""
            actions += f" ON DELETE {key.on_delete}{some}"
        if key.on_update != "NO ACTION":
            actions += f" ON UPDATE {key.on_update}"
        return (
            f"FOREIGN KEY ({self.quoting.names(key.columns)}) REFERENCES {target}{match_text}"
            f"{actions}{_deferral(key.deferral)}{_validity(key.valid)}"
        )


_NULLS = " NULLS NOT DISTINCT"
SQL = PostgreSQLStatements(QUOTING)


def constraint_name(table: str, constraint: Constraint) -> str:
    """The name of a constraint, a primary key's as the server gives it."""
    if isinstance(constraint, PrimaryKey):
        return constraint.name or f"{split(table)[1]}_pkey"
    return constraint.name


def parameters(options: Iterable[str]) -> tuple[str, ...]:
    """Of a table's options the storage parameters."""
    return tuple(option for option in options if option != UNLOGGED)


def _beside(key: PrimaryKey | None) -> tuple[str, ...]:
    """The column beside which the primary key stands, if it is one and nothing more is said."""
    plain = key is not None and not (key.include or key.deferral or key.options or key.name)
    return key.columns if key and plain and len(key.columns) == 1 else ()


def _identity(identity: Identity | None) -> str:
    if identity is None or identity.kind not in ("always", "by default"):
        return ""
    options = f" ({identity.options})" if identity.options else ""
    return f" GENERATED {identity.kind.upper()} AS IDENTITY{options}"


def _with(options: Iterable[str]) -> str:
    listed = ", ".join(parameters(options))
    return f" WITH ({listed})" if listed else ""


def _deferral(deferral: Deferral | None) -> str:
    return f" {deferral}" if deferral else ""


def _validity(valid: bool) -> str:
    return "" if valid else " NOT VALID"
