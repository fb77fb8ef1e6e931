"""What a SQLite file says of its tables, in the terms of schema files."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace

from zmigration_api import (
    Check,
    Column,
    ColumnType,
    Default,
    Identity,
    Index,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)
from zmigration_api.values import format_value, parse

from .clauses import Clause, ColumnText
from .ddl import TableText, autoincrements
from .found import Found, FoundColumn, FoundIndex, found, listed
from .parts import attributes, collation, options, primary_key, spelled, uniques
from .tokens import Tokens, fold, significant, text_of, tokenize
from .types import canonical, neutral

_NOW = ("CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME")
_NOW_CALL = re.compile(r"(datetime|date|time)\('now'\)", re.IGNORECASE)


def inspect(
    connection: sqlite3.Connection, tables: Collection[str], known: dict[str, Table] | None = None
) -> Schema:
    """The tables of these names that are there.

    `known` are tables by folded name that need no second look; what is looked at is added.
    """
    known = {} if known is None else known
    there = listed(connection, tables)
    new = [(name, sql) for name, sql in there if fold(name) not in known]
    for one in found(connection, new):
        known[fold(one.name)] = _table(one)
    return Schema(tables=tuple(known[fold(name)] for name, _ in there))


def fingerprints(connection: sqlite3.Connection, tables: Collection[str]) -> dict[str, str]:
    """For each table that is there the texts that made it and its indexes, in a digest.

    PRAGMAs say nothing else.
    """
    query = "SELECT tbl_name, type, name, sql FROM sqlite_master ORDER BY type, name"
    known: dict[str, list[tuple[object, ...]]] = {}
    for name, *facts in connection.execute(query):
        known.setdefault(fold(name), []).append(tuple(facts))
    there = {name: known.get(fold(name)) for name in tables}
    return {name: _digest(facts) for name, facts in there.items() if facts}


def _digest(facts: object) -> str:
    return hashlib.sha256(repr(facts).encode("utf-8", "surrogatepass")).hexdigest()


def is_there(connection: sqlite3.Connection, table: str) -> bool:
    """Whether there is a table of that name."""
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE"
    return connection.execute(query, (table,)).fetchone() is not None


def _table(one: Found) -> Table:
    definitions = one.definitions()
    numbered = one.text is not None and autoincrements(one.text)
    columns = (
        column_of(one, column, definitions.get(fold(column.name)), numbered=numbered)
        for column in one.columns
    )
    return Table(
        name=one.name,
        columns=tuple(map(_read, columns)),
        primary_key=key_of(one),
        unique=tuple(_uniques(one)),
        foreign_keys=one.references,
        checks=tuple(_checks(one)),
        indexes=tuple(_indexes(one)),
        options=options(one.text) if one.text else (),
    )


def column_of(
    one: Found, column: FoundColumn, definition: ColumnText | None, *, numbered: bool
) -> Column:
    """The column, with its default as it is written. A key is required in the model."""
    identity = Identity(kind="autoincrement") if numbered and column.key else None
    is_number = column.key and one.rowid_alias and column.declared.upper() == "INTEGER"
    return Column(
        name=column.name,
        type=neutral(column.declared),
        required=bool(column.not_null or column.key),
        default=None if column.default is None else written_default(column.default),
        auto_increment=bool(is_number),
        generated=_generated(definition) if column.generated else None,
        virtual=column.virtual,
        collation=collation(definition) if definition else None,
        identity=identity,
        attributes=attributes(definition) if definition else (),
        native=canonical(column.declared),
    )


def written_default(text: str) -> Default:
    """The default in SQLite's own words."""
    return Default(kind="expression", text=text.strip())


def _read(column: Column) -> Column:
    if column.default is None:
        return column
    return replace(column, default=read_default(column.default.text, column.type))


def _generated(definition: ColumnText | None) -> str:
    clause = definition.clause("AS") if definition else None
    return clause.expression if clause else ""


def key_of(one: Found) -> PrimaryKey | None:
    """The primary key, with what the text says of it."""
    if not one.key:
        return None
    said = primary_key(one.text, spelled(one.key)) if one.text else None
    return said or PrimaryKey(columns=one.key)


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


def _uniques(one: Found) -> Iterator[UniqueConstraint]:
    """What is unique over columns, in the order in which SQLite made it, once each."""
    said = list(uniques(one.name, one.text, _spelled(one))) if one.text else []
    seen: set[tuple[str, ...]] = set()
    for index in one.indexes:
        columns = index.over.columns
        if not _unique_over_columns(index) or columns in seen:
            continue
        seen.add(columns)
        if index.origin == "c":
            yield UniqueConstraint(columns=columns, name=index.name, by_index=True)
        else:
            yield from [unique for unique in said if unique.columns == columns][:1]


def _unique_over_columns(index: FoundIndex) -> bool:
    return index.unique and index.plain and index.origin != "pk"


def _spelled(one: Found) -> dict[str, str]:
    return spelled([column.name for column in one.columns])


def _indexes(one: Found) -> Iterator[Index]:
    for index in one.indexes:
        if index.origin == "c" and not _unique_over_columns(index):
            yield index_of(index)


def index_of(index: FoundIndex) -> Index:
    """The index in the model's words."""
    columns, keys = index.over
    return Index(
        columns=columns, keys=keys, unique=index.unique, where=index.where, name=index.name
    )


def _checks(one: Found) -> Iterator[Check]:
    for number, clause in enumerate(check_clauses(one.text) if one.text else (), start=1):
        yield Check(name=clause.name or f"ck_{one.name}_{number}", expression=clause.expression)


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
