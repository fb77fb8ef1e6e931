"""Tables as a schema file should say them: as short as possible, and all of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import replace

from zmigration_api import (
    Check,
    Column,
    ColumnType,
    Default,
    Index,
    Inspected,
    Schema,
    Table,
    UnsupportedChange,
    is_internal,
)
from zmigration_api.history import may_be_history

from .canonical import form, key_column, same_type, tidy
from .exact import written
from .inspect import read_default
from .parts import spelled
from .tokens import fold, mentions, significant, tokenize
from .types import declared_type, neutral
from .usual import check_name, is_usual


def table_names(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Ordinary tables, in the order in which they were made."""
    return tuple(name for name in _all(connection) if not is_internal(name))


def history_names(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Tables that may be histories."""
    return tuple(filter(may_be_history, _all(connection)))


def _all(connection: sqlite3.Connection) -> list[str]:
    query = (
        "SELECT m.name FROM sqlite_master AS m JOIN pragma_table_list AS l"
        " ON l.schema = 'main' AND l.name = m.name AND l.type = 'table'"
        " WHERE m.type = 'table' ORDER BY m.rowid"
    )
    return [name for (name,) in connection.execute(query)]


def described(connection: sqlite3.Connection, tables: Schema) -> Inspected:
    """What `as_found` gave, in the words of a schema file."""
    names = {fold(table.name) for table in tables.tables}
    return Inspected(
        schema=replace(tables, tables=tuple(map(_table, tables.tables))),
        exact=True,
        notes=tuple(_notes(connection, names)),
    )


def _table(table: Table) -> Table:
    names = spelled([column.name for column in table.columns])
    strict = "STRICT" in table.options
    key = table.primary_key
    return replace(
        table,
        primary_key=replace(key, name=key.name or None) if key else None,
        columns=tuple(_column(column, strict=strict) for column in table.columns),
        checks=tuple(_check(check, table.name, names) for check in table.checks),
        indexes=tuple(_index(index, names) for index in table.indexes),
    )


def _column(column: Column, *, strict: bool) -> Column:
    declared = column.exact_type or ""
    plain = column.type.kind != "native"
    if not (plain and same_type(declared_type(column.type, None, strict=strict), declared)):
        column = replace(column, type=ColumnType(kind="native", native=declared))
    return replace(
        column,
        exact_type=None,
        default=_default(column, declared),
        generated=None if column.generated is None else tidy(column.generated),
    )


def _default(column: Column, declared: str) -> Default | None:
    """As a value or `now` where that alone makes the very same text."""
    if column.default is None:
        return None
    text = column.default.text
    read = read_default(text, neutral(declared))
    try:
        same = read is not None and written(replace(column, default=read), declared) == tidy(text)
    except UnsupportedChange:
        same = False
    return (
        read
        if same and read and read.kind != "expression" and read.text.isprintable()
        else Default(kind="expression", text=tidy(text))
    )


def _check(check: Check, table: str, names: Collection[str]) -> Check:
    text = tidy(check.expression)
    usual = is_usual(check, table, names)
    return replace(check, expression=text, name=check_name(table, text) if usual else check.name)


def _index(index: Index, names: Collection[str]) -> Index:
    """A lone word that is no column (NULL, CURRENT_DATE) stands in parentheses."""
    words = {k for k in index.keys if _is_word(k) and key_column(k, names) is None}
    keys = tuple(f"({key})" if key in words else key for key in index.keys)
    return replace(index, keys=keys, where=None if index.where is None else tidy(index.where))


def _is_word(key: str) -> bool:
    return [token.kind for token in significant(tokenize(key))] == ["word"]


def _notes(connection: sqlite3.Connection, tables: Collection[str]) -> Iterator[str]:
    """What is of these tables, or hangs on them, that a schema file has no words for."""
    facts = "type, name, tbl_name, sql"
    query = f"SELECT {facts} FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
    for kind, name, table, sql in connection.execute(query):
        if kind == "trigger" and fold(table) in tables:
            yield f"The trigger {name} on {table} stays as it is."
        elif kind == "view":
            tokens = tokenize(sql)
            if any(mentions(tokens, one) for one in tables):
                yield f"The view {name} stays as it is."
        elif kind == "table" and form(sql)[:2] == ("create", "virtual"):
            yield f"The virtual table {name} stays as it is."
