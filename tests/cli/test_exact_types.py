"""Native types of exact tables: a wider one writes nothing anew, and what loses is refused."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import psycopg
import pytest

from tests.cli.folder import AppFolder
from tests.cli.test_exact_values import META, on_postgres, on_sqlite, rows
from tests.scenarios.harness import Done

ID = "t:\n  id: {type: int, pk: true}\n"


def change(
    app: AppFolder, dsn: str, old: str, new: str, values: list[str], types: str = ""
) -> Done:
    """A run after which t.a is to be `new`; its rows have these values, numbered from 1."""
    rows = ", ".join(f"({number}, {value})" for number, value in enumerate(values, 1))
    sql = f"CREATE TABLE t (id int PRIMARY KEY, a {old}); INSERT INTO t VALUES {rows}"
    on_postgres(app, dsn, sql, "")
    meta = META.format(kind="postgresql") + types
    app.schema(f'{ID}  a: {{db_type: "{new}"}}\n', meta)
    return app.run("--auto-approve")


WIDER = [
    ("numeric(10,2)", "numeric(12,2)", "1.5"),
    ("numeric(10,2)", "numeric", "1.5"),
    ("character varying(5)", "character varying(9)", "'abc'"),
    ("character varying(5)", "text", "'abc'"),
    ("text", "character varying", "'abc'"),
    ("timestamp(3)", "timestamp", "'2024-01-31 10:00:00.123'"),
    ("timestamptz(3)", "timestamptz(5)", "'2024-01-31 10:00:00.123'"),
    ("time(3)", "time(6)", "'10:00:00.123'"),
    ("interval(3)", "interval", "'1.5 seconds'"),
    ("bit varying(5)", "bit varying(9)", "B'101'"),
    ("cidr", "inet", "'10.0.0.0/8'"),
]


@pytest.mark.parametrize(("old", "new", "value"), WIDER, ids=[f"{o} {n}" for o, n, _ in WIDER])
def test_a_wider_type_writes_nothing_anew(
    app: AppFolder, postgres_dsn: str, old: str, new: str, value: str
) -> None:
    sql = f"""CREATE TABLE t (id int PRIMARY KEY, a {old}); INSERT INTO t VALUES (1, {value});
        CREATE INDEX i ON t (a)"""
    on_postgres(
        app,
        postgres_dsn,
        sql,
        f"{ID}  a: {{db_type: '{new}'}}\n  indexes: [{{name: i, columns: [a]}}]\n",
    )
    look = "SELECT relname, relfilenode FROM pg_class WHERE relname IN ('t', 'i') ORDER BY 1"
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        before = connection.execute(look).fetchall()
        said = app.run("--dry-run").out
        waits = "while values are kept and written" if old == "cidr" else "for a moment"
        assert f"readers and writers wait {waits}" in said
        assert "written anew" not in said
        assert re.search(r"ALTER COLUMN a TYPE [\w (),]+;", said)
        assert app.run("--auto-approve").code == 0
        assert connection.execute(look).fetchall() == before
        done = app.run("--rollback", "--auto-approve")
        assert done.code == 0, done.said
        same = f"SELECT a = {value}::{old} FROM t"
        assert connection.execute(same).fetchall() == [(True,)]


def test_a_moment_that_gets_a_zone_builds_its_index_anew(app: AppFolder, postgres_dsn: str) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, a timestamp); CREATE INDEX i ON t (a);
        INSERT INTO t VALUES (1, '2024-01-31 10:00')"""
    table = f"{ID}  a: {{db_type: timestamptz}}\n  indexes: [{{name: i, columns: [a]}}]\n"
    on_postgres(app, postgres_dsn, sql, table)
    look = "SELECT relfilenode FROM pg_class WHERE relname IN ('t', 'i') ORDER BY relname"
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        index, heap = connection.execute(look).fetchall()
        assert "written anew" not in app.run("--dry-run").out
        assert app.run("--auto-approve").code == 0
        new_index, new_heap = connection.execute(look).fetchall()
        assert (new_heap, new_index != index) == (heap, True)
        same = "SELECT a = '2024-01-31 10:00+00' FROM t"
        assert connection.execute(same).fetchall() == [(True,)]


MOOD = "  zTypes: {mood: {enum: [sad, ok]}}\n"
POSITIVE = "  zTypes: {pos: {domain: integer CHECK (VALUE > 0)}}\n"
JSON_ONCE = r"""'{"a": ":\\", "b":1, "c": {"a": "\":"}}'"""
JSON_TWICE = """'{"b": {"a":1, "a":2}}'"""
LOST = [  # from, to, a value that goes, one that does not, why, named types
    ("int", "smallint", "1", "40000", "40000 is outside the range of smallint", ""),
    ("bigint", "integer", "1", "4000000000", "is outside the range of int", ""),
    ("numeric(10,2)", "numeric(5,1)", "1.5", "1.55", "has more than 1 decimal places", ""),
    ("numeric", "smallint", "1.0", "40000", "'40000' is outside the range of smallint", ""),
    ("double precision", "real", "0.1", "0.123456789012", "has more digits than real keeps", ""),
    ("bigint", "double precision", "1", "9007199254740993", "has more digits than float keeps", ""),
    ("varchar(20)", "varchar(5)", "'abcde'", "'abcdef'", "is longer than 5 characters", ""),
    ("int", "varchar(2)", "12", "123", "is longer than 2 characters", ""),
    ("text", "char(3)", "'abc'", "'abcd'", "is longer than 3 characters", ""),
    ("text", "inet", "'10.0.0.1'", "'bad'", "'bad' is not a value of inet", ""),
    ("text", "uuid", f"'{'1' * 32}'", "'bad'", "'bad' is not a UUID", ""),
    ("text", "jsonb", "'{}'", "'bad'", "'bad' is not JSON", ""),
    ("text", "mood", "'sad'", "'bad'", "'bad' is not one of sad, ok", MOOD),
    (
        "text",
        "varchar(3)[]",
        "'{abc}'",
        "'{abcd}'",
        "is more than character varying(3)[] keeps",
        "",
    ),
    ("numeric[]", "int[]", "'{1.0,2}'", "'{1.5}'", "'{1.5}' is more than integer[] keeps", ""),
    ("inet", "cidr", "'10.0.0.0/8'", "'10.0.0.1/8'", "is more than cidr keeps", ""),
    ("bit varying(8)", "bit varying(4)", "B'1010'", "B'10101'", "has more than 4 bits", ""),
    ("bit varying(8)", "bit(4)", "B'1010'", "B'101'", "has not just 4 bits", ""),
    ("timetz", "time", "'10:00+00'", "'10:00+02'", "has a time zone other than UTC", ""),
    (
        "timestamp",
        "timestamp(0)",
        "'2024-01-31'",
        "'2024-01-31 10:00:00.7'",
        "0.7' is more than",
        "",
    ),
    ("numeric", "money", "1.5", "1.555", "'1.555' is more than money keeps", ""),
    ("int", "pos", "1", "-1", "-1 is refused: value for domain pos", POSITIVE),
    ("text[]", "char(3)[]", "'{abc,d}'", "'{abcd}'", "is more than character(3)[] keeps", ""),
    ("text[]", "char[]", "'{a}'", "'{ab}'", "is more than character(1)[] keeps", ""),
    ("text", "char", "'a'", "'ab'", "is longer than 1 characters", ""),
    ("bit varying(8)", "bit", "B'1'", "B'10'", "has not just 1 bits", ""),
    ("bit varying(8)[]", "bit[]", "'{1}'", "'{10}'", "is more than bit(1)[] keeps", ""),
    ("json", "jsonb", JSON_ONCE, JSON_TWICE, "has one key twice", ""),
    ("text", "tsvector", "$$'cats' 'the'$$", "'the cats'", "is more than tsvector keeps", ""),
    ("real", "money", "1.5", "1.555", "1.555 is more than money keeps", ""),
]


@pytest.mark.parametrize(
    ("old", "new", "good", "bad", "why", "types"), LOST, ids=[f"{c[0]} {c[1]}" for c in LOST]
)
def test_a_value_that_does_not_go_is_named(
    app: AppFolder,
    postgres_dsn: str,
    old: str,
    new: str,
    good: str,
    bad: str,
    why: str,
    types: str,
) -> None:
    done = change(app, postgres_dsn, old, new, [good, bad, "NULL", bad], types)
    assert done.code == 1, done.said
    assert "the data does not allow this (2 row(s)); nothing was changed" in done.said
    assert "t.a: 2 value(s) cannot become " in done.out
    assert why in done.out
    assert [line for line in re.findall(r"row (\d+):", done.out)] == ["2", "4"]
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("DELETE FROM t WHERE id IN (2, 4)")
        again = app.run("--auto-approve")
        assert again.code == 0, again.said
        assert app.run("--rollback", "--auto-approve").code == 0
        back = f"SELECT a::text = ({good})::{old}::text FROM t ORDER BY id"
        assert connection.execute(back).fetchall() == [(True,), (None,)]


NOWHERE = [  # casts that drop part of a value
    ("timestamp", "timetz", "'2024-01-31 10:00'"),
    ("timestamptz", "timetz", "'2024-01-31 10:00'"),
    ("circle", "point", "'<(1,1),2>'"),
    ("polygon", "point", "'((0,0),(4,0),(4,3))'"),
    ("lseg", "point", "'[(0,0),(2,2)]'"),
    ("box", "point", "'(3,3),(1,1)'"),
    ("box", "circle", "'(9,3),(1,1)'"),
    ("circle", "polygon", "'<(1,1),2>'"),
    ("polygon", "circle", "'((0,0),(4,0),(4,3))'"),
    ("polygon", "box", "'((0,0),(4,0),(4,3))'"),
]


@pytest.mark.parametrize(("old", "new", "value"), NOWHERE, ids=[f"{c[0]} {c[1]}" for c in NOWHERE])
def test_a_cast_that_drops_part_of_a_value_is_refused(
    app: AppFolder, postgres_dsn: str, old: str, new: str, value: str
) -> None:
    done = change(app, postgres_dsn, old, new, [value])
    assert done.code == 1, done.said
    assert "t.a: 1 value(s) cannot become" in done.out
    with psycopg.connect(postgres_dsn) as connection:
        same = f"SELECT a::text = {value}::{old}::text FROM t"
        assert connection.execute(same.encode()).fetchall() == [(True,)]


GOES = [  # what loses nothing, though some of it is written otherwise
    ("int", "text", "1", "'1'"),
    ("int", "money", "5", "5::money"),
    ("int[]", "money[]", "'{5}'", "'{5}'"),
    ("inet", "text", "'10.0.0.1'", "'10.0.0.1/32'"),
    ("date", "timestamp", "'2024-01-31'", "'2024-01-31 00:00'"),
    ("json", "text", """'{"b":  1, "a":1, "a":2}'""", """'{"b":  1, "a":1, "a":2}'"""),
    ("json", "varchar(30)", """'{"b":  1}'""", """'{"b":  1}'"""),
    ("jsonb", "json", """'{"a": 1}'""", """'{"a": 1}'"""),
    ("text", "money", "'5'", "5::money"),
    ("text[]", "int[]", "'{1, 2}'", "'{1,2}'"),
    ("text", "interval", "'90 minutes'", "'01:30'"),
    ("time", "timetz", "'10:00'", "'10:00+00'"),
    ("int4range", "numrange", "'[1,3)'", "'[1,3)'"),
    ("tsrange", "tstzrange", "'[2024-01-31,2024-02-01)'", "'[2024-01-31,2024-02-01)'"),
    ("daterange", "tsrange", "'[2024-01-31,2024-02-01)'", "'[2024-01-31,2024-02-01)'"),
    ("box", "polygon", "'(3,3),(1,1)'", "'((1,1),(1,3),(3,3),(3,1))'"),
    ("point", "box", "'(1,1)'", "'(1,1),(1,1)'"),
]


@pytest.mark.parametrize(
    ("old", "new", "value", "becomes"), GOES, ids=[f"{c[0]} {c[1]}" for c in GOES]
)
def test_a_value_that_loses_nothing_goes_and_comes_back(
    app: AppFolder, postgres_dsn: str, old: str, new: str, value: str, becomes: str
) -> None:
    done = change(app, postgres_dsn, old, new, [value, "NULL"])
    assert done.code == 0, done.said
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("SET TIME ZONE 'UTC'")
        look = "SELECT a::text = ({})::{}::text FROM t ORDER BY id"
        went = connection.execute(look.format(becomes, new).encode()).fetchall()
        assert went == [(True,), (None,)]
        back = app.run("--rollback", "--auto-approve")
        assert back.code == 0, back.said
        came = connection.execute(look.format(value, old).encode()).fetchall()
        assert came == [(True,), (None,)]


CHANGED = [  # a type that becomes another, and its definitions
    ("enum: [sad, ok, bad]", "enum: [sad, ok]", "'bad'", "'bad' is not one of sad, ok"),
    ("domain: integer", "domain: integer CHECK (VALUE < 9)", "9", "is refused: value for domain"),
    ("domain: integer", "domain: integer NOT NULL", "NULL", "null is refused: domain kind"),
    ("domain: 'numeric(9,2)'", "domain: 'numeric(9,1)'", "1.25", "has more than 1 decimal places"),
]


@pytest.mark.parametrize(("old", "new", "bad", "why"), CHANGED, ids=[c[1] for c in CHANGED])
def test_a_value_that_a_named_type_takes_no_more_is_named(
    app: AppFolder, postgres_dsn: str, old: str, new: str, bad: str, why: str
) -> None:
    kind, _, body = old.partition(": ")
    values = body.strip("[]'").replace(", ", "', '")
    made = f"TYPE kind AS ENUM ('{values}')" if kind == "enum" else f"DOMAIN kind AS {values}"
    first = "'sad'" if kind == "enum" else "1"
    sql = f"""CREATE {made}; CREATE TABLE t (id int PRIMARY KEY, a kind, b kind[]);
        INSERT INTO t VALUES (1, {first}), (2, {bad})"""
    on_postgres(app, postgres_dsn, sql, "")
    meta = META.format(kind="postgresql") + f"  zTypes: {{kind: {{{new}}}}}\n"
    app.schema(f"{ID}  a: {{db_type: kind}}\n  b: {{db_type: 'kind[]'}}\n", meta)
    done = app.run("--auto-approve")
    assert done.code == 1, done.said
    assert "t.a: 1 value(s) cannot become kind" in done.out
    assert f"row 2: {why.split(' ')[0] if 'null' in why else ''}".rstrip() in done.out
    assert why in done.out


def test_a_type_that_is_renamed_and_loses_a_value_names_its_rows(
    app: AppFolder, postgres_dsn: str
) -> None:
    sql = """CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (id int PRIMARY KEY, a mood);
        INSERT INTO t VALUES (1, 'sad'), (2, 'ok')"""
    on_postgres(app, postgres_dsn, sql, "")
    types = "  zTypes: {feel: {enum: [sad], renamed_from: mood}}\n"
    app.schema(f"{ID}  a: {{db_type: feel}}\n", META.format(kind="postgresql") + types)
    done = app.run("--auto-approve")
    assert done.code == 1
    assert "row 2: 'ok' is not one of sad" in done.out


@pytest.fixture
def guest(postgres_dsn: str) -> Iterator[str]:
    """A role that may make no table or function for a moment; gives its DSN."""
    name = f"guest_{uuid4().hex[:8]}"
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        database = connection.info.dbname
        for sql in (
            f"CREATE ROLE {name} LOGIN",
            f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC",
            f"GRANT ALL ON SCHEMA public TO {name}",
        ):
            connection.execute(sql.encode())
        yield postgres_dsn.replace("//postgres@", f"//{name}@")
        connection.execute(f"DROP OWNED BY {name}".encode())
        connection.execute(f"DROP ROLE {name}".encode())


def test_a_role_that_may_ask_no_rows_so_loses_nothing(app: AppFolder, guest: str) -> None:
    sql = "CREATE TABLE t (id int PRIMARY KEY, a inet); INSERT INTO t VALUES (1, '10.0.0.1/8')"
    on_postgres(app, guest, sql, f"{ID}  a: {{db_type: cidr}}\n")
    done = app.run("--auto-approve")
    assert done.code == 1
    assert "is more than cidr keeps: 10.0.0.1/8" in done.said
    with psycopg.connect(guest) as connection:
        assert connection.execute("SELECT a::text FROM t").fetchall() == [("10.0.0.1/8",)]


def test_a_new_column_of_a_domain_with_checks_writes_the_table_anew(
    app: AppFolder, postgres_dsn: str
) -> None:
    sql = "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)"
    on_postgres(app, postgres_dsn, sql, "")
    free = "  zTypes: {pos: {domain: integer CHECK (VALUE > 0)}, free: {domain: integer}}\n"
    meta = META.format(kind="postgresql") + free
    look = "SELECT relfilenode FROM pg_class WHERE relname = 't'"
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        before = connection.execute(look).fetchall()
        app.schema(f"{ID}  a: {{db_type: free}}\n", meta)
        assert "written anew" not in app.run("--dry-run").out
        assert app.run("--auto-approve").code == 0
        assert connection.execute(look).fetchall() == before
        app.schema(f"{ID}  a: {{db_type: free}}\n  b: {{db_type: pos}}\n", meta)
        assert "while it is written anew" in app.run("--dry-run").out


ROWID = "t:\n  id: {db_type: INTEGER, pk: true, required: false}\n"
STRICT = [  # a column's type before and after, values of which only the first goes, and why
    ("INTEGER", "INTEGER", "1700000000000, 'x'", "'x' is a text, which a STRICT table"),
    ("INTEGER", "INT", "5, 2.5", "2.5 is"),
    ("REAL", "REAL", "1.5, 'x'", "'x' is a text, which a STRICT table does not take as REAL"),
    ("TEXT", "TEXT", "'a', x'00'", "is binary data, which a STRICT table does not take as TEXT"),
    ("ANY", "INTEGER", "'7', 'x'", "'x' is a text, which a STRICT table does not take as INTEGER"),
]


@pytest.mark.parametrize(("old", "new", "values", "why"), STRICT)
def test_what_a_strict_table_does_not_take_is_named(
    app: AppFolder, old: str, new: str, values: str, why: str
) -> None:
    good, _, bad = values.partition(", ")
    sql = f"""CREATE TABLE t (id INTEGER PRIMARY KEY, a {old});
        INSERT INTO t VALUES (1, {good}), (2, {bad}), (3, NULL), (4, {bad})"""
    file = on_sqlite(app, sql, f"{ROWID}  a: {{db_type: {new}}}\n  options: [STRICT]\n")
    before = rows(file)
    done = app.run("--auto-approve")
    assert done.code == 1, done.said
    assert f"t.a: 2 value(s) cannot become {new}" in done.out
    assert why in done.out
    assert re.findall(r"row (\d+):", done.out) == ["2", "4"]
    assert rows(file) == before
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DELETE FROM t WHERE id IN (2, 4)")
        connection.commit()
    again = app.run("--auto-approve")
    assert again.code == 0, again.said


def test_a_key_without_rowid_has_no_nulls(app: AppFolder) -> None:
    sql = """CREATE TABLE t (a TEXT PRIMARY KEY, b INTEGER);
        INSERT INTO t VALUES ('k', 5), (NULL, 6), (NULL, 7)"""
    table = "t:\n  a: {db_type: TEXT, pk: true}\n  b: {db_type: INTEGER}\n"
    on_sqlite(app, sql, table + "  options: [WITHOUT ROWID]\n")
    done = app.run("--auto-approve")
    assert done.code == 1, done.said
    assert "t.a: 2 row(s) have no value, and it is required" in done.out
    assert "the key of a table WITHOUT ROWID has no nulls" in done.out
