"""Two PostgreSQL databases, one to become as the other: what tests of plans have in common."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from examples.local_postgres import fresh_database
from tests.postgres_catalog import catalog
from zcli_migration.diff import diff
from zcli_migration.planner import in_order
from zcli_migration.rules import RULES
from zmigration_api import (
    Change,
    Column,
    Online,
    Progress,
    Schema,
    Step,
    Table,
    Target,
    no_progress,
)
from zmigration_api.archive import archives_for
from zmigration_postgresql.store import PostgreSQLStore

Renames = Mapping[str, str]
"""Old names by new ones: `people: users`, `people.full_name: name`, `type mood: feeling`."""


@dataclass(slots=True)
class Pair:
    """The database that changes, its store, and the one that it is to become."""

    store: PostgreSQLStore
    server: psycopg.Connection[Any]
    other: PostgreSQLStore
    wanted: psycopg.Connection[Any]

    def planned(self, renames: Renames | None = None) -> tuple[Step, ...]:
        """The steps from the one to the other."""
        found, desired = _found(self.store), _hinted(_found(self.other), renames or {})
        desired = self.store.exact(desired, self.store.inspect(self.store.table_names()))
        changes = in_order(diff(found, desired, RULES))
        archives = archives_for(changes, found, desired, "t1")
        return self.store.plan(changes, found, desired, archives)

    def changes(self) -> tuple[Change, ...]:
        """What still differs."""
        desired = self.store.exact(_found(self.other), self.store.inspect(self.store.table_names()))
        return diff(_found(self.store), desired, RULES)

    def run(self, steps: tuple[Step, ...]) -> None:
        """Make the steps, all or none."""
        self.store.begin(5)
        try:
            self.store.prepare(steps, _unseen)
            for step in steps:
                self.store.run(step, no_progress)
        except BaseException:
            self.store.rollback()
            raise
        self.store.commit()

    def back(self, steps: tuple[Step, ...]) -> None:
        """Take the steps back, and throw away what they kept."""
        back = tuple(step.inverse() for step in reversed(steps))
        self.run(self.store.fitted(back, force=False))
        self.forget()

    def forget(self) -> None:
        """Throw away what runs kept."""
        kept = self.server.execute(
            "SELECT relname FROM pg_class WHERE relname ~ '^__zmigration' AND relkind = 'r'"
        ).fetchall()
        for (name,) in kept:
            self.server.execute(f'DROP TABLE "{name}"'.encode())

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.server.execute(sql.encode()).fetchall()


@contextmanager
def pair(
    postgres_server: str, current: str, desired: str, online: Online = "auto"
) -> Iterator[Pair]:
    """Two databases, made by these statements."""
    with (
        fresh_database(postgres_server) as one,
        fresh_database(postgres_server) as two,
        psycopg.connect(one, autocommit=True) as server,
        psycopg.connect(two, autocommit=True) as wanted,
        closing(PostgreSQLStore(Target(data_type="postgresql", dsn=one, online=online))) as store,
        closing(PostgreSQLStore(Target(data_type="postgresql", dsn=two))) as other,
    ):
        server.execute(current.encode())
        wanted.execute(desired.encode())
        yield Pair(store, server, other, wanted)


def there_and_back(
    postgres_server: str,
    current: str,
    desired: str,
    renames: Renames | None = None,
    online: Online = "auto",
) -> tuple[Step, ...]:
    """Both catalogs are equal after the steps, nothing is left to do, and undo brings all back."""
    with pair(postgres_server, current, desired, online) as both:
        before = catalog(both.server)
        steps = both.planned(renames)
        both.run(steps)
        assert alike(catalog(both.server)) == alike(catalog(both.wanted))
        assert both.changes() == ()
        both.back(steps)
        assert catalog(both.server) == before
        return steps


@contextmanager
def _unseen(_: Step) -> Iterator[Progress]:
    yield no_progress


def alike(lines: list[str]) -> list[str]:
    """Without what no schema file says: positions of sequences, and names of NOT NULL."""
    kept = (line for line in lines if " | n | NOT NULL " not in line)
    return [line for line in kept if not line.startswith("position | ")]


def statements(steps: tuple[Step, ...]) -> list[str]:
    return [statement for step in steps for statement in step.statements]


def _found(store: PostgreSQLStore) -> Schema:
    names = store.table_names()
    found = store.as_found(store.inspect(names))
    return replace(found, types=store.types(names))


def _hinted(schema: Schema, renames: Renames) -> Schema:
    """As a schema file would say it: no native types, and hints on renames."""

    def column(table: Table, one: Column) -> Column:
        old = renames.get(f"{table.name}.{one.name}")
        return replace(one, native=None, renamed_from=old)

    tables = tuple(
        replace(
            table,
            columns=tuple(column(table, one) for one in table.columns),
            renamed_from=renames.get(table.name),
        )
        for table in schema.tables
    )
    types = tuple(replace(t, renamed_from=renames.get(f"type {t.name}")) for t in schema.types)
    return replace(schema, tables=tables, types=types)
