from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.scenarios.harness import Bench
from tests.scenarios.scenario import Scenario
from tests.scenarios.stores import CsvStore, PostgresStore, SqliteStore, Store

MakeBench: TypeAlias = Callable[[Scenario, str], Bench]


@pytest.fixture(autouse=True)
def _own_user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of these tests reaches the user's own folders."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


@pytest.fixture
def make_bench(tmp_path: Path, request: pytest.FixtureRequest) -> MakeBench:
    """A scenario's app with its store; PostgreSQL gets a database of its own."""

    def make(scenario: Scenario, backend: str) -> Bench:
        folder = tmp_path / "shop"
        folder.mkdir()
        store: Store
        if backend == "postgresql":
            store = PostgresStore(request.getfixturevalue("postgres_dsn"))
        else:
            store = (CsvStore if backend == "csv" else SqliteStore)(folder)
        return Bench(scenario, store, folder)

    return make
