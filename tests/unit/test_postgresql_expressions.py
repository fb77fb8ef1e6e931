"""Expressions that the server keeps once as it would keep them again, and plain defaults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from examples.local_postgres import fresh_database
from tests.unit.exact_tables import compared, described, make, no_scratch, opened
from zmigration_api import Column, ColumnType, Default, Schema, Table
from zmigration_postgresql.store import PostgreSQLStore
from zmigration_postgresql.tokens import bare, lasting, listed, spaced

CHECKS = (Path(__file__).parent / "checks.txt").read_text().splitlines()
COLUMNS = """
CREATE TYPE mood AS ENUM ('sad','glad'); CREATE DOMAIN pos AS integer;
CREATE DOMAIN dvc AS varchar(9);
CREATE TABLE t (v varchar, v9 varchar(9), t text, c char, c3 char(3), i int, b bigint, s smallint,
  n numeric, d float8, dt date, ts timestamp, tz timestamptz, iv interval, j jsonb, json_x json,
  a int[], ta text[], va varchar[], m mood, bo boolean, vb bit(3), bt bit, ip inet, u uuid,
  r int4range, tt time, x xml, mo money, p point, dom pos, dv dvc, nam name, ch "char")"""
DEFAULTS = {
    "int": ("0", "5", "999999999", "1000000000", "2147483647", "-3"),
    "bigint": ("7", "5000000000", "-5000000000"),
    "float": ("1.5", "1.0", "1e-09", "0.1", "100000000000000000000", "-2.5"),
    "decimal": ("1.50", "0.10", "-2", "1000000000000", "0"),
    "bool": ("true", "false"),
    "text": ("", "x", "it's", "a\\b", "line\nline", "ü%", "true", "5", "NULL", "'quoted'"),
    "date": ("2024-01-31", "0001-01-01"),
    "time": ("10:00:00", "10:00:00.123456"),
    "datetime": ("2024-01-31 10:00:00", "2024-01-31 10:00:00.5", "2024-01-31T00:00:00"),
    "json": ("{}", "[]", '{"b": 1, "a": [true, null]}', '"x"', "1.50", '{"a":"it\'s"}'),
    "blob": ("", "abc"),
    "uuid": ("5f0e6ad9-64e3-4a8e-9de1-4b0f4a1d5a10",),
}
"""Texts of values, by kinds."""


@pytest.fixture
def store(postgres_dsn: str) -> Iterator[PostgreSQLStore]:
    with closing(opened(postgres_dsn)) as found:
        yield found


def test_kept_expressions_are_kept_again(
    postgres_server: str, postgres_dsn: str, store: PostgreSQLStore
) -> None:
    checks = "; ".join(f"ALTER TABLE t ADD CHECK ({check})" for check in CHECKS)
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute(f"{COLUMNS}; {checks}".encode())
    wanted, found = described(store), store.as_found(store.inspect(["t"]))
    assert len(found.tables[0].checks) == len(CHECKS)
    with no_scratch(store):
        compared(store.exact(wanted, store.inspect(["t"])), found)
    exact = store.exact(wanted, Schema())
    moved = set(exact.tables[0].checks) - set(found.tables[0].checks)
    # Two kinds of a literal, and none, in an array that is cast as a whole: kept otherwise once.
    assert len(moved) == 2
    with fresh_database(postgres_server) as dsn, closing(opened(dsn)) as other:
        make(other, exact)
        compared(other.as_found(other.inspect(["t"])), exact)


def test_plain_defaults_are_kept_as_foreseen(store: PostgreSQLStore) -> None:
    columns = [
        Column(
            name=f"{kind}_{number}",
            type=ColumnType(kind=kind),  # type: ignore[arg-type]
            default=Default(kind="value", text=text),
        )
        for kind, texts in DEFAULTS.items()
        for number, text in enumerate(texts)
    ]
    columns += [
        replace(c, name=f"s{c.name}", type=ColumnType(kind="str", length=40))
        for c in columns
        if c.type.kind == "text"
    ]
    columns += [
        Column(name=f"now_{n}", type=column_type, default=Default(kind="now"))
        for n, column_type in enumerate(
            [*(ColumnType(kind=kind) for kind in ("text", "date", "time", "datetime"))]
        )
    ]
    wanted = Schema(tables=(Table(name="t", columns=tuple(columns), exact=True),))
    make(store, wanted)
    live = store.inspect(["t"])
    compared(store.exact(wanted, live), store.as_found(live))
    again = described(store)
    with no_scratch(store):
        compared(store.exact(again, live), store.as_found(live))


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("((a) > (b))", "(a) > (b)"),
        ("(a) > (b)", "(a) > (b)"),
        ("(a = ')')", "a = ')'"),
        ("(price)::numeric(10,2)", "(price)::numeric(10,2)"),
        ("(\nCASE\n    WHEN a THEN 'x  y'\nEND)", "CASE WHEN a THEN 'x  y' END"),
        ("a -- why\n > 1 /* so */", "a > 1"),
    ],
)
def test_expressions_lose_their_outer_parentheses_alone(text: str, one: str) -> None:
    assert bare(text) == one


def test_texts_are_taken_apart_outside_of_strings() -> None:
    assert listed("a, f(b, c), 'x, y', \"d, e\" DESC") == ("a", "f(b, c)", "'x, y'", '"d, e" DESC')
    assert spaced(" a\t=  'b  c' ") == "a = 'b  c'"
    array = "(a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[])"
    assert lasting(array).count("::character varying[])::text[])") == 1
    assert lasting("a = ANY (ARRAY[1, 2])") == "a = ANY (ARRAY[1, 2])"
