"""What becomes of values that another type holds otherwise, there and back."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import psycopg
import pytest

from tests.cli.folder import AppFolder

META = """\
Meta:
  Data_Type: {kind}
  Data_Source: ZDATA_USERS_URL
  zMigration: true
  zMigrationVersion: v1.0.0
  zMigrationExact: tables
"""


def on_sqlite(app: AppFolder, sql: str, tables: str) -> str:
    """The path of a database with these tables, which an exact file is to say otherwise."""
    file = app.path / "shop.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(sql)
    app.write(".zEnv", f"ZDATA_USERS_URL={file}\n")
    app.schema(tables, META.format(kind="sqlite"))
    return str(file)


def rows(file: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT * FROM t ORDER BY 1").fetchall()


def test_texts_that_become_numbers_are_named_and_come_back(app: AppFolder) -> None:
    sql = """CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
        INSERT INTO t VALUES (1, '007'), (2, '1e5'), (3, '1234567890123456789')"""
    table = "t:\n  id: {db_type: INTEGER, pk: true, required: false}\n  a: {db_type: STRING}\n"
    file = on_sqlite(app, sql, table)
    before = rows(file)
    assert "t.a: values that STRING holds otherwise than TEXT" in app.run("--dry-run").out
    assert app.run("--auto-approve").code == 0
    assert rows(file) == [(1, 7), (2, 100000), (3, 1234567890123456789)]
    assert app.run("--rollback", "--auto-approve").code == 0
    assert rows(file) == before


LONG = ["'12345678901234567890.12'", "'0.1234567890123456789'", "'12345678901234567890'"]


@pytest.mark.parametrize("declared", ["NUMERIC", "FOO", "STRING", "JSON", "DECIMAL(40,20)"])
@pytest.mark.parametrize("before", ["TEXT", '""'])
def test_texts_whose_digits_a_number_would_lose_are_named(
    app: AppFolder, before: str, declared: str
) -> None:
    column = "a TEXT" if before == "TEXT" else "a"
    values = ", ".join(f"({n}, {value})" for n, value in enumerate(LONG, 1))
    sql = f"""CREATE TABLE t (id INTEGER PRIMARY KEY, {column});
        INSERT INTO t VALUES {values}, (5, '0.1'), (6, '9223372036854775807'), (7, NULL)"""
    table = "t:\n  id: {db_type: INTEGER, pk: true, required: false}\n"
    file = on_sqlite(app, sql, f"{table}  a: {{db_type: '{declared}'}}\n")
    were = rows(file)
    done = app.run("--auto-approve")
    assert done.code == 1, done.said
    assert "t.a: 3 value(s) cannot become" in done.out
    assert re.findall(r"row (\d+):", done.out) == ["1", "2", "3"]
    assert f"row 2: {LONG[1]} has more digits than {declared} keeps" in done.out
    assert rows(file) == were
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DELETE FROM t WHERE id < 5")
        connection.commit()
    assert app.run("--auto-approve").code == 0
    assert rows(file) == [(5, 0.1), (6, 9223372036854775807), (7, None)]
    done = app.run("--rollback", "--auto-approve")
    assert done.code == 0, done.said
    assert rows(file) == were[3:]


def test_whole_numbers_that_were_large_before_are_in_nobodys_way(app: AppFolder) -> None:
    sql = """CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER);
        INSERT INTO t VALUES (1, 1700000000000)"""
    table = "t:\n  id: {db_type: INTEGER, pk: true, required: false}\n  b: bigint\n"
    file = on_sqlite(app, sql, table)
    assert app.run("--auto-approve").code == 0
    done = app.run("--rollback", "--auto-approve")
    assert done.code == 0, done.said
    assert rows(file) == [(1, 1700000000000)]


def on_postgres(app: AppFolder, dsn: str, sql: str, tables: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql)
    app.write(".zEnv", f"ZDATA_USERS_URL={dsn}\n")
    app.schema(tables, META.format(kind="postgresql"))


def test_blanks_that_a_padded_type_loses_come_back(app: AppFolder, postgres_dsn: str) -> None:
    sql = "CREATE TABLE t (id int PRIMARY KEY, c varchar(5)); INSERT INTO t VALUES (1, 'ab  ')"
    table = "t:\n  id: {type: int, pk: true}\n  c: {db_type: character(5)}\n"
    on_postgres(app, postgres_dsn, sql, table)
    assert "values that character(5) holds otherwise" in app.run("--dry-run").out
    assert app.run("--auto-approve").code == 0
    assert app.run("--rollback", "--auto-approve").code == 0
    with psycopg.connect(postgres_dsn) as connection:
        assert connection.execute("SELECT c FROM t").fetchall() == [("ab  ",)]


def test_what_was_written_to_a_column_that_is_computed_again_is_kept(
    app: AppFolder, postgres_dsn: str
) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, y int GENERATED ALWAYS AS (id * 2) STORED);
        INSERT INTO t VALUES (1)"""
    on_postgres(app, postgres_dsn, sql, "t:\n  id: {type: int, pk: true}\n  y: int\n")
    assert app.run("--auto-approve").code == 0
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("UPDATE t SET y = 77")
        done = app.run("--rollback", "--auto-approve")
        assert "what was written to t.y since goes; kept in __zmigration_undone_" in done.out
        assert connection.execute("SELECT y FROM t").fetchall() == [(2,)]
        (name,) = connection.execute(
            "SELECT relname FROM pg_class WHERE relname ~ '^__zmigration_undone_.*_t$'"
        ).fetchall()[0]
        assert connection.execute(f"SELECT y__before FROM {name}").fetchall() == [(77,)]


def test_a_default_of_somebody_elses_table_is_not_dropped(
    app: AppFolder, postgres_dsn: str
) -> None:
    sql = """CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (id int PRIMARY KEY, m mood);
        CREATE TABLE theirs (id int, m mood DEFAULT 'sad')"""
    meta = META + "  zTypes: {{mood: {{enum: [ok]}}}}\n"
    on_postgres(app, postgres_dsn, sql, "")
    table = "t:\n  id: {type: int, pk: true}\n  m: {db_type: mood}\n"
    app.schema(table, meta.format(kind="postgresql"))
    done = app.run("--auto-approve")
    assert done.code == 2
    assert "loses a value that is the default of theirs.m" in done.said


def test_tables_that_another_app_has_recorded_are_not_taken(app: AppFolder) -> None:
    sql = "CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE loose (id INTEGER PRIMARY KEY)"
    tables = "t:\n  id: {db_type: INTEGER, pk: true, required: false}\n"
    file = on_sqlite(app, sql, tables)
    app.write(".zEnv", f"ZDATA_USERS_URL={file}\nZDATA_THEIRS_URL={file}\n")
    assert app.run("--auto-approve").code == 0
    (app.path / "models/zSchema.users.yaml").unlink()  # as in the folder of another app
    meta = META.replace("USERS", "THEIRS").replace("tables", "database").format(kind="sqlite")
    app.write(
        "models/zSchema.theirs.yaml", f"{meta}\nmine:\n  id: {{db_type: INTEGER, pk: true}}\n"
    )
    said = app.run("--dry-run").out
    assert "Drop table: loose" in said
    assert "Drop table: t\n" not in said


def test_columns_that_come_back_together_are_not_said_to_be_empty(
    app: AppFolder, postgres_dsn: str
) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, b text, c int CHECK (c > 0));
        INSERT INTO t VALUES (1, 'x', 5)"""
    on_postgres(app, postgres_dsn, sql, "t:\n  id: {type: int, pk: true}\n")
    assert app.run("--auto-approve").code == 0
    done = app.run("--rollback", "--auto-approve")
    assert done.code == 0
    assert "without values" not in done.out
    with psycopg.connect(postgres_dsn) as connection:
        assert connection.execute("SELECT b, c FROM t").fetchall() == [("x", 5)]


def test_long_numbers_that_a_float_does_not_keep_are_named_in_any_file(app: AppFolder) -> None:
    table = "users:\n  id: {{type: int, pk: true}}\n  name: {{type: {}}}\n"
    app.write("Data/users.csv", "id,name\n1,9007199254740993\n2,9007199254740992\n")
    app.schema(table.format("bigint"))
    assert app.run("--auto-approve").code == 0
    app.schema(table.format("float"))
    done = app.run("--auto-approve")
    assert done.code == 1
    assert "users.name: 1 value(s) cannot become float" in done.out
    assert "row 1 (line 2): 9007199254740993 has more digits than float keeps" in done.out


def test_rows_without_a_key_are_named_by_what_they_hold(app: AppFolder) -> None:
    sql = (
        """CREATE TABLE t (name TEXT, age INTEGER); INSERT INTO t VALUES ('ada', 3), ('bob', -4)"""
    )
    table = "t:\n  name: {db_type: TEXT}\n  age: {db_type: INTEGER}\n  checks: [{old: age > 0}]\n"
    on_sqlite(app, sql, table)
    done = app.run("--auto-approve")
    assert done.code == 1
    assert "t: 1 row(s) do not keep old: age > 0" in done.out
    assert "row with name 'bob', age -4: -4\n" in done.out


def test_rows_of_a_check_show_what_it_speaks_of(app: AppFolder) -> None:
    table = "users:\n  id: {type: int, pk: true}\n  name: {type: str}\n"
    app.schema(table)
    assert app.run("--auto-approve").code == 0
    app.schema(table + "  checks: [{short: length(name) < 3}]\n")
    done = app.run("--auto-approve")
    assert done.code == 1
    assert "row 1 (line 2): 'ada'\n" in done.out


def test_nulls_that_would_be_numbered_are_refused(app: AppFolder) -> None:
    sql = """CREATE TABLE t (id, a TEXT);
        INSERT INTO t VALUES (1, 'x'), (NULL, 'y'), (NULL, 'z')"""
    table = "t:\n  id: {type: int, pk: true}\n  a: text\n"
    file = on_sqlite(app, sql, table)
    before = rows(file)
    done = app.run("--auto-approve")
    assert done.code == 1, done.said
    assert "t.id: 2 row(s) have no value" in done.said
    assert rows(file) == before
