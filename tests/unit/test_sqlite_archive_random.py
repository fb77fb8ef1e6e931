"""Random tables and plans: what was made is taken back to the last byte, or was refused whole."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.archive_files import back, edited, everything, forward, seen
from tests.unit.sqlite_files import make, query
from zmigration_api import (
    Backfill,
    Column,
    ColumnType,
    Default,
    Fixed,
    Index,
    MigrationError,
    PrimaryKey,
    Table,
)
from zmigration_api.types import TypeKind
from zmigration_sql import quoted

NAMES = ("a", "B", "select", "größe", "x y", 'q"u', "it's", "rowid", "__row")
TYPES = ("INTEGER", "INT", "TEXT", "VARCHAR(9) COLLATE NOCASE", "REAL", "BOOLEAN", "BLOB", "")
KINDS: tuple[TypeKind, ...] = ("int", "float", "str", "text", "bool", "decimal", "date", "blob")
VALUES = (None, 0, 1, 2.0, 1.5, "1", "007", " 2", "1e5", "a", "A", "2024-01-31", "yes", b"\x00")
TIMES = 3000 if os.environ.get("ZMIGRATION_SOAK") == "1" else 150


@dataclass(frozen=True)
class Story:
    """A table `t` and what becomes of it."""

    ddl: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    drop: tuple[str, ...]
    alter: tuple[Column, ...]
    add: tuple[Column, ...]
    rename: tuple[tuple[str, str], ...]
    name: str
    keyless: bool
    since: tuple[str, ...]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    key = draw(st.sampled_from(["none", "number", "one", "all", "unique", "no rowid"]))
    words = [f"{quoted(n)} {draw(st.sampled_from(TYPES))}" for n in names]
    words = [f"{word}{draw(st.sampled_from(['', ' NOT NULL', ' DEFAULT 5']))}" for word in words]
    end = ""
    if key in ("number", "one"):
        words[0] = f"{quoted(names[0])} {'INTEGER' if key == 'number' else 'TEXT'} PRIMARY KEY"
    if key in ("all", "no rowid"):
        words.append(f"PRIMARY KEY ({', '.join(map(quoted, names[:2]))})")
        end = " WITHOUT ROWID" if key == "no rowid" else ""
    if key == "unique":
        words.append(f"UNIQUE ({quoted(names[-1])})")
    ddl = [f"CREATE TABLE t({', '.join(words)}){end}"]
    if draw(st.booleans()):
        ddl.append(f"CREATE INDEX i ON t({quoted(draw(st.sampled_from(names)))})")
    row = st.tuples(*[st.sampled_from(VALUES) for _ in names])
    fates = {n: draw(st.sampled_from(["stay", "stay", "drop", "alter", "fill"])) for n in names}
    rename = [(n, f"{n}2") for n in names if fates[n] != "drop" and draw(st.integers(0, 3)) == 0]
    now = dict(rename)
    alter = [
        Column(
            name=now.get(n, n),
            type=ColumnType(kind=draw(st.sampled_from(KINDS))),
            required=fates[n] == "fill",
            backfill=Backfill(parts=(Fixed("1"),)) if fates[n] == "fill" else None,
        )
        for n in names
        if fates[n] in ("alter", "fill")
    ]
    added = Column(
        name="new",
        type=ColumnType(kind="int"),
        default=draw(st.sampled_from([None, Default(kind="value", text="3")])),
    )
    stays = [n for n in names if fates[n] != "drop"]
    return Story(
        ddl=tuple(ddl),
        rows=tuple(draw(st.lists(row, max_size=6))),
        drop=tuple(n for n in names if fates[n] == "drop"),
        alter=tuple(alter),
        add=(added,) if not stays or draw(st.booleans()) else (),
        rename=tuple(rename),
        name=draw(st.sampled_from(["t", "t", "people"])),
        keyless=draw(st.booleans()),
        since=tuple(draw(st.lists(st.sampled_from(["delete", "insert"]), max_size=2))),
    )


def made(path: Path, story: Story) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in story.ddl:
            connection.execute(statement)
        for row in story.rows:
            marks = ", ".join("?" for _ in row)
            with suppress(sqlite3.IntegrityError):
                connection.execute(f"INSERT INTO t VALUES ({marks})", row)
        connection.commit()


def wanted(table: Table, story: Story) -> Table:
    """The next schema; keys whose columns go or are renamed go or are renamed with them."""
    now = dict(story.rename)
    key = tuple(now.get(name, name) for name in table.key if name not in story.drop)
    whole = len(key) == len(table.key) > 0 and not story.keyless
    unique = tuple(
        replace(u, columns=tuple(now.get(c, c) for c in u.columns))
        for u in table.unique
        if not set(u.columns) & set(story.drop)
    )
    indexes = tuple(
        Index(columns=tuple(now.get(c, c) for c in i.columns), name=i.name)
        for i in table.indexes
        if not set(i.columns) & set(story.drop)
    )
    new = edited(
        table,
        drop=story.drop,
        alter=[replace(c, required=c.required or c.name in key) for c in story.alter],
        add=story.add,
        rename=now,
        primary_key=PrimaryKey(columns=key) if whole else None,
        unique=unique,
        indexes=indexes,
    )
    return replace(new, name=story.name, renamed_from="t" if story.name != "t" else None)


@settings(
    max_examples=TIMES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(stories())
def test_it_is_taken_back_to_the_last_byte(story: Story) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        made(path, story)
        before = everything(path)
        try:
            steps = forward(path, wanted(seen(path, "t"), story))
        except MigrationError:
            assert everything(path) == before
            return
        refused = [h.text for step in steps for h in step.hazards if "--rollback cannot" in h.text]
        assert not refused
        back(path, steps)
        assert everything(path) == before


@settings(
    max_examples=TIMES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(stories())
def test_rows_that_stayed_get_back_what_they_had(story: Story) -> None:
    """Beside rows that came and went: each row that is left is one of the old, or a new one."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        made(path, story)
        old = query(path, "SELECT * FROM t")
        try:
            steps = forward(path, wanted(seen(path, "t"), story))
        except MigrationError:
            return
        gone = 0
        with closing(sqlite3.connect(path)) as connection:
            if "delete" in story.since:
                key = next(iter(seen(path, story.name).key), None)
                if key is None:
                    return
                first = f"(SELECT min({quoted(key)}) FROM {story.name})"
                sql = f"DELETE FROM {story.name} WHERE {quoted(key)} = {first}"
                gone = connection.execute(sql).rowcount
            connection.commit()
        back(path, steps)
        left = query(path, "SELECT * FROM t")
        assert len(left) == len(old) - gone
        assert {repr(row) for row in left} <= {repr(row) for row in old}


@settings(
    max_examples=TIMES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(stories())
def test_what_came_by_hand_stays_with_its_row(story: Story) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        made(path, story)
        before = everything(path)
        try:
            steps = forward(path, wanted(seen(path, "t"), story))
        except MigrationError:
            return
        number = "1" if "WITHOUT ROWID" in story.ddl[0] else "_rowid_"
        make(
            path,
            f"ALTER TABLE {story.name} ADD COLUMN later; UPDATE {story.name} SET later = {number};"
            f"CREATE UNIQUE INDEX hand ON {story.name}(later) WHERE later > 1;"
            f"CREATE TRIGGER up AFTER UPDATE OF later ON {story.name} BEGIN SELECT new.later; END;",
        )
        back(path, steps)
        assert query(path, f"SELECT later FROM t WHERE later IS NOT {number}") == []
        assert {"index hand", "trigger up"} < everything(path).keys()
        make(path, "DROP INDEX hand; DROP TRIGGER up; ALTER TABLE t DROP COLUMN later")
        assert everything(path) == before
