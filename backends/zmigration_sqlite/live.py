"""One table as the file has it: its text, and the indexes and triggers that hang on it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zmigration_api import Column, Table, UnsupportedChange

from .clauses import same
from .ddl import TableText, autoincrements, parse_table
from .tokens import depths, fold, mentions, terminated, tokenize


@dataclass(frozen=True, slots=True)
class Saved:
    """An index or trigger: its name and the statement that makes it again.

    `columns` are an index's plain columns; `plain` says that it has no expressions and no
    condition.
    """

    name: str
    statement: str
    columns: tuple[str, ...] = ()
    unique: bool = False
    plain: bool = False

    def covers(self, column: str) -> bool:
        """Whether an index is on the column, or an expression in it may be."""
        if fold(column) in map(fold, self.columns):
            return True
        tokens = tokenize(self.statement)
        inside = tokens[depths(tokens).index(1) :]
        return not self.plain and mentions(inside, column)


@dataclass(frozen=True, slots=True)
class Live:
    """A table with everything that a rebuild must carry.

    `sequence` is the last number that AUTOINCREMENT gave, None if there is none.
    """

    name: str
    text: TableText
    indexes: tuple[Saved, ...]
    triggers: tuple[Saved, ...]
    sequence: int | None = None

    @property
    def statements(self) -> tuple[str, ...]:
        """What makes the table again, empty."""
        saved = (*self.indexes, *self.triggers)
        return (terminated(self.text.render()), *(s.statement for s in saved))

    def unique_indexes(self, columns: tuple[str, ...]) -> tuple[Saved, ...]:
        """The unique indexes (not constraints) on just these columns."""
        return tuple(i for i in self.indexes if i.unique and i.plain and same(i.columns, columns))


@dataclass(frozen=True, slots=True)
class TableNow:
    """A table and what there is to know to change it.

    `columns` are its columns by name, typed as the schema has them; `type_text` gives the
    declared type of one that comes or changes; `rows` says whether there are rows; `kept` are
    the folded names of columns whose values are kept. `wanted` is the exact table that is wanted.
    """

    live: Live
    columns: Mapping[str, Column]
    type_text: Callable[[Column], str]
    rows: bool
    kept: frozenset[str] = frozenset()
    wanted: Table | None = None


def load(connection: sqlite3.Connection, name: str) -> Live:
    """The table of that name; UnsupportedChange if it is none that can be changed."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE"
    row = connection.execute(query, (name,)).fetchone()
    if row is None:
        raise UnsupportedChange(
            f"SQLite has no table {name} that can be changed",
            hint="look at the table with the sqlite3 shell; its definition may be damaged",
        )
    try:
        text = parse_table(row[1])
    except ValueError as error:
        raise UnsupportedChange(
            f"the table {name} {error}, so it cannot be changed",
            hint="virtual tables are to be changed by hand",
        ) from None
    indexes, triggers = _indexes(connection, row[0]), _triggers(connection, row[0])
    return Live(row[0], text, indexes, triggers, _sequence(connection, row[0], text))


def _indexes(connection: sqlite3.Connection, table: str) -> tuple[Saved, ...]:
    query = (
        'SELECT m.name, m.sql, l."unique", l.partial'
        " FROM sqlite_master AS m JOIN pragma_index_list(?1) AS l ON l.name = m.name"
        " WHERE m.type = 'index' AND m.sql IS NOT NULL ORDER BY m.rowid"
    )
    rows = connection.execute(query, (table,)).fetchall()
    return tuple(_saved_index(connection, *row) for row in rows)


def _saved_index(
    connection: sqlite3.Connection, name: str, sql: str, unique: int, partial: int
) -> Saved:
    query = "SELECT name FROM pragma_index_info(?) ORDER BY seqno"
    names = [row[0] for row in connection.execute(query, (name,))]
    columns = tuple(n for n in names if n is not None)
    plain = not partial and None not in names
    return Saved(name, terminated(sql), columns, bool(unique), plain)


def _sequence(connection: sqlite3.Connection, table: str, text: TableText) -> int | None:
    if not autoincrements(text):
        return None
    query = "SELECT seq FROM sqlite_sequence WHERE name = ?"
    row = connection.execute(query, (table,)).fetchone()
    return row[0] if row and isinstance(row[0], int) else None


def _triggers(connection: sqlite3.Connection, table: str) -> tuple[Saved, ...]:
    query = (
        "SELECT name, sql FROM sqlite_master"
        " WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE ORDER BY rowid"
    )
    rows = connection.execute(query, (table,))
    return tuple(Saved(name, terminated(sql)) for name, sql in rows)
