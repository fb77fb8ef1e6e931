"""The plugin: offers SQLite as a kind of store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from zmigration_api import BackendType, Change, Fact, Store, Target, hookimpl


@dataclass(frozen=True, slots=True)
class SQLite:
    """SQLite files."""

    name: str = "sqlite"
    aliases: tuple[str, ...] = ("sqlite3",)
    in_folder: bool = True
    supports: frozenset[type[Change]] = frozenset(get_args(Change))
    keeps: frozenset[Fact] = frozenset(get_args(Fact))

    def open(self, target: Target) -> Store:
        from .store import SQLiteStore

        return SQLiteStore(target)


@hookimpl
def zmigration_backends() -> Iterable[BackendType]:
    return [SQLite()]
