"""One SQLite file made like another, as a run with an exact schema file makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.unit.sqlite_files import opened, run
from zcli_migration.diff import diff
from zcli_migration.planner import in_order, refuse_unsupported
from zcli_migration.rules import RULES
from zmigration_api import Change, Schema, Step
from zmigration_api.archive import archives_for
from zmigration_sqlite.plugin import SQLite
from zmigration_sqlite.store import SQLiteStore


@dataclass(frozen=True)
class Made:
    """What was to be changed, and the steps that were made."""

    changes: tuple[Change, ...]
    steps: tuple[Step, ...]


def described(path: Path) -> Schema:
    """All of a file as a schema file would say it."""
    with opened(path) as store:
        return store.describe(store.table_names()).schema


def promise(path: Path) -> tuple[Schema, Schema]:
    """The tables described and made exact, and the tables as they are found."""
    with opened(path) as store:
        live = store.inspect(store.table_names())
        wanted = store.describe([table.name for table in live.tables]).schema
        return store.exact(wanted, live), store.as_found(live)


def names(schema: Schema) -> list[str | None]:
    """The names of all indexes and constraints, which `==` does not look at."""
    return [p.name for t in schema.tables for p in (*t.constraints, *t.indexes)]


def changes_to(store: SQLiteStore, wanted: Schema) -> tuple[Schema, Schema, tuple[Change, ...]]:
    """The states before and after, and what leads from one to the other."""
    live = store.inspect([t.renamed_from or t.name for t in wanted.tables])
    live = store.inspect([*store.table_names(), *(table.name for table in live.tables)])
    current, desired = store.as_found(live), store.exact(wanted, live)
    changes = in_order(diff(current, desired, RULES))
    refuse_unsupported(SQLite(), changes)
    return current, desired, changes


def make_alike(path: Path, wanted: Schema) -> Made:
    """Make a file what a schema says, with archives; nothing may be left to do."""
    with opened(path) as store:
        current, desired, changes = changes_to(store, wanted)
        steps = store.plan(
            changes, current, desired, archives_for(changes, current, desired, "test")
        )
        run(store, steps)
        assert changes_to(store, wanted)[2] == ()
        return Made(changes, steps)


def take_back(path: Path, steps: Sequence[Step]) -> None:
    with opened(path) as store:
        back = [step.inverse() for step in reversed(steps)]
        run(store, store.fitted(back, force=False))
