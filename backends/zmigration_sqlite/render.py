"""SQLite's CREATE statements and their clauses, with everything that the model can say of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from zmigration_api import (
    Check,
    Column,
    Constraint,
    Exclusion,
    ForeignKey,
    Index,
    PrimaryKey,
    Table,
    UniqueConstraint,
    UnsupportedChange,
)
from zmigration_sql import quoted

from .canonical import column_names, form
from .expressions import default_text, parenthesised
from .names import QUOTING, RESERVED, STATEMENTS
from .tokens import terminated
from .usual import is_usual


def create_table(
    table: Table, type_text: Callable[[Column], str], foreign_keys: Iterable[ForeignKey] = ()
) -> str:
    """The table with its columns, keys, unique constraints and checks.

    Of the foreign keys only those given here are written. A key of one column stands beside it.
    """
    key = table.primary_key if stands_beside(table) else None
    parts = [
        column(c, type_text(c), key=key if key and key.columns == (c.name,) else None)
        for c in table.columns
    ]
    first = (table.primary_key,) if table.primary_key and not key else ()
    rest: tuple[Constraint, ...] = (*first, *table.unique, *table.checks, *foreign_keys)
    parts += [constraint(one, table) for one in rest]
    options = f" {', '.join(table.options)}" if table.options else ""
    return f"CREATE TABLE {QUOTING.name(table.name)} ({', '.join(parts)}){options};"


def stands_beside(table: Table) -> bool:
    """Whether the primary key is a clause of its only column."""
    key = table.primary_key
    if key is None or len(key.columns) != 1 or not table.column(key.columns[0]):
        return False
    return not key.keys or order_of(key) is not None


def order_of(key: PrimaryKey) -> str | None:
    """` DESC`, or nothing, of a key over one column; None if it says more."""
    said = [form(text)[1:] for text in key.keys] or [()]
    return {(): "", ("desc",): " DESC"}.get(said[0]) if len(said) == 1 else None


def column(column: Column, type_text: str, *, key: PrimaryKey | None = None) -> str:
    """`email VARCHAR(255) NOT NULL DEFAULT 'x'`, as CREATE TABLE and ADD COLUMN take it."""
    words = [QUOTING.name(column.name), type_text, *_nulls(column, key)]
    if key is not None:
        words.append(beside(key, autoincrement=column.identity is not None))
    if column.generated is not None:
        words.append(generated(column))
    elif (default := default_text(column)) is not None:
        words.append(f"DEFAULT {default}")
    if column.collation is not None:
        words.append(collate(column.collation))
    return " ".join(word for word in words if word)


def _nulls(column: Column, key: PrimaryKey | None) -> Iterable[str]:
    """NOT NULL, unless an attribute says so; that the row's number is never null goes unsaid."""
    number = key is not None and column.exact_type is None and column.type.kind in ("int", "bigint")
    said = any(map(refuses_null, column.attributes))
    if column.required and not said and not number:
        yield "NOT NULL"
    yield from column.attributes


def refuses_null(attribute: str) -> bool:
    """Whether a column's attribute is NOT NULL, maybe with a name or a conflict clause."""
    said = form(attribute)
    return ("not", "null") in (said[:2], said[2:4])


def beside(key: PrimaryKey, *, autoincrement: bool) -> str:
    """The primary key as a clause of its only column."""
    named = f"CONSTRAINT {QUOTING.name(key.name)} " if key.name else ""
    end = " AUTOINCREMENT" if autoincrement else ""
    return f"{named}PRIMARY KEY{order_of(key) or ''}{_conflict(key)}{end}"


def generated(column: Column) -> str:
    """The clause of a generated column."""
    kind = "VIRTUAL" if column.virtual else "STORED"
    return f"GENERATED ALWAYS AS {parenthesised(column.generated or '')} {kind}"


def collate(collation: str) -> str:
    plain = collation.isascii() and collation.isidentifier()
    reserved = collation.lower() in RESERVED
    return f"COLLATE {collation if plain and not reserved else quoted(collation)}"


def constraint(one: Constraint, table: Table) -> str:
    """`CONSTRAINT name ...`; an exact table writes no name that nobody gave."""
    unnamed = table.exact and is_usual(one, table.name, column_names(table))
    named = f"CONSTRAINT {QUOTING.name(one.name)} " if one.name and not unnamed else ""
    return named + _clause(one)


def _clause(one: Constraint) -> str:
    match one:
        case PrimaryKey():
            return f"PRIMARY KEY ({_keys(one)}){_conflict(one)}"
        case UniqueConstraint():
            return f"UNIQUE ({_keys(one)}){_conflict(one)}"
        case Check(expression=expression):
            return f"CHECK {parenthesised(expression)}"
        case ForeignKey():
            return _foreign_key(one)
        case Exclusion(name=name):
            raise UnsupportedChange(f"SQLite has no exclusion constraints, such as {name}")


def _keys(one: PrimaryKey | UniqueConstraint | Index) -> str:
    return ", ".join(one.keys or map(QUOTING.name, one.columns))


def _conflict(one: PrimaryKey | UniqueConstraint) -> str:
    return f" ON CONFLICT {one.on_conflict}" if one.on_conflict else ""


def _foreign_key(key: ForeignKey) -> str:
    match = f" MATCH {key.match}" if key.match != "SIMPLE" else ""
    return f"{STATEMENTS.foreign_key(key)}{match}{f' {key.deferral}' if key.deferral else ''}"


def create_index(table: str, index: Index) -> str:
    """The index, partial or over expressions."""
    unique = "UNIQUE " if index.unique else ""
    where = f" WHERE {index.where}" if index.where else ""
    name = QUOTING.name(index.name)
    return terminated(
        f"CREATE {unique}INDEX {name} ON {QUOTING.name(table)}({_keys(index)}){where}"
    )
