"""What a SQLite file says of its tables: PRAGMAs, and the text of the table where they are mute."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from typing import Any, NamedTuple, cast

from zmigration_api import (
    Action,
    Check,
    Column,
    ColumnType,
    Default,
    ForeignKey,
    Index,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)
from zmigration_api.values import format_value, parse

from .clauses import Clause, same
from .ddl import TableText, parse_table
from .tokens import Tokens, depths, fold, significant, text_of, tokenize
from .types import canonical, neutral

_TELLING = re.compile(r"\b(constraint|check|as)\b", re.IGNORECASE)
_NOW = ("CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME")
_NOW_CALL = re.compile(r"(datetime|date|time)\('now'\)", re.IGNORECASE)


class _Index(NamedTuple):
    """A row of PRAGMA index_list with its columns (None: an expression), its text if partial."""

    name: str
    unique: bool
    origin: str
    partial: bool
    columns: tuple[str | None, ...]
    sql: str


def inspect(
    connection: sqlite3.Connection, tables: Collection[str], known: dict[str, Table] | None = None
) -> Schema:
    """The tables of these names that are there.

    `known` are tables by folded name that need no second look; what is looked at is added.
    """
    known = {} if known is None else known
    query = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
        " AND name COLLATE NOCASE IN (SELECT value FROM json_each(?)) ORDER BY rowid"
    )
    found = connection.execute(query, (json.dumps(list(tables)),)).fetchall()
    new = [(name, sql) for name, sql in found if fold(name) not in known]
    pragmas = _Pragmas(connection, [name for name, _ in new])
    for name, sql in new:
        known[fold(name)] = _table(pragmas, name, sql)
    return Schema(tables=tuple(known[fold(name)] for name, _ in found))


def fingerprints(connection: sqlite3.Connection, tables: Collection[str]) -> dict[str, str]:
    """For each table that is there the texts that made it and its indexes, in a digest.

    PRAGMAs say nothing else.
    """
    query = "SELECT tbl_name, type, name, sql FROM sqlite_master ORDER BY type, name"
    found: dict[str, list[tuple[object, ...]]] = {}
    for name, *facts in connection.execute(query):
        found.setdefault(fold(name), []).append(tuple(facts))
    there = {name: found.get(fold(name)) for name in tables}
    return {name: _digest(facts) for name, facts in there.items() if facts}


def _digest(facts: object) -> str:
    return hashlib.sha256(repr(facts).encode("utf-8", "surrogatepass")).hexdigest()


class _Pragmas:
    """What the PRAGMAs say of some tables, each asked once for all of them."""

    def __init__(self, connection: sqlite3.Connection, tables: Sequence[str]) -> None:
        self.connection = connection
        wanted = "FROM json_each(?) AS wanted"
        names = json.dumps(tables)

        def rows(sql: str) -> dict[str, list[tuple[Any, ...]]]:
            found: dict[str, list[tuple[Any, ...]]] = {name: [] for name in tables}
            for name, *row in connection.execute(sql, (names,)):
                found[name].append(tuple(row))
            return found

        self.columns = rows(
            f"SELECT wanted.value, x.* {wanted}, pragma_table_xinfo(wanted.value) AS x"
            " ORDER BY wanted.key, x.cid"
        )
        self.indexes = rows(
            'SELECT wanted.value, l.name, l."unique", l.origin, l.partial, i.name'
            f" {wanted}, pragma_index_list(wanted.value) AS l, pragma_index_info(l.name) AS i"
            " ORDER BY wanted.key, l.seq DESC, i.seqno"
        )
        self.foreign_keys = rows(
            f"SELECT wanted.value, k.* {wanted}, pragma_foreign_key_list(wanted.value) AS k"
            " ORDER BY wanted.key, k.id DESC, k.seq"
        )


def is_there(connection: sqlite3.Connection, table: str) -> bool:
    """Whether there is a table of that name."""
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE"
    return connection.execute(query, (table,)).fetchone() is not None


def _table(pragmas: _Pragmas, name: str, sql: str) -> Table:
    text = table_text(sql) if _TELLING.search(sql) else None
    rows = pragmas.columns[name]
    indexes = list(_indexes(pragmas, name))
    key = tuple(row[1] for row in sorted(rows, key=lambda row: row[5]) if row[5])
    rowid = len(key) == 1 and not any(index.origin == "pk" for index in indexes)
    return Table(
        name=name,
        columns=tuple(_column(row, text, alias=rowid) for row in rows if row[6] != 1),
        primary_key=PrimaryKey(columns=key) if key else None,
        unique=tuple(_uniques(name, indexes, text)),
        foreign_keys=tuple(_foreign_keys(pragmas, name, text)),
        checks=tuple(_checks(name, text if "check" in sql.lower() else None)),
        indexes=tuple(_plain_indexes(indexes)),
    )


def table_text(sql: str) -> TableText | None:
    """The parts of the text; None for a virtual table."""
    try:
        return parse_table(sql)
    except ValueError:
        return None


def _column(row: tuple[Any, ...], text: TableText | None, *, alias: bool) -> Column:
    _, name, declared, not_null, default, key, hidden = row
    column_type = neutral(declared)
    return Column(
        name=name,
        type=column_type,
        required=bool(not_null or key),
        default=None if default is None else read_default(default, column_type),
        auto_increment=bool(key and alias and declared.upper() == "INTEGER"),
        generated=_generated(name, text) if hidden in (2, 3) else None,
        native=canonical(declared),
    )


def _generated(name: str, text: TableText | None) -> str:
    definition = text.definition(name) if text else None
    clause = definition.clause("AS") if definition else None
    return clause.expression if clause else ""


def read_default(text: str, column_type: ColumnType) -> Default | None:
    """A DEFAULT as SQLite keeps its text. A bare word is a text to SQLite."""
    words = significant(tokenize(text))
    if len(words) == 1:
        return _read_word(words, text, column_type)
    if len(words) == 2 and words[0].text in "+-" and words[1].kind == "number":
        sign = "-" if words[0].text == "-" else ""
        return _value(f"{sign}{words[1].text}", column_type)
    if _NOW_CALL.fullmatch(text_of(words)):
        return Default(kind="now")
    return Default(kind="expression", text=text)


def _read_word(words: Tokens, text: str, column_type: ColumnType) -> Default | None:
    word = words[0]
    if word.kind == "blob":
        decoded = bytes.fromhex(text[2:-1]).decode("utf-8", "surrogateescape")
        return Default(kind="value", text=decoded)
    if word.keyword in _NOW:
        return Default(kind="now")
    if word.keyword == "NULL":
        return None
    if word.keyword in ("TRUE", "FALSE"):
        return Default(kind="value", text=word.text.lower())
    return _value(word.name, column_type)


def _value(text: str, column_type: ColumnType) -> Default:
    """The value in the spelling of its type, or as it is if it is none of it."""
    with suppress(ValueError):
        text = format_value(parse(text, column_type), column_type)
    return Default(kind="value", text=text)


def _indexes(pragmas: _Pragmas, table: str) -> Iterator[_Index]:
    text = "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?"
    for facts, rows in groupby(pragmas.indexes[table], key=lambda row: row[:4]):
        name, unique, origin, partial = facts
        names = tuple(row[4] for row in rows)
        sql = pragmas.connection.execute(text, (name,)).fetchone()[0] if partial else ""
        yield _Index(name, bool(unique), origin, bool(partial), names, sql)


def _uniques(
    table: str, indexes: list[_Index], text: TableText | None
) -> Iterator[UniqueConstraint]:
    seen: set[tuple[str, ...]] = set()
    for index in indexes:
        columns = tuple(name for name in index.columns if name is not None)
        if not index.unique or index.partial or index.origin == "pk":
            continue
        if len(columns) == len(index.columns) and columns not in seen:
            seen.add(columns)
            name = index.name if index.origin == "c" else _unique_name(table, columns, text)
            yield UniqueConstraint(columns=columns, name=name)


def _unique_name(table: str, columns: tuple[str, ...], text: TableText | None) -> str:
    clauses = _named(text, "UNIQUE", columns)
    return clauses or f"uq_{table}_{'_'.join(columns)}"


def _named(text: TableText | None, kind: str, columns: tuple[str, ...]) -> str | None:
    """The name of the constraint of that kind on these columns."""
    if text is None:
        return None
    for clause in text.clauses():
        if clause.kind == kind and clause.name and same(clause.columns, columns):
            return clause.name
    inline = {"FOREIGN": "REFERENCES"}.get(kind, kind)
    definition = text.definition(columns[0]) if len(columns) == 1 else None
    clause_of = definition.clause(inline) if definition else None
    return clause_of.name if clause_of else None


def _plain_indexes(indexes: list[_Index]) -> Iterator[Index]:
    """Indexes over columns; the schema has no words for one over expressions, so it is left be."""
    for index in indexes:
        if index.origin != "c" or None in index.columns or (index.unique and not index.partial):
            continue
        yield Index(
            columns=tuple(name for name in index.columns if name is not None),
            unique=index.unique,
            where=condition(index.sql) if index.partial else None,
            name=index.name,
        )


def condition(sql: str) -> str:
    """What stands after WHERE in a CREATE INDEX."""
    tokens = tokenize(sql)
    levels = depths(tokens)
    at = next(i for i, t in enumerate(tokens) if levels[i] == 0 and t.keyword == "WHERE")
    return text_of(tokens[at + 1 :]).strip()


def _foreign_keys(pragmas: _Pragmas, table: str, text: TableText | None) -> Iterator[ForeignKey]:
    for _, group in groupby(pragmas.foreign_keys[table], key=lambda row: row[0]):
        parts = list(group)
        columns = tuple(part[3] for part in parts)
        there = tuple(part[4] for part in parts if part[4] is not None)
        yield ForeignKey(
            columns=columns,
            ref_table=parts[0][2],
            ref_columns=there or _key_of(pragmas.connection, parts[0][2]),
            on_update=cast(Action, parts[0][5]),
            on_delete=cast(Action, parts[0][6]),
            name=_named(text, "FOREIGN", columns) or f"fk_{table}_{'_'.join(columns)}",
        )


def _key_of(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    query = "SELECT name FROM pragma_table_xinfo(?) WHERE pk ORDER BY pk"
    return tuple(row[0] for row in connection.execute(query, (table,)))


def _checks(table: str, text: TableText | None) -> Iterator[Check]:
    for number, clause in enumerate(check_clauses(text) if text else (), start=1):
        yield Check(name=clause.name or f"ck_{table}_{number}", expression=clause.expression)


def check_clauses(text: TableText) -> Iterator[Clause]:
    """Every CHECK of a table, those of its columns first."""
    for column in text.definitions():
        yield from (clause for clause in column.clauses if clause.kind == "CHECK")
    yield from (clause for clause in text.clauses() if clause.kind == "CHECK")


def with_natives(table: Table, live: Table | None) -> Table:
    """The table with the live columns' own types."""
    natives = {fold(c.name): c.native for c in live.columns} if live else {}
    columns = (replace(c, native=natives.get(fold(c.name), c.native)) for c in table.columns)
    return replace(table, columns=tuple(columns))
