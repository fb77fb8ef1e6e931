"""A SQLite file with things in it, and what there is to compare before and after."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from zmigration_api import Change, Column, ColumnType, Schema, Step, Target, no_progress
from zmigration_api.types import TypeKind
from zmigration_sqlite.store import SQLiteStore


def make(path: Path, script: str) -> Path:
    """The file, made by a script as another program would."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


def query(path: Path, sql: str, *params: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, params).fetchall()


def master(path: Path) -> dict[str, str]:
    """The text of everything in the file, by `type name`."""
    rows = query(path, "SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return dict(rows)


@contextmanager
def opened(path: Path) -> Iterator[SQLiteStore]:
    store = SQLiteStore(Target(data_type="sqlite", file=path, workspace=path.parent))
    try:
        yield store
    finally:
        store.close()


def migrate(path: Path, *changes: Change, current: Schema | None = None) -> tuple[Step, ...]:
    """Plan against the file as it is, and make the changes in one unit of work."""
    with opened(path) as store:
        before = current or store.inspect(_tables(path))
        steps = store.plan(changes, before, Schema())
        run(store, steps)
        return steps


def run(store: SQLiteStore, steps: Sequence[Step]) -> None:
    store.begin(1.0)
    for step in steps:
        store.run(step, no_progress)
    store.commit()


def statements(steps: Sequence[Step]) -> list[str]:
    return [statement for step in steps for statement in step.statements]


def column(name: str, kind: TypeKind = "text", **more: Any) -> Column:
    return Column(name=name, type=ColumnType(kind=kind), **more)


def _tables(path: Path) -> list[str]:
    return [row[0] for row in query(path, "SELECT name FROM sqlite_master WHERE type = 'table'")]
