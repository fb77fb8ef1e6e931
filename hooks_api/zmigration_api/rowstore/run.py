"""Making a step: the whole table is read, made anew, and written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from zmigration_api.archive import Archive
from zmigration_api.backend import Progress
from zmigration_api.changes import Change, CreateTable, DropTable, RenameTable
from zmigration_api.errors import MigrationError, StepFailed
from zmigration_api.model import Column, Table
from zmigration_api.plan import Step
from zmigration_api.renames import moves

from .archives import Keeper, KeptRows, archive_table, copied_table, in_place
from .cells import as_type
from .rework import Rework
from .tables import changed

if TYPE_CHECKING:
    from .store import RowStore


def run(store: RowStore, step: Step, progress: Progress, now: datetime) -> None:
    """Make the changes of one table; every error is a StepFailed."""
    try:
        done = _run(store, step, now)
        progress(done, done)
    except StepFailed:
        raise
    except MigrationError as error:
        where = {"hint": error.hint, "file": error.file, "line": error.line}
        raise StepFailed(error.message, **where) from error  # type: ignore[arg-type]
    except ValueError as error:
        raise StepFailed(f"{step.table}: a value {error}") from error


def _run(store: RowStore, step: Step, now: datetime) -> int:
    first, rest = step.changes[0], step.changes[1:]
    last = step.changes[-1]
    if isinstance(first, CreateTable):
        return _create(store, first.content, rest, step.restores)
    if isinstance(last, DropTable):
        return _drop(store, last.table, step.keeps)
    if isinstance(first, RenameTable):
        ways = moves([c for c in step.changes if isinstance(c, RenameTable)])
        return sum(_rename(store, old, new) for way in ways.values() for old, new in way)
    return _rework(store, step, now)


def _rename(store: RowStore, old: str, new: str) -> int:
    table = _there(store, old)
    rows = list(store.read(table))
    store.drop_table(old)
    return _write(store, replace(table, name=new), rows, _columns(table))


def _create(store: RowStore, table: Table, more: Iterable[Change], restores: Archive | None) -> int:
    if store.live(table.name) is not None:
        raise StepFailed(f"there is a table {table.name} already", hint="run again")
    table, rows, columns = changed(table, more), list[dict[str, Any]](), {}
    if restores is not None:
        kept = _there(store, restores.name)
        rows, columns = list(store.read(kept)), _columns(kept)
    return _write(store, table, rows, columns)


def _drop(store: RowStore, name: str, keeps: Archive | None) -> int:
    table = _there(store, name)
    rows = list(store.read(table)) if keeps else []
    if keeps:
        _write(store, copied_table(keeps, table), rows, _columns(table))
    store.drop_table(name)
    return len(rows)


def _rework(store: RowStore, step: Step, now: datetime) -> int:
    table = _there(store, step.changes[0].table)
    archived = _there(store, step.restores.name) if step.restores else None
    rework = Rework(table, step, now, archived)
    keeper = Keeper(step.keeps, rework.columns) if step.keeps else None
    kept = None
    if archived is not None and step.restores is not None:
        kept = KeptRows(step.restores, archived, store.read(archived), _columns(table))
    rows = []
    for old in store.read(table):
        new = rework.row(old, kept.take(old) if kept else None)
        rows.append(new)
        if keeper:
            keeper.keep(old, new)
    rework.refuse_lacking()
    after = changed(table, step.changes)
    if step.restores:
        after = in_place(after, step.after)
    if keeper and step.keeps:
        archive = archive_table(step.keeps, _columns(table), rework.columns)
        _write(store, archive, keeper.rows, _columns(archive))
    store.drop_table(table.name)
    return _write(store, after, rows, rework.columns)


def _write(
    store: RowStore, table: Table, rows: list[dict[str, Any]], have: Mapping[str, Column]
) -> int:
    """Make a table with these rows, whose values are of the types that `have` says."""
    store.create_table(table)
    live = _there(store, table.name)
    types = [(c.name, have[c.name].type, c.type) for c in live.columns if c.name in have]
    store.write(live, ({n: as_type(row[n], old, new) for n, old, new in types} for row in rows))
    return len(rows)


def _columns(table: Table) -> dict[str, Column]:
    return {column.name: column for column in table.columns}


def _there(store: RowStore, name: str) -> Table:
    table = store.live(name)
    if table is None:
        raise StepFailed(f"there is no table {name} in {store.display}")
    return table
