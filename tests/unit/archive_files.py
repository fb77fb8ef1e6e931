"""Migrations of SQLite files that are taken back, and whole files to compare."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.unit.sqlite_files import opened, query
from zcli_migration.diff import diff
from zcli_migration.planner import in_order
from zcli_migration.rules import RULES
from zmigration_api import Column, Schema, Step, Table, no_progress
from zmigration_api.archive import archives_for
from zmigration_api.history import is_internal
from zmigration_sql import quoted
from zmigration_sqlite.store import SQLiteStore
from zmigration_sqlite.tokens import significant, tokenize


def tables_of(path: Path) -> list[str]:
    """The tables with data."""
    rows = query(path, "SELECT name FROM sqlite_master WHERE type = 'table'")
    return [name for (name,) in rows if not is_internal(name)]


def archives_in(path: Path) -> list[str]:
    rows = query(path, "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE ?", "%")
    return [name for (name,) in rows if name.startswith(("__zmigration_kept", "__zmigration_und"))]


def everything(path: Path) -> dict[str, object]:
    """All but archives: texts without spelling of names, rows with storage classes."""
    found: dict[str, object] = {}
    listed = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    for kind, name, table, sql in query(path, listed):
        if is_internal(table):
            continue
        # SQLite quotes names that it renames, and spells out nothing else.
        found[f"{kind} {name}"] = [t.name for t in significant(tokenize(sql))]
        if kind == "table":
            found[name] = rows_of(path, name, numbered="PRIMARY KEY" not in sql.upper())
    if query(path, "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"):
        rows = query(path, "SELECT name, seq FROM sqlite_sequence ORDER BY name")
        found["sequences"] = [row for row in rows if not is_internal(row[0])]
    return found


def rows_of(path: Path, table: str, *, numbered: bool = True) -> list[tuple[Any, ...]]:
    columns = [row[1] for row in query(path, f"PRAGMA table_xinfo({quoted(table)})")]
    values = ", ".join(f"{quoted(c)}, typeof({quoted(c)})" for c in columns)
    number = "_rowid_, " if numbered else ""
    return query(path, f"SELECT {number}{values} FROM {quoted(table)} ORDER BY 1")


def edited(
    table: Table,
    *,
    drop: Sequence[str] = (),
    alter: Sequence[Column] = (),
    add: Sequence[Column] = (),
    rename: Mapping[str, str] | None = None,
    **rest: Any,
) -> Table:
    """The table as a schema file might want it next; names in `alter` are the new ones."""
    new = {c.name: c for c in alter}
    names = rename or {}
    columns = []
    for old in table.columns:
        if old.name in drop:
            continue
        name = names.get(old.name, old.name)
        renamed_from = old.name if name != old.name else None
        base = new.get(name, old)
        columns.append(replace(base, name=name, renamed_from=renamed_from))
    return replace(table, columns=(*columns, *add), **rest)


def planned(
    store: SQLiteStore, current: Schema, desired: Schema, token: str = "0123456789"
) -> tuple[Step, ...]:
    changes = in_order(diff(current, desired, RULES))
    return store.plan(changes, current, desired, archives_for(changes, current, desired, token))


def forward(
    path: Path, *desired: Table, token: str = "0123456789", hidden: Sequence[str] = ()
) -> tuple[Step, ...]:
    """Migrate the file's tables to these; the schemas know nothing of columns in `hidden`."""
    with opened(path) as store:
        tables = store.inspect(tables_of(path)).tables
        current = Schema(tables=tuple(without(table, hidden) for table in tables))
        steps = planned(store, current, Schema(tables=desired), token)
        run_all(store, steps)
    return steps


def without(table: Table, names: Sequence[str]) -> Table:
    return replace(table, columns=tuple(c for c in table.columns if c.name not in names))


def back(path: Path, steps: Sequence[Step], *, force: bool = False) -> tuple[Step, ...]:
    """Take the steps back, as a rollback does; what was run."""
    with opened(path) as store:
        inverse = [step.inverse() for step in reversed(steps)]
        fitted = store.fitted(inverse, force=force)
        run_all(store, fitted)
    return fitted


def run_all(store: SQLiteStore, steps: Sequence[Step]) -> None:
    store.begin(1.0)
    for step in steps:
        store.run(step, no_progress)
    store.commit()


def seen(path: Path, name: str) -> Table:
    with opened(path) as store:
        (table,) = store.inspect([name]).tables
        return table
