"""The suite of `zcli.data` on the three stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.local_postgres import fresh_database
from tests.conformance.data_facade import DataFacadeSuite
from tests.conformance.stores import begun, csv_store, postgresql_store, sqlite_store
from zmigration_api import Store


class TestCsv(DataFacadeSuite):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with begun(csv_store(tmp_path)) as store:
            yield store
        assert list(tmp_path.iterdir()) == []


class TestSqlite(DataFacadeSuite):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with begun(sqlite_store(tmp_path)) as store:
            yield store
        assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="class")
def shared_database(postgres_server: str) -> Iterator[str]:
    with fresh_database(postgres_server) as dsn:
        yield dsn


class TestPostgresql(DataFacadeSuite):
    @pytest.fixture
    def store(self, shared_database: str) -> Iterator[Store]:
        with begun(postgresql_store(shared_database)) as store:
            yield store
