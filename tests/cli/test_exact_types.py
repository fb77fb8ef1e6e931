"""Native types of exact tables: a wider one writes nothing anew, and what loses is refused."""

from __future__ import annotations

import re

import psycopg
import pytest

from tests.cli.folder import AppFolder
from tests.cli.test_exact_values import META, on_postgres
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
        length = "a moment" if old != "cidr" else "values are kept and written"
        said = app.run("--dry-run").out
        assert f"readers and writers wait {'for' if old != 'cidr' else 'while'} {length}" in said
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
