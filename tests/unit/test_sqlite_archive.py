"""Nothing is ever lost: what a migration of a SQLite file destroys comes back by its undo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.unit.archive_files import (
    archives_in,
    back,
    edited,
    everything,
    forward,
    planned,
    run_all,
    seen,
    tables_of,
    without,
)
from tests.unit.sqlite_files import column, make, opened, query
from zmigration_api import (
    Backfill,
    Column,
    Default,
    Fixed,
    Index,
    PrimaryKey,
    Schema,
    Step,
    StepFailed,
    Table,
    UnsupportedChange,
    Using,
)
from zmigration_api.types import TypeKind

Edit = Callable[[Table], Table]


@dataclass(frozen=True)
class Case:
    """A script that makes the table `t` (or `table`), and what the next schema makes of it."""

    name: str
    script: str
    edit: Edit
    table: str = "t"
    hidden: tuple[str, ...] = ()


def retyped(name: str, kind: TypeKind, **more: object) -> Edit:
    return lambda t: edited(t, alter=[column(name, kind, **more)])


def dropped(*names: str, **rest: Any) -> Edit:
    return lambda t: edited(t, drop=names, **rest)


def filled(name: str, kind: TypeKind, text: str, **more: object) -> Column:
    return column(name, kind, required=True, backfill=Backfill(parts=(Fixed(text),)), **more)


USERS = (
    "CREATE TABLE t(id INTEGER PRIMARY KEY, age VARCHAR(9) DEFAULT 'x' COLLATE NOCASE, /* c */"
    " note TEXT); CREATE INDEX t_age ON t(age DESC, note);"
    "INSERT INTO t VALUES (1, '007', 'a'), (3, NULL, NULL), (9, x'00ff', 'ä''\"'), (12, '5', '')"
)
NUMBERS = "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT, w); INSERT INTO t VALUES "
NO_KEY = (
    "CREATE TABLE t(a TEXT COLLATE NOCASE, b INT, v REAL);"
    "INSERT INTO t(rowid, a, b, v) VALUES (4, 'x', 1, 1.5), (5, 'x', 1, 2), (6, NULL, NULL, 3.5),"
    "(8, NULL, NULL, NULL), (9, 'X', 1, 4), (11, 'x', 1, 5)"
)
HOSTILE = (
    'CREATE TABLE "x""; DROP TABLE t; --"("order" INT PRIMARY KEY NOT NULL, "Größe;\'""" TEXT,'
    " [select] TEXT NOT NULL DEFAULT 'it''s', \"UP\" TEXT);"
    "INSERT INTO \"x\"\"; DROP TABLE t; --\" VALUES (1, '1', 's', 'u'), (2, '02', 't', NULL)"
)

CASES = [
    Case("drop with a key", USERS, dropped("age", indexes=())),
    Case("drop two", USERS, dropped("age", "note", indexes=())),
    Case(
        "drop with a composite key",
        "CREATE TABLE t(a TEXT, b INT, v BLOB NOT NULL, PRIMARY KEY(a, b));"
        "INSERT INTO t VALUES ('x', 1, x'01'), ('x', 2, 'text'), (NULL, 1, 7), (NULL, 1, 8)",
        dropped("v"),
    ),
    Case(
        "drop without rowid",
        "CREATE TABLE t(a TEXT, b INT, v, PRIMARY KEY(b, a)) WITHOUT ROWID;"
        "INSERT INTO t VALUES ('x', 1, x'01'), ('x', 2, 'text'), ('y', 1, 7), ('', 1, NULL)",
        dropped("v"),
    ),
    Case("drop without a key", NO_KEY, dropped("v")),
    Case("drop a column between, without a key", NO_KEY, dropped("b")),
    Case("drop all that tells rows apart", NO_KEY, dropped("a", "b")),
    Case(
        "drop every column",
        NO_KEY,
        lambda t: edited(t, drop=["a", "b", "v"], add=[column("n")]),
    ),
    Case(
        "drop beside columns that the schema does not know",
        "CREATE TABLE t(a INT, mine TEXT, v TEXT); CREATE TABLE other(x);"
        "INSERT INTO t VALUES (1, 'p', 'x'), (1, 'q', 'y'), (2, 'r', 'z')",
        dropped("v"),
        hidden=("mine",),
    ),
    Case(
        "drop beside a column that is called as the archive would call it",
        "CREATE TABLE t(v TEXT, V__Before TEXT); INSERT INTO t VALUES ('1', 'a'), ('2', 'a')",
        dropped("v"),
    ),
    Case(
        "drop the key",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (7, 'a'), (2, 'a')",
        dropped("id", primary_key=None),
    ),
    Case(
        "drop a unique column",
        "CREATE TABLE t(id INT PRIMARY KEY, v TEXT UNIQUE NOT NULL, n INT);"
        "INSERT INTO t VALUES (7, 'a', 1), (2, 'b', NULL)",
        dropped("v", unique=()),
    ),
    Case(
        "drop a computed column",
        "CREATE TABLE t(id INT PRIMARY KEY, v INT, g INT GENERATED ALWAYS AS (v * 2) STORED);"
        "INSERT INTO t(id, v) VALUES (7, 3), (2, 4)",
        dropped("g"),
    ),
    Case(
        "str to int", f"{NUMBERS} (1, '007', 7), (2, '7', 7.0), (3, NULL, 'x')", retyped("v", "int")
    ),
    Case(
        "str to float",
        f"{NUMBERS} (1, '1e5', 1), (2, '3.0', 2), (3, '3', 3)",
        retyped("v", "float"),
    ),
    Case("str to bool", f"{NUMBERS} (1, 'yes', 1), (2, 'F', 2), (3, '0', 3)", retyped("v", "bool")),
    Case(
        "str to datetime",
        f"{NUMBERS} (1, '2024-01-31T10:00', 1), (2, '2024-01-31', 2)",
        retyped("v", "datetime"),
    ),
    Case(
        "using",
        f"{NUMBERS} (1, 'yes', 1), (2, 'no', 2), (3, '12', 3), (4, '1', 4)",
        retyped("v", "int", using=Using(values=(("yes", "1"), ("no", None)))),
    ),
    Case(
        "using among texts",
        f"{NUMBERS} (1, 'y', 1), (2, 'n', 2), (3, 'yes', 3)",
        retyped("v", "str", using=Using(values=(("y", "yes"), ("n", None)))),
    ),
    Case(
        "using an expression",
        f"{NUMBERS} (1, 'y', 1), (2, 'n', 2), (3, 'yes', 3)",
        retyped("v", "blob", using=Using(expression="length(v) + w")),
    ),
    Case(
        "float to int",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v REAL); INSERT INTO t VALUES (1, 3.0), (2, NULL)",
        retyped("v", "int"),
    ),
    Case(
        "bool to str",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v BOOLEAN); INSERT INTO t VALUES (1, 1), (2, 0)",
        retyped("v", "str"),
    ),
    Case(
        "nulls filled",
        f"{NUMBERS} (1, NULL, 1), (2, 'a', 2), (3, 'none', 3)",
        lambda t: edited(t, alter=[filled("v", "text", "none")]),
    ),
    Case(
        "nulls filled in an only column",
        "CREATE TABLE t(v TEXT); INSERT INTO t VALUES ('none'), (NULL), ('none'), (NULL)",
        lambda t: edited(t, alter=[filled("v", "text", "none")]),
    ),
    Case(
        "retyped without a key",
        "CREATE TABLE t(v TEXT, n INT);"
        "INSERT INTO t VALUES ('7', 1), ('007', 1), (NULL, 1), ('7', 1), ('07', NULL)",
        retyped("v", "int"),
    ),
    Case(
        "retyped key",
        "CREATE TABLE t(id TEXT PRIMARY KEY, v TEXT);"
        "INSERT INTO t VALUES ('007', 'a'), ('1', 'b'), (' 3', NULL)",
        lambda t: edited(t, drop=["v"], alter=[column("id", "int", required=True)]),
    ),
    Case(
        "two retyped and filled from each other",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b TEXT);"
        "INSERT INTO t VALUES (1, '01', '2'), (2, '3', '04')",
        lambda t: edited(
            t,
            alter=[
                column("a", "int", using=Using(expression="b + 0")),
                column("b", "int", using=Using(expression="a + 0")),
            ],
        ),
    ),
    Case(
        "rename and drop",
        USERS,
        lambda t: edited(t, drop=["age"], rename={"note": "re mark"}, indexes=()),
    ),
    Case(
        "rename and retype",
        f"{NUMBERS} (1, '007', 1), (2, NULL, 2)",
        lambda t: edited(t, alter=[column("Wörth", "int")], rename={"v": "Wörth"}),
    ),
    Case(
        "rename the table and drop",
        USERS,
        lambda t: edited(t, drop=["age"], name="people", renamed_from="t", indexes=()),
    ),
    Case(
        "rename, retype, drop, add and index",
        "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT, b TEXT, c TEXT,"
        " CONSTRAINT ck CHECK (length(b) < 9)); CREATE INDEX i ON t(a);"
        "CREATE TABLE log(x); CREATE TRIGGER up AFTER UPDATE ON t BEGIN"
        " INSERT INTO log VALUES (new.id); END;"
        "INSERT INTO t VALUES (1, '01', 'b', 'c'), (2, NULL, 'bb', NULL); DELETE FROM t WHERE id=1;"
        "INSERT INTO t VALUES (5, '1', 'b', 'c'); DELETE FROM t WHERE id = 5",
        lambda t: edited(
            t,
            drop=["c"],
            alter=[column("A", "int")],
            add=[column("d", "int", default=Default(kind="value", text="5"))],
            rename={"a": "A"},
            indexes=(Index(columns=("d",), name="idx_t_d"),),
        ),
    ),
    Case(
        "hostile names",
        HOSTILE,
        lambda t: edited(t, drop=["UP", "select"], alter=[column("Größe;'\"", "int")]),
        table='x"; DROP TABLE t; --',
    ),
    Case(
        "strict",
        "CREATE TABLE t(id INT PRIMARY KEY, k ANY, v ANY, w TEXT) STRICT;"
        "INSERT INTO t VALUES (1, '01', '01', 'a'), (2, 1, x'00', NULL), (3, 1, 1.0, NULL)",
        lambda t: edited(t, drop=["v", "id"], primary_key=None),
    ),
    Case(
        "drop a key with a sequence",
        "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT);"
        "INSERT INTO t VALUES (7, 'a'), (2, 'a'), (90, 'z'); DELETE FROM t WHERE id = 90",
        dropped("id", primary_key=None),
    ),
    Case(
        "views, triggers and what refers to it",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT, w INT); CREATE TABLE log(x);"
        "CREATE TABLE kid(id INTEGER PRIMARY KEY, p INT REFERENCES t(id) ON DELETE CASCADE);"
        "CREATE VIEW seen AS SELECT id, w FROM t WHERE w > 0; CREATE INDEX e ON t(lower(v), w);"
        "CREATE TRIGGER ins AFTER INSERT ON t BEGIN INSERT INTO log VALUES ('i'); END;"
        "CREATE TRIGGER del AFTER DELETE ON t BEGIN INSERT INTO log VALUES ('d'); END;"
        "CREATE TRIGGER upd AFTER UPDATE ON t BEGIN INSERT INTO log VALUES ('u'); END;"
        "CREATE TRIGGER via INSTEAD OF INSERT ON seen BEGIN INSERT INTO t(w) VALUES(new.w); END;"
        "INSERT INTO t VALUES (1, 'a', 1), (2, NULL, 0); INSERT INTO kid VALUES (5, 1)",
        dropped("v"),
    ),
    Case(
        "another key",
        "CREATE TABLE t(a INTEGER PRIMARY KEY, b INT NOT NULL, v TEXT);"
        "INSERT INTO t VALUES (1, 9, 'x'), (2, 8, 'y')",
        lambda t: edited(t, drop=["v"], primary_key=PrimaryKey(columns=("b",))),
    ),
]


def others(path: Path, but: str) -> list[Table]:
    return [seen(path, name) for name in tables_of(path) if name != but]


def migrated(path: Path, case: Case, token: str = "0123456789") -> tuple[Step, ...]:
    table = without(seen(path, case.table), case.hidden)
    desired = (case.edit(table), *others(path, case.table))
    return forward(path, *desired, token=token, hidden=case.hidden)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_comes_back(case: Case, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", case.script)
    before = everything(path)
    steps = migrated(path, case)
    after = everything(path)
    assert after != before
    assert not [h for step in steps for h in step.hazards if "--rollback cannot" in h.text]
    back(path, steps)
    assert everything(path) == before
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    again = migrated(path, case, token="another")
    assert everything(path) == after
    back(path, again)
    assert everything(path) == before
    made = [a for step in steps for a in (step.keeps, step.keeps_undone) if a]
    assert len(archives_in(path)) == 2 * len(made)


DROPPED = (
    "CREATE TABLE parents(id INTEGER PRIMARY KEY);"
    'CREATE TABLE "T t"(id INTEGER PRIMARY KEY AUTOINCREMENT, -- the number\n'
    " v VARCHAR(9) COLLATE NOCASE UNIQUE ON CONFLICT IGNORE, n NOT NULL DEFAULT (1 + 1),"
    " p INT REFERENCES parents(id) ON DELETE CASCADE, g INT AS (p * 2), h AS (p + 1) STORED,"
    " CONSTRAINT ck CHECK (n <> 'x'));"
    'CREATE INDEX part ON "T t"(v, n DESC) WHERE n > 0; CREATE TABLE log(x);'
    'CREATE UNIQUE INDEX e ON "T t"(lower(v), n);'
    'CREATE TRIGGER ins AFTER INSERT ON "T t" BEGIN INSERT INTO log VALUES (new.id); END;'
    "INSERT INTO parents VALUES (1), (2);"
    "INSERT INTO \"T t\"(id, v, n, p) VALUES (3, 'a', 7, 1), (5, NULL, 'q', 2), (9, x'ff', 1.5, 1);"
    'DELETE FROM "T t" WHERE id = 9'
)


@pytest.mark.parametrize(
    ("script", "table"),
    [
        (DROPPED, "T t"),
        (NO_KEY, "t"),
        (HOSTILE, 'x"; DROP TABLE t; --'),
        ("CREATE TABLE t(k ANY PRIMARY KEY, v INT) STRICT, WITHOUT ROWID", "t"),
        (
            "CREATE TABLE t(k ANY PRIMARY KEY, v REAL) STRICT, WITHOUT ROWID;"
            "INSERT INTO t VALUES ('01', 1), (1, 2.5), (x'00', NULL)",
            "t",
        ),
        ("CREATE TABLE t(rowid TEXT, oid INT, v); INSERT INTO t VALUES ('r', 1, 1.0)", "t"),
    ],
)
def test_a_dropped_table_comes_back(script: str, table: str, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", script)
    before = everything(path)
    steps = forward(path, *others(path, table))
    assert table not in tables_of(path)
    (gone,) = [h.text for step in steps for h in step.hazards if h.kind == "data_loss"]
    assert gone == (
        f"the table {table} goes, with its rows; --rollback brings them back until --purge"
    )
    back(path, steps)
    assert everything(path) == before
    assert archives_in(path) == [f"__zmigration_kept_0123456789_{table}"]


def test_tables_that_refer_to_each_other_come_back(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE a(id INTEGER PRIMARY KEY, b INT REFERENCES b(id));"
        "CREATE TABLE b(id INTEGER PRIMARY KEY, a INT REFERENCES a(id));"
        "INSERT INTO a VALUES (1, 1), (2, NULL); INSERT INTO b VALUES (1, 2)",
    )
    before = everything(path)
    steps = forward(path)
    assert tables_of(path) == []
    back(path, steps)
    assert everything(path) == before


def test_a_created_table_is_kept_when_it_is_taken_back(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE old(x)")
    before = everything(path)
    new = Table(
        name="New",
        columns=(column("id", "int"), column("v")),
        primary_key=PrimaryKey(columns=("id",)),
        indexes=(Index(columns=("v",), name="idx_new_v"),),
    )
    steps = forward(path, new, seen(path, "old"))
    make(
        path,
        "INSERT INTO New VALUES (4, 'x'), (5, NULL); ALTER TABLE New ADD COLUMN hand DEFAULT 7",
    )
    back(path, steps)
    assert everything(path) == before
    assert query(path, 'SELECT * FROM "__zmigration_undone_0123456789_New"') == [
        (4, "x", 7),
        (5, None, 7),
    ]


def test_an_added_column_is_kept_when_it_is_taken_back(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", NO_KEY)
    before = everything(path)
    steps = forward(path, edited(seen(path, "t"), add=[column("n", "int"), column("m")]))
    assert [len(step.statements) for step in steps] == [2]
    make(path, "UPDATE t SET n = rowid, m = 'x' WHERE a = 'x'")
    back(path, steps)
    assert everything(path) == before
    kept = query(
        path,
        "SELECT a, b, v, __row, n__before, m__before FROM __zmigration_undone_0123456789_t"
        " WHERE n__before",
    )
    assert kept == [
        ("x", 1, 1.5, 1, 4, "x"),
        ("x", 1, 2.0, 1, 5, "x"),
        ("X", 1, 4.0, 1, 9, "x"),
        ("x", 1, 5.0, 1, 11, "x"),
    ]


def test_rows_that_came_changed_and_went_keep_their_state(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, gone TEXT DEFAULT now, stays TEXT);"
        "INSERT INTO t VALUES (1, '007', 'g1', 's1'), (2, '08', 'g2', 's2'), (3, '1', 'g3', 's3'),"
        " (4, NULL, NULL, 's4')",
    )
    steps = forward(path, edited(seen(path, "t"), drop=["gone"], alter=[column("a", "int")]))
    make(
        path,
        "UPDATE t SET a = 9 WHERE id = 2; UPDATE t SET stays = 'new' WHERE id = 1;"
        "UPDATE t SET a = 5 WHERE id = 4; DELETE FROM t WHERE id = 3;"
        "INSERT INTO t VALUES (8, 3, 'i')",
    )
    back(path, steps)
    assert query(path, "SELECT * FROM t") == [
        (1, "007", "g1", "new"),
        (2, "9", "g2", "s2"),
        (4, "5", None, "s4"),
        (8, "3", "now", "i"),
    ]
    assert query(path, "SELECT gone__before FROM __zmigration_kept_0123456789_t") == [
        ("g1",),
        ("g2",),
        ("g3",),
        (None,),
    ]


def test_a_dropped_number_meets_no_row_that_came_since(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (3, 'b'), (2, 'a')",
    )
    steps = forward(path, edited(seen(path, "t"), drop=["id"], primary_key=None))
    make(path, "INSERT INTO t(rowid, v) VALUES (1, 'z')")
    back(path, steps)
    assert query(path, "SELECT id, v FROM t ORDER BY id") == [(2, "a"), (3, "b"), (4, "z")]


@dataclass(frozen=True)
class Refusal:
    """What happens between a migration and its rollback, and why that is then refused."""

    name: str
    script: str
    edit: Edit
    since: str
    match: str


REFUSALS = [
    Refusal(
        "a required column came back",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT NOT NULL); INSERT INTO t VALUES (1, 'a')",
        dropped("v"),
        "INSERT INTO t VALUES (2), (3)",
        r"t\.v is required again, but there are rows without a value for it: 2$",
    ),
    Refusal(
        "a column became optional",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT NOT NULL); INSERT INTO t VALUES (1, 'a')",
        lambda t: edited(t, alter=[column("v")]),
        "INSERT INTO t VALUES (2, NULL)",
        r"t\.v is required again, but there are rows without a value for it: 1$",
    ),
    Refusal(
        "a required column was retyped and became optional",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT NOT NULL); INSERT INTO t VALUES (1, '07')",
        lambda t: edited(t, alter=[column("v", "int")]),
        "UPDATE t SET v = NULL",
        r"t\.v is required again, but there are rows without a value for it: 1$",
    ),
    Refusal(
        "a value does not convert back",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 7)",
        retyped("v", "text"),
        "UPDATE t SET v = 'seven'",
        r"t: 'seven' is not a whole number$",
    ),
    Refusal(
        "values are no longer unique",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT UNIQUE); INSERT INTO t VALUES (1, '07')",
        lambda t: edited(t, alter=[column("v", "int")], unique=()),
        "INSERT INTO t VALUES (2, 7), (3, 7)",
        r"t: UNIQUE constraint failed: t\.v$",
    ),
]


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.name)
def test_what_cannot_go_back_is_said_and_nothing_changes(case: Refusal, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", case.script)
    steps = forward(path, case.edit(seen(path, "t")))
    make(path, case.since)
    before = everything(path)
    with pytest.raises(StepFailed, match=case.match):
        back(path, steps)
    assert everything(path) == before
    assert len(archives_in(path)) == len([step for step in steps if step.keeps])


def test_alike_rows_are_counted_as_they_are_stored(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t(a INT NOT NULL, v TEXT); INSERT INTO t VALUES (7, 'x'), (8, 'y'), (7, 'z')",
    )
    before = everything(path)
    using = Using(expression="CASE v WHEN 'x' THEN 7 WHEN 'y' THEN '7' ELSE x'37' END")
    steps = forward(
        path, edited(seen(path, "t"), drop=["v"], alter=[column("a", "str", using=using)])
    )
    assert query(path, "SELECT a, typeof(a) FROM t")[:2] == [("7", "text"), ("7", "text")]
    back(path, steps)
    assert everything(path)["t"] == before["t"]


def test_a_column_named_as_the_count_of_an_archive_is_refused(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t(v TEXT, __ROW TEXT)")
    with pytest.raises(UnsupportedChange, match="would have two columns __row"):
        forward(path, edited(seen(path, "t"), drop=["v"]))


def test_a_value_is_found_by_its_key_and_not_by_looking_at_all(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t(a TEXT, b INT, v TEXT);CREATE TABLE u(k TEXT PRIMARY KEY NOT NULL, v TEXT)",
    )
    with opened(path) as store:
        current = store.inspect(["t", "u"])
        desired = Schema(tables=tuple(edited(table, drop=["v"]) for table in current.tables))
        steps = planned(store, current, desired)
        run_all(store, steps)
        for step in steps:
            (insert,) = [s for s in step.undo if s.startswith("INSERT INTO __zmigration_new")]
            select = insert[insert.index("SELECT") :]
            reader = store._reading()
            assert reader is not None
            searched = [row[3] for row in reader.query(f"EXPLAIN QUERY PLAN {select}")]
            assert [s for s in searched if s.startswith("SEARCH __zmigration_kept USING")], searched
