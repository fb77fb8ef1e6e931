"""The DuckDB backend proves what every backend must."""

from pathlib import Path

import pytest

from zmigration_api import Target
from zmigration_api.testkit import BackendConformance, Place
from zmigration_duckdb.plugin import zmigration_backends


class TestDuckDB(BackendConformance):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        (backend,) = zmigration_backends()
        target = Target(data_type="duckdb", folder=tmp_path / "Data", workspace=tmp_path)
        return Place(backend, target)
