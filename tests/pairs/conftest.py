from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from examples.local_postgres import fresh_database
from tests.pairs.corpus import Dialect
from tests.pairs.postgres_place import PostgresPlace
from tests.pairs.sqlite_place import SqlitePlace
from tests.pairs.trial import Place

TwoPlaces: TypeAlias = tuple[Place, Place]
MakePlaces: TypeAlias = Callable[[Dialect, Path], TwoPlaces]


@pytest.fixture(autouse=True)
def _own_user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of these tests reaches the user's own folders."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))


@pytest.fixture(scope="session")
def two_databases(postgres_server: str) -> Iterator[tuple[str, str]]:
    """DSNs of two databases, to be emptied before use."""
    with fresh_database(postgres_server) as one, fresh_database(postgres_server) as other:
        yield one, other


@pytest.fixture
def make_places(two_databases: tuple[str, str]) -> MakePlaces:
    """Makes two empty databases of a dialect; files are made in the folder."""

    def make(dialect: Dialect, folder: Path) -> TwoPlaces:
        if dialect == "sqlite":
            return SqlitePlace(folder / "here.db"), SqlitePlace(folder / "there.db")
        here, there = two_databases
        return PostgresPlace(here), PostgresPlace(there)

    return make
