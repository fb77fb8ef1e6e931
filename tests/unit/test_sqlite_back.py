"""What came to a table of a SQLite file by hand stays when the table is made anew to go back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.unit.archive_files import back, edited, everything, forward, seen
from tests.unit.sqlite_files import column, make, master, query
from tests.unit.test_sqlite_archive import CASES, Case, Edit, dropped, migrated
from zmigration_api import DriftError, PrimaryKey, Table, UniqueConstraint
from zmigration_sql import quoted

LATER = "\"la'ter\" || '|' || typeof(\"la'ter\"), num, typeof(num), free, typeof(free), ref, twice"


def came(table: str, *, strict: bool) -> str:
    """A script by which somebody adds all that can be added to a table."""
    name, free = quoted(table), "ANY" if strict else ""
    return (
        "CREATE TABLE hands(id INTEGER PRIMARY KEY); INSERT INTO hands VALUES (1), (2);"
        f"ALTER TABLE {name} ADD COLUMN \"la'ter\" TEXT DEFAULT 'x''y' COLLATE NOCASE;"
        f"ALTER TABLE {name} ADD COLUMN num REAL NOT NULL DEFAULT 1.5 CHECK (num > 0 /* so */);"
        f"ALTER TABLE {name} ADD COLUMN free {free};"
        f"ALTER TABLE {name} ADD COLUMN ref INT REFERENCES hands(id) ON DELETE SET NULL;"
        f"ALTER TABLE {name} ADD COLUMN twice REAL AS (num * 2);"
        f"UPDATE {name} SET num = num + abs(random() % 1000000), ref = 1 + abs(random() % 2),"
        " free = CASE abs(random() % 4) WHEN 0 THEN '1' WHEN 1 THEN 1 WHEN 2 THEN x'00ff' END;"
        f'CREATE INDEX hand ON {name}(num, "la\'ter" DESC) WHERE num > 1 -- why\n;'
        f'CREATE TRIGGER "ha nd" AFTER UPDATE OF num ON {name} WHEN new.num > 0 BEGIN'
        " DELETE FROM hands WHERE id = -new.num; END;"
    )


def gone(table: str) -> str:
    """A script that takes all of that away again."""
    names = ("twice", "ref", "free", "num", "la'ter")
    drops = [f"ALTER TABLE {quoted(table)} DROP COLUMN {quoted(name)};" for name in names]
    return f'DROP TRIGGER "ha nd"; DROP INDEX hand; {"".join(drops)} DROP TABLE hands'


def later(path: Path, table: str) -> list[str]:
    """The values that came, in whatever order."""
    return sorted(map(repr, query(path, f"SELECT {LATER} FROM {quoted(table)}")))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_all_that_came_stays(case: Case, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", case.script)
    steps = migrated(path, case)
    now = "people" if case.name == "rename the table and drop" else case.table
    log = query(path, "SELECT * FROM log") if "TABLE log" in case.script else None
    make(path, came(now, strict="STRICT" in case.script))
    if log is not None:
        make(path, "DELETE FROM log")
    values, texts = later(path, now), master(path)
    back(path, steps)
    assert later(path, case.table) == values
    if now == case.table:
        assert texts["index hand"] == master(path)["index hand"]
        assert texts["trigger ha nd"] == master(path)["trigger ha nd"]
    assert query(path, "PRAGMA foreign_key_check") == []
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    make(path, gone(case.table))
    other = make(tmp_path / "b.db", case.script)
    if log is not None:
        make(other, "DELETE FROM log")
    assert everything(path) == everything(other)


KEYS = (
    ("id INTEGER PRIMARY KEY AUTOINCREMENT", ""),
    ("id INTEGER PRIMARY KEY DESC", ""),
    ("id TEXT PRIMARY KEY", " WITHOUT ROWID"),
    ("id INT", ""),
    ("id INT NOT NULL UNIQUE", ""),
    ("id ANY", " STRICT"),
)


@pytest.mark.parametrize(("key", "end"), KEYS)
def test_values_stay_with_their_rows(key: str, end: str, tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        f"CREATE TABLE t({key}, v TEXT){end}; INSERT INTO t VALUES (7, 'a'), (3, 'b'), (9, 'c')",
    )
    steps = forward(path, edited(seen(path, "t"), drop=["v"]))
    make(
        path,
        "ALTER TABLE t ADD COLUMN hand TEXT; UPDATE t SET hand = 'h' || id;"
        "DELETE FROM t WHERE id = 9; INSERT INTO t VALUES (11, 'new'), (10, NULL)",
    )
    back(path, steps)
    assert query(path, "SELECT id + 0, v, hand FROM t ORDER BY 1") == [
        (3, "b", "h3"),
        (7, "a", "h7"),
        (10, None, None),
        (11, None, "new"),
    ]
    if "AUTOINCREMENT" in key:
        assert query(path, "SELECT seq FROM sqlite_sequence WHERE name = 't'") == [(11,)]


def test_over_several_migrations(tmp_path: Path) -> None:
    """What came between two migrations is known to the second and not to the first."""
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b TEXT); INSERT INTO t VALUES (1, 'a','b')",
    )
    before = everything(path)
    one = forward(path, edited(seen(path, "t"), drop=["a"]), token="1")
    make(path, "ALTER TABLE t ADD COLUMN mine DEFAULT 5; CREATE INDEX i ON t(mine, b)")
    new = edited(seen(path, "t"), alter=[column("b", "blob")], rename={"mine": "ours"}, indexes=())
    two = forward(path, replace(new, name="u", renamed_from="t"), token="2")
    make(path, "ALTER TABLE u ADD COLUMN last DEFAULT 6; CREATE INDEX j ON u(ours)")
    back(path, (*one, *two))
    assert query(path, "SELECT id, a, b, mine, last FROM t") == [(1, "a", "b", 5, 6)]
    make(path, "DROP INDEX j; DROP INDEX i")
    make(path, "ALTER TABLE t DROP COLUMN mine; ALTER TABLE t DROP COLUMN last")
    assert everything(path) == before


def test_a_column_that_refuses_rows_loses_none(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t(id INT, v TEXT); INSERT INTO t VALUES (1, 'a')")
    steps = forward(path, edited(seen(path, "t"), drop=["v"]))
    make(
        path,
        "CREATE TABLE s(id INT, u UNIQUE ON CONFLICT REPLACE, m NOT NULL ON CONFLICT IGNORE);"
        "INSERT INTO s SELECT id, 1, 2 FROM t; DROP TABLE t; ALTER TABLE s RENAME TO t;",
    )
    (step,) = back(path, steps)
    assert any(s.startswith("INSERT OR ABORT INTO __zmigration_new_t") for s in step.statements)
    assert query(path, "SELECT id, v, u, m FROM t") == [(1, "a", 1, 2)]


def test_comments_stay_with_their_columns(tmp_path: Path) -> None:
    script = "CREATE TABLE t(id INT, -- one\n v TEXT -- two\n)"
    path = make(tmp_path / "a.db", script)
    steps = forward(path, edited(seen(path, "t"), drop=["v"]))
    make(path, anew("id INT, -- one\n a /* a */ INT, -- more\n -- b:\n b TEXT -- last\n"))
    back(path, steps)
    assert master(path)["table t"].splitlines() == [
        'CREATE TABLE "t"(id INT, -- one',
        " v TEXT, -- two",
        " a /* a */ INT, -- more",
        " -- b:",
        " b TEXT -- last",
        ")",
    ]
    back(path, forward(path, edited(seen(path, "t"), drop=["v"]), token="1"))
    assert master(path)["table t"].count("--") == 5


def test_what_is_shown_says_what_stays(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t(id INT, v TEXT)")
    steps = forward(path, edited(seen(path, "t"), drop=["v"]))
    make(path, "ALTER TABLE t ADD COLUMN hand; CREATE INDEX i ON t(hand)")
    (step,) = back(path, steps)
    assert [h.text for h in step.hazards] == [
        "column hand and index i came to t since, and will stay"
    ]
    assert "CREATE INDEX i ON t(hand);" in step.statements


V_DROPPED = dropped("v")


@dataclass(frozen=True)
class InTheWay:
    """What came since a migration, and why it is not taken back."""

    name: str
    since: str
    match: str
    edit: Edit = V_DROPPED
    script: str = (
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT, w TEXT DEFAULT 'w', CHECK (w<>''))"
    )


def swapped(table: Table) -> Table:
    return edited(table, drop=["v"], add=[column("new")])


def anew(columns: str) -> str:
    return f"DROP TABLE t; CREATE TABLE t({columns})"


AS_IT_IS = "id INTEGER PRIMARY KEY, w TEXT DEFAULT 'w', CHECK (w<>'')"
NOT_LEFT = "t is not as the migration left it, and cannot be taken back: "
REFUSED = [
    InTheWay("a check", anew(f"{AS_IT_IS}, CHECK (w > 1)"), rf"{NOT_LEFT}CHECK \(w > 1\) came"),
    InTheWay("no check", anew(AS_IT_IS.rpartition(",")[0]), rf"{NOT_LEFT}CHECK \(w<>''\) went"),
    InTheWay("a default", anew(AS_IT_IS.replace("'w'", "'x'")), f"{NOT_LEFT}column w changed"),
    InTheWay("a word", anew(f"{AS_IT_IS}) STRICT; CREATE TABLE o(i"), f"{NOT_LEFT}STRICT came"),
    InTheWay("no column", "ALTER TABLE t ADD COLUMN a", "column w went", script=(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT, w TEXT)"
    )),
    InTheWay("a column that comes back", "ALTER TABLE t ADD COLUMN V INT", "column t.V came since"),
    InTheWay(
        "an index on a column that goes",
        "CREATE INDEX i ON t(w, new)",
        "column t.new cannot go: index i needs it",
        swapped,
    ),
    InTheWay(
        "indexes by expression and condition",
        "CREATE INDEX i ON t(lower(new)); CREATE INDEX j ON t(w) WHERE \"new\" > 1",
        "column t.new cannot go: index i and index j need it",
        swapped,
    ),
    InTheWay(
        "a trigger that waits for it",
        "CREATE TRIGGER g AFTER UPDATE OF w, new ON t BEGIN SELECT 1; END",
        "column t.new cannot go: trigger g needs it",
        swapped,
    ),
    InTheWay(
        "a trigger that reads it",
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT new.new; END",
        "trigger g on t: no such column: new.new",
        swapped,
    ),
    InTheWay(
        "a trigger elsewhere",
        "CREATE TABLE o(x); CREATE TRIGGER g AFTER INSERT ON o BEGIN SELECT new FROM t; END",
        "trigger g on o: no such column: new",
        swapped,
    ),
    InTheWay("a view", "CREATE VIEW s AS SELECT t.new FROM t", "view s: no such column", swapped),
    InTheWay(
        "a view in quotes", 'CREATE VIEW s AS SELECT "new" FROM t', "view s needs it", swapped
    ),
    InTheWay(
        "a computed column",
        'ALTER TABLE t ADD COLUMN g AS ("new" || 1)',
        "column t.new cannot go: column g needs it",
        swapped,
    ),
    InTheWay(
        "an index on a column that was only added",
        "CREATE INDEX i ON t(new)",
        "column t.new cannot go: index i needs it",
        lambda t: edited(t, add=[column("new")]),
    ),
    InTheWay(
        "a view of a column that was only added",
        "CREATE VIEW s AS SELECT new FROM t",
        "error in view s",
        lambda t: edited(t, add=[column("new")]),
    ),
    InTheWay(
        "a key",
        anew("v, h INTEGER PRIMARY KEY"),
        "column t.h came since, as the primary key",
        lambda t: edited(t, drop=["w"]),
        "CREATE TABLE t(v, w)",
    ),
    InTheWay(
        "a name of the rows' numbers",
        "ALTER TABLE t ADD COLUMN RowId",
        "column t.RowId came since, and hides the numbers of the rows",
        lambda t: edited(t, drop=["w"]),
        "CREATE TABLE t(v, w)",
    ),
    InTheWay(
        "an index of a name that comes back",
        "CREATE INDEX i ON t(w)",
        "index i already exists",
        dropped("v", indexes=()),
        "CREATE TABLE t(v, w); CREATE INDEX i ON t(v)",
    ),
    InTheWay(
        "a trigger that is another now",
        "DROP TRIGGER g; CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 2; END",
        f"{NOT_LEFT}trigger g changed",
        script="CREATE TABLE t(v, w); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
    ),
    InTheWay(
        "an index that is gone",
        "DROP INDEX i",
        f"{NOT_LEFT}index i went",
        script="CREATE TABLE t(v, w); CREATE INDEX i ON t(w)",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_what_is_in_the_way_is_named_and_nothing_changes(case: InTheWay, tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", case.script)
    steps = forward(path, case.edit(seen(path, "t")))
    make(path, case.since)
    if case.name == "no column":
        make(path, "ALTER TABLE t DROP COLUMN w")
    before = path.read_bytes()
    with pytest.raises(DriftError, match=case.match) as found:
        back(path, steps)
    assert found.value.hint
    assert path.read_bytes() == before


def test_force_sets_definitions_back_and_keeps_what_came(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t(id INT, v TEXT, w TEXT DEFAULT 'w'); INSERT INTO t VALUES (1, 'v', 'w');"
        "CREATE INDEX i ON t(w)",
    )
    before = everything(path)
    steps = forward(path, edited(seen(path, "t"), drop=["v"]))
    make(path, anew("id INT, w TEXT DEFAULT 5, hand, CHECK (w > 0)"))
    make(path, "INSERT INTO t VALUES (1, 'w', 3); CREATE INDEX i ON t(w)")
    back(path, steps, force=True)
    assert query(path, "SELECT hand FROM t") == [(3,)]
    make(path, "ALTER TABLE t DROP COLUMN hand")
    assert everything(path) == before


def test_what_came_to_a_table_that_goes_is_named(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE old(x)")
    new = Table(
        name="new",
        columns=(column("id", "int"), column("v")),
        primary_key=PrimaryKey(columns=("id",)),
        unique=(UniqueConstraint(columns=("v",), name="uq"),),
    )
    steps = forward(path, new, seen(path, "old"))
    for script, match, undo in (
        ("CREATE INDEX i ON new(v)", "index i came to new since", "DROP INDEX i"),
        (
            "CREATE TRIGGER g AFTER INSERT ON new BEGIN SELECT 1; END",
            "trigger g came to new since, and would go with it",
            "DROP TRIGGER g",
        ),
        ("CREATE VIEW s AS SELECT * FROM new", "view s: no such table", "DROP VIEW s"),
        (
            "CREATE TABLE kid(p INT REFERENCES NEW)",
            "table new cannot go: table kid refers to it",
            "DROP TABLE kid",
        ),
    ):
        make(path, script)
        with pytest.raises(DriftError, match=match):
            back(path, steps)
        make(path, undo)
    back(path, steps)
    assert "table new" not in master(path)
