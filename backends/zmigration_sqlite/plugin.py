"""The plugin: offers SQLite as a kind of store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from zmigration_api import (
    AlterTable,
    BackendType,
    Change,
    Fact,
    NeutralChange,
    RenamePart,
    Store,
    Target,
    hookimpl,
)


class SQLite:
    """SQLite files."""

    name = "sqlite"
    aliases: tuple[str, ...] = ("sqlite3",)
    in_folder = True
    supports: frozenset[type[Change]] = frozenset(get_args(NeutralChange)) | {
        RenamePart,
        AlterTable,
    }
    keeps: frozenset[Fact] = frozenset(get_args(Fact))
    keeps_archives = True

    def open(self, target: Target) -> Store:
        from .store import SQLiteStore

        return SQLiteStore(target)


@hookimpl
def zmigration_backends() -> Iterable[BackendType]:
    return [SQLite()]
