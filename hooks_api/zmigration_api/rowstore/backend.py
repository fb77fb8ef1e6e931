"""A kind of store, said in one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

from zmigration_api.backend import Fact, Store
from zmigration_api.changes import Change, NeutralChange
from zmigration_api.target import Target

EVERY_CHANGE: frozenset[type[Change]] = frozenset(get_args(NeutralChange))


@dataclass(frozen=True, slots=True)
class Backend:
    """A `BackendType` whose stores `open_store` makes; see there for the other fields."""

    name: str
    open_store: Callable[[Target], Store]
    aliases: tuple[str, ...] = ()
    in_folder: bool = True
    supports: frozenset[type[Change]] = EVERY_CHANGE
    keeps: frozenset[Fact] = frozenset({"type", "required", "default", "key", "unique"})
    keeps_archives: bool = True

    def open(self, target: Target) -> Store:
        """The store at that place, whether it is there yet or not."""
        return self.open_store(target)
