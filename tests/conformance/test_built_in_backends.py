"""The built-in backends prove what every backend must."""

from __future__ import annotations

from pathlib import Path

import pytest

from zmigration_api import Target
from zmigration_api.testkit import BackendConformance, Place
from zmigration_csv.plugin import CsvBackend
from zmigration_postgresql.plugin import PostgreSQL
from zmigration_sqlite.plugin import SQLite


class TestCsv(BackendConformance):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        target = Target(data_type="csv", folder=tmp_path / "Data", workspace=tmp_path)
        return Place(CsvBackend(), target)


class TestSQLite(BackendConformance):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        file = tmp_path / "Data" / "shop.db"
        target = Target(data_type="sqlite", folder=file.parent, file=file, workspace=tmp_path)
        return Place(SQLite(), target)


class TestPostgreSQL(BackendConformance):
    @pytest.fixture
    def place(self, tmp_path: Path, postgres_dsn: str) -> Place:
        target = Target(data_type="postgresql", dsn=postgres_dsn, workspace=tmp_path)
        return Place(PostgreSQL(), target)
