"""A SQLite file, read by PRAGMAs and the texts that it keeps, by none of the project's code."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from tests.pairs.sql_words import Word, shown, words
from tests.pairs.sqlite_table_text import table_lines

Cells: TypeAlias = list[str]
Values: TypeAlias = dict[str, dict[tuple[str, str], Cells]]
OURS = "__zmigration_"
PARTS = "SELECT name, desc, lower(coll) FROM pragma_index_xinfo(?) WHERE key"
COLUMNS = 'SELECT name, upper(type), "notnull", pk, hidden FROM pragma_table_xinfo(?) ORDER BY 1'
UNIQUES = "SELECT name, origin FROM pragma_index_list(?) WHERE origin <> 'c'"
KEYS = 'SELECT id, lower("table"), on_update, on_delete, "match" FROM pragma_foreign_key_list(?)'
KEY_COLUMNS = (
    'SELECT lower("from"), lower("to") FROM pragma_foreign_key_list(?) WHERE id = ? ORDER BY seq'
)
ORDINARY = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    f" AND substr(name, 1, {len(OURS)}) <> '{OURS}' ORDER BY 1"
)


class SqlitePlace:
    """One file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = str(path)

    def do(self, script: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(script)

    def catalog(self) -> list[str]:
        """All that the file says of its tables, indexes, triggers and views, sorted, once."""
        with closing(sqlite3.connect(self.path)) as connection:
            found = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
            lines = [
                line
                for kind, name, table, sql in found.fetchall()
                if sql and not table.startswith((OURS, "sqlite_"))
                for line in _lines(connection, kind, name, sql)
            ]
        return sorted(set(lines))

    def values(self) -> Values:
        """The values of each table's columns that are not generated, by name and type."""
        with closing(sqlite3.connect(self.path)) as connection:
            names = [name for (name,) in connection.execute(ORDINARY)]
            return {name.lower(): dict(_columns(connection, name)) for name in names}


def _lines(connection: sqlite3.Connection, kind: str, name: str, sql: str) -> Iterator[str]:
    if kind == "index":
        yield f"index {name.lower()}: {_index_text(sql)}"
        yield f"index {name.lower()}: {connection.execute(PARTS, [name]).fetchall()}"
    elif kind != "table" or re.match(r"create\s+virtual", sql, re.IGNORECASE):
        yield f"{kind} {name}: {shown(words(sql))}"
    else:
        for line in [*_facts(connection, name), *table_lines(sql)]:
            yield f"table {name}: {line}"


def _index_text(sql: str) -> str:
    said = words(sql)
    unique = "unique " if said[1].text == "unique" else ""
    text = shown(said[said.index(Word("name", "on")) :])
    return unique + re.sub(r" asc(?= [,)])", "", text)


def _facts(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    for row in connection.execute(COLUMNS, [table]):
        yield f"column {row}"
    for name, origin in connection.execute(UNIQUES, [table]).fetchall():
        yield f"{origin} over {connection.execute(PARTS, [name]).fetchall()}"
    yield from _foreign_keys(connection, table)


def _foreign_keys(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    """Each with the columns that it refers to, None where the parent's primary key is meant."""
    for number, parent, *actions in connection.execute(KEYS, [table]).fetchall():
        columns = connection.execute(KEY_COLUMNS, [table, number]).fetchall()
        own, referred = zip(*columns, strict=True)
        yield f"foreign key {own} to {parent} {referred} {actions}"


def _columns(connection: sqlite3.Connection, table: str) -> Iterator[tuple[tuple[str, str], Cells]]:
    quoted = '"' + table.replace('"', '""') + '"'
    for name, native, *_, hidden in connection.execute(COLUMNS, [table]).fetchall():
        if hidden:
            continue
        column = '"' + name.replace('"', '""') + '"'
        cells = connection.execute(f"SELECT quote({column}) FROM {quoted}").fetchall()
        yield (name.lower(), native), sorted(cell for (cell,) in cells)
