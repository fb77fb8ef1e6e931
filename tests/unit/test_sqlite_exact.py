"""Exact tables: every table is described so that it is found again, and made from any other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.archive_files import everything
from tests.unit.sqlite_catalog import catalog
from tests.unit.sqlite_exactly import changes_to, described, make_alike, names, promise, take_back
from tests.unit.sqlite_files import make, master, opened, query
from zmigration_api import (
    Check,
    Column,
    ColumnType,
    Default,
    Identity,
    Index,
    PrimaryKey,
    RenameTable,
    Schema,
    Table,
    UniqueConstraint,
    UnsupportedChange,
)

TABLES = {
    "plain": "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT DEFAULT 5)",
    "no types": "CREATE TABLE t(a, b, c PRIMARY KEY)",
    "odd types": "CREATE TABLE t(a VARCHAR ( 20 ), b /* so */ NUMERIC(10,2), c UNSIGNED BIG INT,"
    ' d "my type", e POINT, f DOUBLE PRECISION, g datetime, h STRING, i decimal)',
    "defaults": "CREATE TABLE t(a DEFAULT NULL, b TEXT DEFAULT 'x''y', c REAL DEFAULT -1.5,"
    " d INT DEFAULT ((1 + 2)), e TEXT DEFAULT (datetime('now', 'localtime')), f DEFAULT bare,"
    " g TEXT DEFAULT \"Quoted\", h BLOB DEFAULT X'00FF', i BOOLEAN DEFAULT TRUE, j INT DEFAULT +3,"
    " k TIMESTAMP DEFAULT CURRENT_TIMESTAMP, l DATE DEFAULT CURRENT_DATE, m INT DEFAULT (7),"
    " n TEXT DEFAULT 5, o BOOLEAN DEFAULT 0, p TEXT DEFAULT CURRENT_DATE, q TEXT DEFAULT (-- why\n"
    " lower('A') /* so */))",
    "autoincrement": "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)",
    "autoincrement at the table": "CREATE TABLE t(a INT, id INTEGER,"
    " CONSTRAINT pk PRIMARY KEY (id AUTOINCREMENT))",
    "required keys": "CREATE TABLE t(id INTEGER NOT NULL PRIMARY KEY, a TEXT)",
    "key that descends": "CREATE TABLE t(id INTEGER PRIMARY KEY DESC, a INT)",
    "key of a number that descends": "CREATE TABLE t(id INTEGER, a INT, PRIMARY KEY (id DESC))",
    "key that replaces": "CREATE TABLE t(id TEXT CONSTRAINT pk PRIMARY KEY ON CONFLICT REPLACE, a)",
    "key of many": "CREATE TABLE t(a TEXT NOT NULL, b INT, c, PRIMARY KEY (b DESC,"
    " a COLLATE NOCASE) ON CONFLICT IGNORE)",
    "strict": "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b ANY, c INT, d REAL, e BLOB) STRICT",
    "without rowid": "CREATE TABLE t(a TEXT, b TEXT NOT NULL, c INT, PRIMARY KEY(a, b))"
    " WITHOUT ROWID",
    "both options": "CREATE TABLE t(id INT PRIMARY KEY, a INT) WITHOUT ROWID, STRICT",
    "collations": 'CREATE TABLE t(a TEXT COLLATE NOCASE, b COLLATE "rtrim", c TEXT COLLATE BINARY)',
    "nulls": "CREATE TABLE t(a INT NOT NULL ON CONFLICT FAIL, b INT CONSTRAINT nn NOT NULL,"
    " c INT NULL, d INT NOT NULL ON CONFLICT ABORT)",
    "generated": "CREATE TABLE t(a INT, b INT AS (a * 2), c TEXT GENERATED ALWAYS AS"
    " (a || ')') STORED NOT NULL, d INT AS ( -- so\n a + 1) VIRTUAL)",
    "checks": "CREATE TABLE t(a INT CHECK (a > 0), b TEXT CONSTRAINT short CHECK (length(b) < 9),"
    " CHECK (a <> 5 OR b IN ('x', ')')), CONSTRAINT both CHECK(\na > 1\nAND b NOT NULL))",
    "check of quoted texts": 'CREATE TABLE t(x TEXT, CHECK (x IN ("A", "b")))',
    "check of other quoted texts": 'CREATE TABLE t(x TEXT, CHECK (x IN ("a", "b")))',
    "uniques": "CREATE TABLE t(a INT UNIQUE, b TEXT CONSTRAINT u1 UNIQUE ON CONFLICT REPLACE,"
    " c INT, CONSTRAINT u2 UNIQUE (a, b), UNIQUE (c DESC, a COLLATE NOCASE) ON CONFLICT FAIL)",
    "unique both ways": "CREATE TABLE t(a INT UNIQUE, b INT); CREATE UNIQUE INDEX u ON t(a);"
    "CREATE UNIQUE INDEX v ON t(a); CREATE UNIQUE INDEX w ON t(b DESC)",
    "foreign keys": "CREATE TABLE t(id INTEGER PRIMARY KEY, up INT REFERENCES t,"
    " p INT CONSTRAINT own REFERENCES p(x) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,"
    " q INT REFERENCES p(x) ON UPDATE CASCADE NOT DEFERRABLE,"
    " FOREIGN KEY (p, q) REFERENCES p(x, y) ON DELETE CASCADE ON UPDATE SET DEFAULT,"
    " CONSTRAINT two FOREIGN KEY (q) REFERENCES t(id) MATCH FULL DEFERRABLE);"
    "CREATE TABLE p(x INT UNIQUE, y INT, UNIQUE (x, y))",
    "indexes": 'CREATE TABLE t(a INT, b TEXT, "c d" INT);'
    "CREATE INDEX i1 ON t(a, b DESC); CREATE INDEX i2 ON t(lower(b), a ASC);"
    "CREATE UNIQUE INDEX i3 ON t(b COLLATE NOCASE) WHERE a > 3 AND b <> ')';"
    'CREATE INDEX i4 ON t("c d", "a"); CREATE INDEX i5 ON t(b) WHERE b IS NOT NULL -- why\n;'
    "CREATE UNIQUE INDEX i6 ON t(a + 1, abs(a));",
    "names": 'CREATE TABLE t("order" INT, [a b] TEXT, `c"d` INT, Größe INT, Upper TEXT,'
    ' CONSTRAINT "od d" UNIQUE ("order", [a b]), CONSTRAINT `ck;1` CHECK ("order" > `c"d`));'
    'CREATE INDEX "i d" ON t("a b", `c"d`)',
}
"""Scripts that make a table t in many ways."""
NOT_FIVE = Check(name="not_five", expression="b <> 5")
HANGERS = (
    "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b INT);"
    "CREATE TABLE log(x); CREATE VIEW v AS SELECT id, a FROM t;"
    "CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END;"
    "CREATE TRIGGER other AFTER INSERT ON log BEGIN UPDATE t SET a = new.x WHERE id = 1; END;"
)


@pytest.mark.parametrize("name", TABLES)
def test_what_is_described_is_what_is_found(name: str, tmp_path: Path) -> None:
    wanted, found = promise(make(tmp_path / "a.db", TABLES[name]))
    assert wanted == found
    assert names(wanted) == names(found)
    assert found.tables
    assert all(table.exact for table in found.tables)


@pytest.mark.parametrize("before", TABLES)
def test_any_table_becomes_any_other_and_comes_back(before: str, tmp_path: Path) -> None:
    place = list(TABLES).index(before)
    for number, after in enumerate(TABLES):
        if (number - place) % 4 not in (0, place % 4):
            continue  # a part of all pairs, itself among them
        here = make(tmp_path / f"a{number}.db", TABLES[before])
        there = make(tmp_path / f"b{number}.db", TABLES[after])
        start, texts = catalog(here), _everything(here)
        made = make_alike(here, described(there))
        assert catalog(here) == catalog(there), (before, after)
        if before == after:
            assert made.changes == ()
        take_back(here, made.steps)
        assert catalog(here) == start, (before, after)
        assert _everything(here) == texts, (before, after)


@pytest.mark.parametrize(
    "after",
    [
        "CREATE TABLE t(b INT NOT NULL DEFAULT 3, a TEXT COLLATE NOCASE, id INTEGER PRIMARY KEY"
        " AUTOINCREMENT, c INT AS (b) STORED); CREATE INDEX i ON t(a DESC)",
        "CREATE TABLE t(id INT PRIMARY KEY, a TEXT UNIQUE, b ANY, CHECK (b > 1)) STRICT,"
        " WITHOUT ROWID",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)",
    ],
)
def test_triggers_and_views_stay(after: str, tmp_path: Path) -> None:
    here = make(tmp_path / "a.db", f"{HANGERS} INSERT INTO t VALUES (3, 'x', 4)")
    there = make(tmp_path / "b.db", f"{after}; CREATE TABLE log(x)")
    start, texts, hangers = catalog(here), _everything(here), _hangers(here)
    assert len(hangers) == 3
    made = make_alike(here, described(there))
    assert [line for line in catalog(here) if line not in hangers] == catalog(there)
    assert _hangers(here) == hangers
    assert query(here, "SELECT * FROM v") == [(3, "x")]
    assert query(here, "SELECT x FROM log") == [("x",)]
    take_back(here, made.steps)
    assert (catalog(here), _everything(here)) == (start, texts)


def _everything(path: Path) -> dict[str, object]:
    """No file loses the table of its sequences again; one that has not begun says nothing."""
    return {what: said for what, said in everything(path).items() if said not in ([], [("t", 0)])}


def _hangers(path: Path) -> list[str]:
    return [line for line in catalog(path) if line.startswith(("view", "trigger"))]


def test_a_schema_file_is_short_where_that_says_it_all(tmp_path: Path) -> None:
    script = (
        "CREATE TABLE t(id integer PRIMARY KEY, a VARCHAR(50) NOT NULL DEFAULT 'x', b BIGINT,"
        " c BOOLEAN DEFAULT TRUE, d DECIMAL(10,2) DEFAULT 0, e DATETIME DEFAULT CURRENT_TIMESTAMP,"
        " f JSON, g TEXT DEFAULT (lower('A')  ||\n'b'), h REAL DEFAULT 1.5, i INT DEFAULT 3)"
    )
    (table,) = described(make(tmp_path / "a.db", script)).tables
    assert [(str(c.type), c.type.kind == "native") for c in table.columns] == [
        ("int", False),
        ("str(50)", False),
        ("bigint", False),
        ("bool", False),
        ("DECIMAL(10,2)", True),
        ("DATETIME", True),
        ("JSON", True),
        ("text", False),
        ("float", False),
        ("INT", True),
    ]
    said = {c.name: (c.default.kind, c.default.text) for c in table.columns if c.default}
    assert said == {
        "a": ("value", "x"),
        "c": ("value", "true"),
        "d": ("expression", "0"),
        "e": ("now", ""),
        "g": ("expression", "lower('A') || 'b'"),
        "h": ("value", "1.5"),
        "i": ("value", "3"),
    }
    assert not any(c.exact_type for c in table.columns)


def test_spelling_is_no_difference(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t(a varchar( 20 ) DEFAULT ( 'x' ), b INT, g INT AS (A*2),"
        " CONSTRAINT C CHECK (a<>'X' /* why */ and B > 0), UNIQUE (a COLLATE nocase));"
        "CREATE INDEX i ON t(lower( a )) WHERE b>0",
    )
    wanted = Table(
        name="t",
        columns=(
            Column(name="b", type=ColumnType(kind="native", native="int"), required=False),
            Column(
                name="a",
                type=ColumnType(kind="str", length=20),
                default=Default(kind="value", text="x"),
            ),
            Column(
                name="g",
                type=ColumnType(kind="native", native="INT"),
                generated="(a * 2)",
                virtual=True,
            ),
        ),
        unique=(UniqueConstraint(columns=("a",), keys=('"A" COLLATE NOCASE ASC',), name="uq_t_a"),),
        checks=(Check(name="c", expression="((A <> 'X' AND `b` > 0))"),),
        indexes=(Index(columns=(), keys=("LOWER(A)",), where='"b" > 0', name="I"),),
        exact=True,
    )
    with opened(path) as store:
        assert changes_to(store, Schema(tables=(wanted,)))[2] == ()


def test_case_of_texts_is_a_difference(tmp_path: Path) -> None:
    here = make(tmp_path / "a.db", TABLES["check of quoted texts"])
    there = make(tmp_path / "b.db", TABLES["check of other quoted texts"])
    assert len(make_alike(here, described(there)).changes) == 2


def _exact(**more: object) -> Schema:
    columns = (
        Column(name="id", type=ColumnType(kind="int"), line=3),
        Column(name="a", type=ColumnType(kind="text"), line=4),
    )
    table = Table(name="t", columns=columns, primary_key=PrimaryKey(columns=("id",)), exact=True)
    return Schema(tables=(replace(table, **more),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "line", "message"),
    [
        (_exact(checks=(Check(name="c", expression="a >", line=9),)), 9, r"t\.c: SQLite refuses"),
        (_exact(checks=(Check(name="c", expression="zz > 1", line=9),)), 9, "no such column: zz"),
        (
            _exact(indexes=(Index(columns=(), keys=("random()",), name="i", line=8),)),
            8,
            "non-deterministic",
        ),
        (
            _exact(
                columns=(Column(name="a", type=ColumnType(kind="int"), generated="b +", line=5),)
            ),
            5,
            r"t\.a: SQLite refuses",
        ),
        (
            _exact(
                columns=(
                    Column(
                        name="a",
                        type=ColumnType(kind="int"),
                        default=Default(kind="expression", text="id + 1"),
                        line=6,
                    ),
                )
            ),
            6,
            "default value of column",
        ),
        (
            _exact(
                columns=(
                    Column(
                        name="id",
                        type=ColumnType(kind="int"),
                        identity=Identity(kind="always"),
                        line=7,
                    ),
                )
            ),
            7,
            "no identity always",
        ),
        (
            _exact(
                columns=(
                    Column(
                        name="a",
                        type=ColumnType(kind="text"),
                        attributes=("STORAGE EXTERNAL",),
                        line=2,
                    ),
                )
            ),
            2,
            "STORAGE EXTERNAL",
        ),
        (_exact(options=("STRICT", "UNLOGGED"), line=1), 1, "unknown table option"),
        (
            _exact(primary_key=PrimaryKey(columns=("a",), options=("fillfactor=70",)), line=3),
            3,
            "SQLite keys have no fillfactor=70",
        ),
    ],
)
def test_what_sqlite_refuses_is_refused_with_its_line(
    wanted: Schema, line: int, message: str, tmp_path: Path
) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)")
    before = path.read_bytes()
    with opened(path) as store, pytest.raises(UnsupportedChange, match=message) as caught:
        store.exact(wanted, store.inspect(["t"]))
    assert caught.value.line == line
    assert path.read_bytes() == before


def test_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    wanted = described(make(tmp_path / "b.db", TABLES["foreign keys"]))
    with opened(tmp_path / "a.db") as store:
        assert store.table_names() == ()
        assert store.describe(["t"]).schema == Schema()
        assert store.as_found(Schema()) == Schema()
        assert not (tmp_path / "a.db").exists()
    make_alike(tmp_path / "a.db", wanted)
    assert catalog(tmp_path / "a.db") == catalog(tmp_path / "b.db")


def test_tables_and_notes_of_what_is_left_alone(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        f"{HANGERS} CREATE TABLE __zmigration_shop(id INT);"
        "CREATE TABLE _zdata_migrations(id INT); CREATE TABLE s(id INTEGER PRIMARY KEY"
        " AUTOINCREMENT); CREATE VIRTUAL TABLE words USING fts5(a)",
    )
    with opened(path) as store:
        assert store.table_names() == ("t", "log", "s")
        assert store.types(["t"]) == ()
        found = store.describe(["T", "log"])
    assert found.exact
    assert [table.name for table in found.schema.tables] == ["t", "log"]
    said = " ".join(found.notes)
    assert all(f"{what} stays" in said for what in ("view v", "tr on t", "other on log", "words"))


def test_a_reference_to_nothing_is_said_and_carried_along(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t(a INT REFERENCES gone, b INT REFERENCES p(x))")
    with opened(path) as store:
        found = store.describe(["t"])
    (table,) = found.schema.tables
    assert [key.ref_columns for key in table.foreign_keys] == [(), ("x",)]
    assert found.notes == ()
    wanted = replace(table, columns=(*table.columns, Column(name="c", type=ColumnType(kind="int"))))
    steps = make_alike(path, Schema(tables=(replace(wanted, checks=(NOT_FIVE,)),))).steps
    assert "REFERENCES gone" in master(path)["table t"]
    take_back(path, steps)
    assert "REFERENCES gone" in master(path)["table t"]


def test_the_sequence_goes_along(tmp_path: Path) -> None:
    here = make(
        tmp_path / "a.db",
        f"{TABLES['autoincrement']}; INSERT INTO t VALUES (7, 'x'), (9, 'y');"
        "DELETE FROM t WHERE id = 9",
    )
    plain = described(make(tmp_path / "b.db", TABLES["plain"].replace("NOT NULL", "")))
    off = make_alike(here, plain)
    assert query(here, "SELECT * FROM sqlite_sequence") == []
    take_back(here, off.steps)
    assert query(here, "SELECT * FROM sqlite_sequence WHERE name = 't'") == [("t", 9)]
    assert query(here, "SELECT * FROM t") == [(7, "x")]
    other = make(tmp_path / "c.db", "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)")
    make(other, "INSERT INTO t VALUES (4, 'x')")
    on = make_alike(other, described(make(tmp_path / "d.db", TABLES["autoincrement"])))
    assert query(other, "SELECT * FROM sqlite_sequence WHERE name = 't'") == [("t", 4)]
    take_back(other, on.steps)
    assert query(other, "SELECT * FROM t") == [(4, "x")]


def test_renames_leave_texts_that_say_the_same(tmp_path: Path) -> None:
    here = make(
        tmp_path / "a.db",
        "CREATE TABLE t(a INT CHECK (a > 0), b INT UNIQUE REFERENCES t(a), g INT AS (a + b));"
        "CREATE INDEX i ON t(a, b) WHERE a < 9; INSERT INTO t VALUES (1, NULL)",
    )
    start = catalog(here)
    (wanted,) = described(
        make(
            tmp_path / "b.db",
            "CREATE TABLE u(x INT CHECK (x > 0), y INT UNIQUE REFERENCES u(x), g INT AS (x + y));"
            "CREATE INDEX i ON u(x, y) WHERE x < 9",
        )
    ).tables
    old = {"x": "a", "y": "b"}
    columns = tuple(replace(c, renamed_from=old.get(c.name)) for c in wanted.columns)
    made = make_alike(here, Schema(tables=(replace(wanted, columns=columns, renamed_from="t"),)))
    assert made.changes[0] == RenameTable("t", "u")
    assert len([s for step in made.steps for s in step.statements]) == 3
    assert catalog(here) == catalog(tmp_path / "b.db")
    assert query(here, "SELECT x, y FROM u") == [(1, None)]
    take_back(here, made.steps)
    assert catalog(here) == start
