"""A store of each kind, reached through the contract alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zmigration_api import Store, Target
from zmigration_csv.plugin import CsvBackend
from zmigration_postgresql.store import PostgreSQLStore
from zmigration_sqlite.store import SQLiteStore


@contextmanager
def begun(store: Store) -> Iterator[Store]:
    try:
        store.begin(5)
        yield store
        store.rollback()
    finally:
        store.close()


def csv_store(folder: Path) -> Store:
    return CsvBackend().open(Target(data_type="csv", folder=folder, workspace=folder))


def sqlite_store(folder: Path) -> Store:
    return SQLiteStore(Target(data_type="sqlite", file=folder / "data.db", workspace=folder))


def postgresql_store(dsn: str) -> Store:
    return PostgreSQLStore(Target(data_type="postgresql", dsn=dsn))
