"""What SQLite refuses of a schema file's tables, tried on tables in memory, with the line."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from zmigration_api import (
    Check,
    Column,
    Constraint,
    Exclusion,
    ForeignKey,
    Index,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
    UnsupportedChange,
)

from .functions import Functions
from .render import create_index, create_table
from .tokens import fold

_HINT = "correct it in the schema file"


def refuse_bad(wanted: Schema, live: Schema) -> None:
    """UnsupportedChange for the first thing that SQLite would not take, unless it is there."""
    there = {fold(table.name): table for table in live.tables}
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        Functions().register(connection)
        for table in wanted.tables:
            known = there.get(fold(table.renamed_from or table.name))
            if known != table:
                _refuse(connection, table, known or Table(name=table.name, columns=()))


def _refuse(connection: sqlite3.Connection, table: Table, live: Table) -> None:
    bare = _bare(table)
    error = _tried(connection, bare)
    if error:
        raise _refused(table, None, error, table.line)
    for column, what in _new_columns(table, live):
        if error := _tried(connection, _with_column(bare, column)):
            raise _refused(table, what, error, column.line)
    for part in _new_parts(table, live):
        if error := _tried(connection, _with_part(bare, part)):
            line = getattr(part, "line", None) or table.line
            raise _refused(table, part.name or "the primary key", error, line)


def _refused(table: Table, what: str | None, error: str, line: int | None) -> UnsupportedChange:
    where = table.name if what is None else f"{table.name}.{what}"
    return UnsupportedChange(f"{where}: SQLite refuses it: {error}", hint=_HINT, line=line)


def _bare(table: Table) -> Table:
    """Nothing but columns; with a primary key where the options ask for one."""
    key = table.primary_key if "WITHOUT ROWID" in table.options else None
    return Table(
        name=table.name,
        columns=tuple(
            Column(name=c.name, type=c.type, exact_type=c.exact_type) for c in table.columns
        ),
        primary_key=key,
        options=table.options,
        exact=True,
    )


def _new_columns(table: Table, live: Table) -> Iterator[tuple[Column, str]]:
    for column in table.columns:
        if column != live.column(column.name):
            yield column, column.name


def _with_column(bare: Table, column: Column) -> Table:
    columns = tuple(column if c.name == column.name else c for c in bare.columns)
    if column.generated is not None and len(columns) == 1:
        columns = (*columns, Column(name=f"{column.name}_", type=column.type, exact_type=""))
    return replace(bare, columns=columns)


def _new_parts(table: Table, live: Table) -> Iterator[Constraint | Index]:
    known = (*live.constraints, *live.indexes)
    yield from (part for part in (*table.constraints, *table.indexes) if part not in known)


def _with_part(bare: Table, part: Constraint | Index) -> Table:
    match part:
        case Index():
            return replace(bare, indexes=(part,))
        case ForeignKey():
            return replace(bare, foreign_keys=(part,))
        case PrimaryKey():
            return replace(bare, primary_key=part)
        case UniqueConstraint():
            return replace(bare, unique=(part,))
        case Check():
            return replace(bare, checks=(part,))
        case Exclusion():
            return replace(bare, exclusions=(part,))


def _tried(connection: sqlite3.Connection, table: Table) -> str | None:
    """SQLite's reason against the table, if it has one."""
    statements = [create_table(table, _type, table.foreign_keys)]
    statements += [create_index(table.name, index) for index in table.indexes]
    connection.execute("BEGIN")
    try:
        for statement in statements:
            connection.execute(statement)
    except sqlite3.Error as error:
        return str(error)
    finally:
        connection.execute("ROLLBACK")
    return None


def _type(column: Column) -> str:
    return column.exact_type or ""
