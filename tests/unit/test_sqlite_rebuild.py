"""Tables that are hard to carry: a rebuild changes what it was asked to, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.sqlite_files import column, make, master, migrate, query, statements
from zmigration_api import AlterColumn, StepFailed, UnsupportedChange
from zmigration_sql import quoted
from zmigration_sqlite.ddl import parse_table


@dataclass(frozen=True)
class Case:
    """A script that makes a table with a nullable column "v", which is to become required."""

    name: str
    script: str
    table: str = "t"
    old: str = "v TEXT"
    new: str = "v TEXT NOT NULL"


CASES = [
    Case("plain", "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (7, 'a')"),
    Case("no key", "CREATE TABLE t(v TEXT); INSERT INTO t(rowid, v) VALUES (3, 'a'), (9, 'b')"),
    Case(
        "hostile names",
        'CREATE TABLE "x""; DROP TABLE t; --"("order" INT, v TEXT, "a b;,(" TEXT DEFAULT \'),(\');'
        'CREATE INDEX "i;""x" ON "x""; DROP TABLE t; --"("a b;,(" DESC, "order");'
        "INSERT INTO \"x\"\"; DROP TABLE t; --\" VALUES (1, 'a', '--');"
        "CREATE TABLE t(v)",
        table='x"; DROP TABLE t; --',
    ),
    Case("unicode", "CREATE TABLE [Größe 🙂](ключ INT, v TEXT)", table="Größe 🙂"),
    Case("reserved", 'CREATE TABLE "select"("from" INT, v TEXT, `where` INT)', table="select"),
    Case("upper case", "CREATE TABLE Users(ID INTEGER PRIMARY KEY, v TEXT)", table="Users"),
    Case(
        "odd layout",
        "CREATE  TABLE /* a ( */ t -- b (\n( id INTEGER\tPRIMARY  KEY -- c, d\n , -- e\n"
        "  v TEXT /* f, */ -- g)\n,\n\n  [w x] INT -- h\n)",
    ),
    Case(
        "checks",
        "CREATE TABLE t(v TEXT CHECK (v <> ')' AND v != '('), n INT,"
        " CONSTRAINT \"c 1\" CHECK (n > 0 AND v NOT LIKE '%,)%'), CHECK(n<>'a''),('));"
        "INSERT INTO t VALUES ('x', 5)",
        old="v TEXT CHECK (v <> ')' AND v != '(')",
        new="v TEXT CHECK (v <> ')' AND v != '(') NOT NULL",
    ),
    Case(
        "collation and conflicts",
        "CREATE TABLE t(v TEXT COLLATE NOCASE, n INT NOT NULL ON CONFLICT IGNORE,"
        " UNIQUE(n) ON CONFLICT REPLACE); INSERT INTO t VALUES ('x', 1), ('X', 2)",
        old="v TEXT COLLATE NOCASE",
        new="v TEXT COLLATE NOCASE NOT NULL",
    ),
    Case(
        "without rowid",
        "CREATE TABLE t(k TEXT, v TEXT, PRIMARY KEY(k)) WITHOUT ROWID;"
        "INSERT INTO t VALUES ('b', '1'), ('a', '2')",
    ),
    Case(
        "strict",
        "CREATE TABLE t(id INT PRIMARY KEY, v TEXT, x ANY, b BLOB) STRICT;"
        "INSERT INTO t VALUES (1, 'a', '01', x'00ff')",
    ),
    Case(
        "generated",
        "CREATE TABLE t(a INT, v TEXT, g INT GENERATED ALWAYS AS (a * 2) STORED,"
        " w TEXT AS (v || ')') , UNIQUE(g)); INSERT INTO t(a, v) VALUES (4, 'x')",
    ),
    Case(
        "indexes",
        "CREATE TABLE t(v TEXT, n INT);"
        "CREATE UNIQUE INDEX part ON t(n) WHERE v IS NOT NULL AND n > 0;"
        "CREATE INDEX expr ON t(lower(v), n DESC);"
        "CREATE INDEX coll ON t(v COLLATE NOCASE) -- why\n;"
        "INSERT INTO t VALUES ('A', 1), ('b', 2)",
    ),
    Case(
        "triggers and views",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE log(x);"
        "CREATE TRIGGER ins AFTER INSERT ON t BEGIN INSERT INTO log VALUES ('i'||new.v); END;"
        "CREATE TRIGGER del AFTER DELETE ON t BEGIN INSERT INTO log VALUES (';'); END;"
        "CREATE VIEW seen AS SELECT id, v FROM t WHERE v > '';"
        "CREATE TRIGGER vins INSTEAD OF INSERT ON seen BEGIN INSERT INTO t(v) VALUES(new.v); END;"
        "CREATE TRIGGER other AFTER INSERT ON log WHEN new.x = 'z' BEGIN DELETE FROM t; END;"
        "INSERT INTO t(v) VALUES ('a'), ('b')",
    ),
    Case(
        "references",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT, boss INT REFERENCES t ON DELETE CASCADE,"
        " FOREIGN KEY (boss) REFERENCES t(id) DEFERRABLE INITIALLY DEFERRED);"
        "CREATE TABLE kid(id INTEGER PRIMARY KEY, p INT REFERENCES t(id) ON DELETE CASCADE);"
        "INSERT INTO t VALUES (1, 'a', 2), (2, 'b', 1), (3, 'c', NULL);"
        "INSERT INTO kid VALUES (5, 3)",
    ),
    Case(
        "sequence",
        "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT);"
        "INSERT INTO t(v) VALUES ('a'), ('b'), ('c'); DELETE FROM t WHERE id > 1",
    ),
    Case(
        "sequence of an empty table",
        "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT);"
        "INSERT INTO t(v) VALUES ('a'), ('b'); DELETE FROM t",
    ),
    Case(
        "rowid is a column",
        "CREATE TABLE t(rowid TEXT, oid INT, v TEXT);"
        "INSERT INTO t(_rowid_, rowid, oid, v) VALUES (8, 'r', 1, 'v')",
    ),
]


def _rows(path: Path) -> dict[str, object]:
    """All rows of all tables with their numbers, and what SQLite remembers of sequences."""
    tables = query(path, "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view')")
    found: dict[str, object] = {}
    for name, sql in tables:
        hidden = "WITHOUT ROWID" in sql or "VIEW" in sql or name == "sqlite_sequence"
        number = "" if hidden else "_rowid_, "
        found[name] = query(path, f"SELECT {number}* FROM {quoted(name)} ORDER BY 1")
    return found


def _named_plainly(sql: str) -> str:
    """The text with its table's name without quotes; SQLite quotes it when it renames a table."""
    text = parse_table(sql) if sql.startswith("CREATE TABLE") else None
    return (text.render(text.name) if text else sql).strip()


def _master(path: Path) -> dict[str, str]:
    return {key: _named_plainly(sql) for key, sql in master(path).items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_only_what_was_asked_for_changes(case: Case, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", case.script)
    expected, rows = _master(path), _rows(path)
    steps = migrate(path, AlterColumn(case.table, column("v"), column("v", required=True)))
    assert any(s.startswith("INSERT") for s in statements(steps)), "no rebuild"
    key = f"table {case.table}"
    assert expected[key].count(case.old) == 1
    expected[key] = expected[key].replace(case.old, case.new)
    assert _master(path) == expected
    assert _rows(path) == rows
    assert query(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_statements_that_undo_it_restore_the_table(case: Case, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", case.script)
    before, rows = _master(path), _rows(path)
    steps = migrate(path, AlterColumn(case.table, column("v"), column("v", required=True)))
    assert _master(path) != before
    for step in steps:
        make(path, "BEGIN; " + "".join(step.undo) + " COMMIT;")
    assert _master(path) == before
    assert _rows(path) == rows


def test_a_conflict_clause_drops_no_rows_on_the_way(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t(v TEXT UNIQUE ON CONFLICT REPLACE); INSERT INTO t VALUES ('1'), ('01')",
    )
    with pytest.raises(StepFailed, match="UNIQUE constraint failed"):
        migrate(path, AlterColumn("t", column("v"), column("v", "int")))
    assert query(path, "SELECT v FROM t ORDER BY v") == [("01",), ("1",)]


def test_values_that_cannot_convert_undo_everything(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t(v) VALUES ('1'), ('one')",
    )
    before, rows = master(path), _rows(path)
    with pytest.raises(StepFailed, match=r"t: 'one' is not a whole number") as caught:
        migrate(path, AlterColumn("t", column("v"), column("v", "int")))
    assert "zmigration_convert(v, 'text', 'int')" in str(caught.value.hint)
    assert (master(path), _rows(path)) == (before, rows)


def test_virtual_tables_are_refused_by_name(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE VIRTUAL TABLE t USING fts5(v)")
    with pytest.raises(UnsupportedChange, match="table t is not made by a plain CREATE TABLE"):
        migrate(path, AlterColumn("t", column("v"), column("v", required=True)))
