"""The CSV backend as zMigration finds it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, get_args

from zmigration_api import BackendType, Change, Fact, NeutralChange, Store, Target, hookimpl

if TYPE_CHECKING:
    from .store import CsvStore


class CsvBackend:
    """Folders of CSV files: every kind of change; files remember only names."""

    name = "csv"
    aliases: tuple[str, ...] = ()
    in_folder = True
    supports: frozenset[type[Change]] = frozenset(get_args(NeutralChange))
    keeps: frozenset[Fact] = frozenset()
    keeps_archives = True

    def open(self, target: Target) -> Store:
        """The folder at that place, whether it is there yet or not."""
        return _opened(target)


def _opened(target: Target) -> CsvStore:
    from .store import CsvStore

    return CsvStore(target)


@hookimpl
def zmigration_backends() -> Iterable[BackendType]:
    """Offer CSV folders."""
    return [CsvBackend()]
