"""What a rollback must bring back: everything in a store but history, archives and column order."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import Any

import psycopg

from tests.scenarios.stores import CsvStore, PostgresStore, SqliteStore, Store

OURS = "__zmigration_"


def essence(store: Store) -> dict[str, Any]:
    """Structure and rows by name, comparable with `==`."""
    if isinstance(store, CsvStore):
        return _files(store)
    if isinstance(store, SqliteStore):
        return _sqlite(store)
    assert isinstance(store, PostgresStore)
    return _postgresql(store)


def _files(store: CsvStore) -> dict[str, Any]:
    paths = store.folder.glob("*") if store.folder.exists() else ()
    return {path.name: path.read_bytes() for path in paths if not path.name.startswith(OURS)}


def _sqlite(store: SqliteStore) -> dict[str, Any]:
    if not store.path.exists():
        return {}
    with closing(sqlite3.connect(store.path)) as connection:
        objects = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master"
        ).fetchall()
        found: dict[str, Any] = {
            f"{kind} {name}": _plain(text)
            for kind, name, table, text in objects
            if not name.startswith((OURS, "sqlite_")) and not table.startswith(OURS)
        }
        for kind, name, *_ in objects:
            if kind == "table" and not name.startswith((OURS, "sqlite_")):
                found[f"rows {name}"] = _sqlite_rows(connection, name)
    return found


def _plain(text: str | None) -> str:
    """SQLite writes the name of a table that was renamed with quotes."""
    return " ".join(re.sub(r'"(\w+)"', r"\1", text or "").split())


def _sqlite_rows(connection: sqlite3.Connection, table: str) -> list[Any]:
    quoted = '"' + table.replace('"', '""') + '"'
    names = [row[1] for row in connection.execute(f"PRAGMA table_xinfo({quoted})")]
    terms = (f'"{n}", typeof("{n}")' for n in (name.replace('"', '""') for name in names))
    rows = connection.execute(f"SELECT {', '.join(terms)} FROM {quoted}").fetchall()
    return sorted(rows, key=repr)


_STRUCTURE = (
    "SELECT c.relname, a.attname, format_type(atttypid, atttypmod), attnotnull,"
    " pg_get_expr(adbin, adrelid), attidentity::text, attgenerated::text,"
    " col_description(c.oid, attnum)"
    " FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid"
    " LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
    " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0"
    " AND NOT attisdropped",
    "SELECT c.relname, conname, pg_get_constraintdef(k.oid) FROM pg_constraint k"
    " JOIN pg_class c ON c.oid = conrelid WHERE connamespace = 'public'::regnamespace",
    "SELECT c.relname, i.relname, pg_get_indexdef(indexrelid) FROM pg_index"
    " JOIN pg_class c ON c.oid = indrelid JOIN pg_class i ON i.oid = indexrelid"
    " WHERE c.relnamespace = 'public'::regnamespace",
    "SELECT c.relname, tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t"
    " JOIN pg_class c ON c.oid = tgrelid"
    " WHERE NOT tgisinternal AND c.relnamespace = 'public'::regnamespace",
)


def _postgresql(store: PostgresStore) -> dict[str, Any]:
    with psycopg.connect(store.url) as connection:
        found: dict[str, Any] = {}
        for number, query in enumerate(_STRUCTURE):
            rows = connection.execute(query.encode()).fetchall()
            found[f"structure {number}"] = sorted(
                (row for row in rows if not str(row[0]).startswith(OURS)), key=repr
            )
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        for (name,) in tables:
            if not name.startswith(OURS):
                found[f"rows {name}"] = _postgresql_rows(connection, name)
    return found


def _postgresql_rows(connection: psycopg.Connection[Any], table: str) -> list[str]:
    """Each row as JSON with sorted keys, so that the order of columns does not matter."""
    query = psycopg.sql.SQL("SELECT to_jsonb(t)::text FROM {} t").format(
        psycopg.sql.Identifier(table)
    )
    return sorted(row[0] for row in connection.execute(query))
