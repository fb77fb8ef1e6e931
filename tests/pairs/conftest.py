from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from examples.local_postgres import fresh_database
from tests.pairs.corpus import Dialect
from tests.pairs.postgres_place import PostgresPlace
from tests.pairs.sqlite_place import SqlitePlace
from tests.pairs.trial import Place

MakePlace: TypeAlias = Callable[[Dialect], Place]


@pytest.fixture(autouse=True)
def _own_user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of these tests reaches the user's own folders."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))


@pytest.fixture
def make_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakePlace]:
    """Makes empty databases, which go with the test."""
    with ExitStack() as places:
        count = iter(range(1_000_000))

        def make(dialect: Dialect) -> Place:
            if dialect == "sqlite":
                return SqlitePlace(tmp_path / f"{next(count)}.db")
            server = request.getfixturevalue("postgres_server")
            return PostgresPlace(places.enter_context(fresh_database(server)))

        yield make
