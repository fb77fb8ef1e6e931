"""Random tables over all that SQLite can say: each is described, and made from any other."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from tests.unit.archive_files import everything
from tests.unit.sqlite_catalog import catalog
from tests.unit.sqlite_exactly import described, make_alike, names, promise, take_back
from tests.unit.sqlite_files import make
from zmigration_api import MigrationError, StepFailed, UnsupportedChange, VerificationFailed

Draw = st.DrawFn

TYPES = ("", "INTEGER", "INT", "TEXT", "VARCHAR(20)", "REAL", "NUMERIC(8,2)", "BLOB", "BOOLEAN",
         "DATETIME", "odd type")  # fmt: skip
STRICT = ("INTEGER", "INT", "TEXT", "REAL", "BLOB", "ANY")
COLUMNS = ("a", "b", "D e", "order", "größe")
DEFAULTS = ("NULL", "5", "-1.5", "'it''s'", "bare", '"Quoted"', "(1 + 2)", "(lower('A') || ')')",
            "TRUE", "CURRENT_TIMESTAMP", "X'00FF'")  # fmt: skip
CONFLICTS = ("", "", "", " ON CONFLICT REPLACE", " ON CONFLICT IGNORE", " ON CONFLICT ABORT")
NULLS = ("", "", "NOT NULL", "NULL", "NOT NULL ON CONFLICT FAIL", "CONSTRAINT nn NOT NULL")
COLLATIONS = ("", "", "", "COLLATE NOCASE", "COLLATE rtrim", "COLLATE BINARY")
ACTIONS = ("", "", " ON DELETE CASCADE", " ON UPDATE SET NULL ON DELETE RESTRICT",
           " DEFERRABLE INITIALLY DEFERRED", " MATCH FULL ON DELETE SET DEFAULT")  # fmt: skip
VALUES = (None, 0, 7, "x", "7", "X y")


def _quoted(name: str) -> str:
    return f'"{name}"'


@st.composite
def _expression(draw: Draw, names: tuple[str, ...]) -> str:
    one, other = (_quoted(draw(st.sampled_from(names))) for _ in range(2))
    shape = draw(st.sampled_from(("{} <> 5", "{} IS NOT {}", "length({}) < 9 OR {} = ')'",
                                  "({} > 1)  AND /* so */ {} IN ('a', 'B')")))  # fmt: skip
    return shape.format(one, other)


@st.composite
def _column(draw: Draw, name: str, names: tuple[str, ...], types: tuple[str, ...]) -> str:
    def pick(options: tuple[str, ...]) -> str:
        return draw(st.sampled_from(options))

    words = [_quoted(name), pick(types), pick(NULLS), pick(COLLATIONS)]
    if draw(st.booleans()) and name != names[0]:
        kind = pick(("VIRTUAL", "STORED", ""))
        words.append(f"GENERATED ALWAYS AS ({_quoted(names[0])} || 'x') {kind}")
    elif draw(st.booleans()):
        words.append(f"DEFAULT {pick(DEFAULTS)}")
    if draw(st.integers(0, 5)) == 0:
        words.append(f"{pick(('', 'CONSTRAINT own '))}CHECK ({draw(_expression(names))})")
    if draw(st.integers(0, 5)) == 0:
        words.append(f"UNIQUE{pick(CONFLICTS)}")
    if draw(st.integers(0, 5)) == 0:
        words.append(f"REFERENCES t2(id){pick(ACTIONS)}")
    return " ".join(filter(None, words))


@st.composite
def _key(draw: Draw, names: tuple[str, ...]) -> str:
    name = _quoted(draw(st.sampled_from(names)))
    more = draw(st.sampled_from(("", " DESC", " COLLATE NOCASE")))
    return name + more


@st.composite
def _constraint(draw: Draw, names: tuple[str, ...], parents: tuple[str, ...]) -> str:
    named = draw(st.sampled_from(("", "", "CONSTRAINT c1 ", 'CONSTRAINT "c 2" ')))
    kind = draw(st.sampled_from(("UNIQUE", "CHECK", "FOREIGN")))
    if kind == "CHECK":
        return f"{named}CHECK ({draw(_expression(names))})"
    if kind == "UNIQUE":
        keys = draw(st.lists(_key(names), min_size=1, max_size=3))
        return f"{named}UNIQUE ({', '.join(keys)}){draw(st.sampled_from(CONFLICTS))}"
    one = _quoted(draw(st.sampled_from(names)))
    where = draw(st.sampled_from(parents))
    return f"{named}FOREIGN KEY ({one}) REFERENCES {where}{draw(st.sampled_from(ACTIONS))}"


@st.composite
def _index(draw: Draw, number: int, names: tuple[str, ...]) -> str:
    keys = draw(st.lists(_key(names), min_size=1, max_size=2))
    if draw(st.booleans()):
        keys.append(f"lower({_quoted(names[0])})")
    where = draw(st.sampled_from(("", f" WHERE {draw(_expression(names))}")))
    unique = draw(st.sampled_from(("", "UNIQUE ")))
    return f"CREATE {unique}INDEX i{number} ON t({', '.join(keys)}){where};"


@st.composite
def table(draw: Draw) -> str:
    """A script that makes a table t, and one that it may refer to."""
    names = tuple(draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=4, unique=True)))
    strict, without = draw(st.booleans()), draw(st.booleans())
    types = STRICT if strict else TYPES
    key = draw(st.sampled_from(("id INTEGER PRIMARY KEY", "id INTEGER PRIMARY KEY AUTOINCREMENT",
                                "id INTEGER NOT NULL CONSTRAINT pk PRIMARY KEY",
                                "id TEXT PRIMARY KEY DESC ON CONFLICT IGNORE",
                                "id INT NOT NULL", "id INTEGER")))  # fmt: skip
    parts = [key, *(draw(_column(name, names, types)) for name in names)]
    if "PRIMARY" not in key:
        parts.append(f"PRIMARY KEY (id, {_quoted(names[0])} COLLATE NOCASE DESC)")
    parents = ("t2(id)", "t2", *(["t(id)"] if "PRIMARY" in key else []))
    parts += draw(st.lists(_constraint(("id", *names), parents), max_size=3))
    options = ", ".join(o for o, said in (("STRICT", strict), ("WITHOUT ROWID", without)) if said)
    indexes = [draw(_index(n, names)) for n in range(draw(st.integers(0, 2)))]
    script = (
        f"CREATE TABLE t2(id INTEGER PRIMARY KEY); CREATE TABLE t({', '.join(parts)}) {options}"
    )
    return f"{script}; {' '.join(indexes)}"


def _can_be_made(path: Path, script: str) -> Path:
    try:
        return make(path, script)
    except sqlite3.Error:
        assume(False)
        raise


def _fill(path: Path, rows: Iterable[tuple[object, ...]]) -> None:
    """What SQLite takes of some rows."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        query = "SELECT name FROM pragma_table_xinfo('t') WHERE hidden = 0"
        columns = [row[0] for row in connection.execute(query)]
        marks = ", ".join("?" for _ in columns)
        listed = ", ".join(map(_quoted, columns))
        for number, row in enumerate(rows, start=1):
            values = [number, *(row[n % len(row)] for n in range(1, len(columns)))]
            statement = f"INSERT OR IGNORE INTO t ({listed}) VALUES ({marks})"
            try:
                connection.execute(statement, values)
            except sqlite3.Error:
                continue


_SETTINGS = settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[*HealthCheck],
    derandomize=True,
)
_ROWS = st.lists(st.tuples(*[st.sampled_from(VALUES)] * 3), max_size=3)


@_SETTINGS
@given(table())
def test_every_table_is_described_as_it_is_found(script: str) -> None:
    with TemporaryDirectory() as folder:
        wanted, found = promise(_can_be_made(Path(folder) / "a.db", script))
        assert wanted == found
        assert names(wanted) == names(found)


@_SETTINGS
@given(table(), table(), _ROWS)
def test_every_table_becomes_every_other_and_comes_back(
    before: str, after: str, rows: list[tuple[object, ...]]
) -> None:
    with TemporaryDirectory() as folder:
        here = _can_be_made(Path(folder) / "a.db", before)
        there = _can_be_made(Path(folder) / "b.db", after)
        _fill(here, rows)
        start = catalog(here), _everything(here)
        try:
            made = make_alike(here, described(there))
        except (StepFailed, VerificationFailed, UnsupportedChange) as error:
            _only_for_its_rows(error, rows)
            assert (catalog(here), _everything(here)) == start
            return
        assert catalog(here) == catalog(there)
        take_back(here, made.steps)
        assert (catalog(here), _everything(here)) == start


def _only_for_its_rows(error: MigrationError, rows: list[tuple[object, ...]]) -> None:
    """Values may not fit; an empty table becomes any other."""
    assert rows, error


def _everything(path: Path) -> dict[str, object]:
    sequences = [("t", 0)]
    return {what: said for what, said in everything(path).items() if said not in ([], sequences)}
