from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import psycopg
import pytest
from psycopg import sql

from examples.local_postgres import drop_database, with_database
from tests.faults.shop import AFTER, Look, Shop, insert_rows, rows_after, rows_before


@dataclass(frozen=True, slots=True)
class Pattern:
    """A shop to be copied, how it looks before and after, and how long a run takes in seconds."""

    shop: Shop
    before: Look
    after: Look
    seconds: float


@pytest.fixture(autouse=True)
def _own_user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of these tests reaches the user's own folders."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))


MakeShop: TypeAlias = Callable[[str], tuple[Shop, Pattern]]
GetPattern: TypeAlias = Callable[[str], Pattern]


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[GetPattern]:
    """The pattern of each backend, made when first asked for."""
    made: dict[str, Pattern] = {}
    with ExitStack() as stack:

        def get(backend: str) -> Pattern:
            if backend not in made:
                folder = tmp_path_factory.mktemp(f"pattern_{backend}")
                made[backend] = _pattern(backend, folder, postgres_server, stack)
            return made[backend]

        yield get


@pytest.fixture
def make_shop(tmp_path: Path, pattern: GetPattern, postgres_server: str) -> Iterator[MakeShop]:
    """A copy of a backend's pattern with its change pending; any number of them."""
    with ExitStack() as stack:

        def make(backend: str) -> tuple[Shop, Pattern]:
            found = pattern(backend)
            folder = tmp_path / uuid.uuid4().hex[:8] / "shop"
            return _copy(found.shop, folder, postgres_server, stack), found

        yield make


def _pattern(backend: str, folder: Path, server: str, stack: ExitStack) -> Pattern:
    dsn = _database(server, None, stack) if backend == "postgresql" else None
    shop = Shop(backend, folder / "shop", dsn)
    shop.lay_out()
    done = shop.migrate()
    assert done.code == 0, done.said
    insert_rows(shop)
    shop.write_schemas(AFTER)
    before = Look.at(shop)
    assert before.tables == rows_before()
    whole = _copy(shop, folder / "whole" / "shop", server, stack)
    started = time.monotonic()
    done = whole.migrate()
    seconds = time.monotonic() - started
    assert done.code == 0, done.said
    after = Look.at(whole)
    assert after.tables == rows_after()
    return Pattern(shop, before, after, seconds)


def _copy(shop: Shop, folder: Path, server: str, stack: ExitStack) -> Shop:
    shutil.copytree(shop.folder, folder)
    if shop.dsn is None:
        return replace(shop, folder=folder)
    dsn = _database(server, shop.dsn, stack)
    copy = replace(shop, folder=folder, dsn=dsn)
    env = folder / ".zEnv"
    env.write_text(env.read_text().replace(shop.dsn, dsn))
    return copy


def _database(server: str, template: str | None, stack: ExitStack) -> str:
    name = f"zmigration_{uuid.uuid4().hex[:12]}"
    source = template.rpartition("/")[2].partition("?")[0] if template else "template0"
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    _execute(server, statement.format(sql.Identifier(name), sql.Identifier(source)))
    stack.callback(drop_database, server, name)
    return with_database(server, name)


def _execute(server: str, statement: sql.Composed) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)
