"""The plugin: offers PostgreSQL as a kind of store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from zmigration_api import (
    BackendType,
    Change,
    Fact,
    Store,
    Target,
    hookimpl,
)


class PostgreSQL:
    """PostgreSQL databases."""

    name = "postgresql"
    aliases: tuple[str, ...] = ("postgres", "pg")
    in_folder = False
    supports: frozenset[type[Change]] = frozenset(get_args(Change))
    keeps: frozenset[Fact] = frozenset(get_args(Fact))
    keeps_archives = True

    def open(self, target: Target) -> Store:
        from .store import PostgreSQLStore

        return PostgreSQLStore(target)


@hookimpl
def zmigration_backends() -> Iterable[BackendType]:
    return [PostgreSQL()]
