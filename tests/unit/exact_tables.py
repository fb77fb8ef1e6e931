"""Helpers for tests of exact tables on a real PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from zmigration_api import (
    AddConstraint,
    AddIndex,
    Change,
    Column,
    ColumnType,
    CreateTable,
    Default,
    Schema,
    Table,
    Target,
    no_progress,
)
from zmigration_postgresql.named_types import created
from zmigration_postgresql.store import PostgreSQLStore


def expression(text: str) -> Default:
    return Default(kind="expression", text=text)


def opened(dsn: str, schema: str | None = None) -> PostgreSQLStore:
    options = {"Data_Schema": schema} if schema else {}
    return PostgreSQLStore(Target(data_type="postgresql", dsn=dsn, options=options))


def described(store: PostgreSQLStore, names: Any = None) -> Schema:
    """What a schema file that was made by `describe` says."""
    schema = store.describe(store.table_names() if names is None else names).schema
    return replace(schema, tables=tuple(replace(t, exact=True) for t in schema.tables))


@contextmanager
def no_scratch(store: PostgreSQLStore) -> Iterator[None]:
    """Inside, no transaction may be begun."""
    connection = store._reading()
    assert connection is not None
    execute = connection.execute

    def refused(sql: str, params: Any = ()) -> int:
        assert not sql.startswith(("BEGIN", "SAVEPOINT")), "a scratch transaction"
        return execute(sql, params)

    connection.execute = refused  # type: ignore[method-assign]
    try:
        yield
    finally:
        del connection.execute


def native(text: str) -> ColumnType:
    return ColumnType(kind="native", native=text)


def of_columns(*columns: Column, name: str = "t") -> Table:
    return Table(name=name, columns=columns, exact=True)


def make(store: PostgreSQLStore, wanted: Schema) -> None:
    """Create all of it by the store's own plan."""
    store.begin(5)
    make_inside(store, wanted)
    store.commit()


def make_inside(store: PostgreSQLStore, wanted: Schema) -> None:
    connection = store._working().connection
    for named in wanted.types:
        connection.execute(created(named))
    exact = store.exact(wanted, Schema())
    changes: list[Change] = [CreateTable(table) for table in exact.tables]
    changes += [AddIndex(t.name, index) for t in exact.tables for index in t.indexes]
    changes += [AddConstraint(t.name, key) for t in exact.tables for key in t.foreign_keys]
    for step in store.plan(changes, Schema(), exact):
        store.run(step, no_progress)


def compared(said: Schema, found: Schema) -> None:
    """Part by part, so that a failure names what differs."""
    assert [table.name for table in said.tables] == [table.name for table in found.tables]
    for mine, theirs in zip(said.tables, found.tables, strict=True):
        for part in ("columns", "unique", "checks", "exclusions", "foreign_keys", "indexes"):
            for one, other in zip(getattr(mine, part), getattr(theirs, part), strict=True):
                assert (one, one.name, one.comment) == (other, other.name, other.comment)
        assert (mine, mine.comment) == (theirs, theirs.comment)
