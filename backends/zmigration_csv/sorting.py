"""Rows in order, holding some thousands of them in memory whatever their number."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, TypeAlias

from zmigration_api import Order

from .files import CsvFile

Values: TypeAlias = dict[str, Any]
_IN_MEMORY = 20_000
"""Rows."""


def in_order(
    rows: Iterator[Values], order: Order, file: CsvFile, at_once: int = _IN_MEMORY
) -> Iterator[Values]:
    """The rows sorted, those that are alike as they came. Null is less than every value."""
    key = _key(order)
    try:
        runs: list[Iterator[Values]] = []
        while run := sorted(islice(rows, at_once), key=key):
            runs.append(iter(run) if not runs and len(run) < at_once else _on_disk(run))
        yield from heapq.merge(*runs, key=key)
    except TypeError:
        names = ", ".join(name for name, _ in order)
        raise file.error(f"the values of {names} have no order") from None


def _on_disk(run: list[Values]) -> Iterator[Values]:
    """The same rows, from a temporary file without a name."""
    kept = _reading(run)
    next(kept)
    return kept


def _reading(run: list[Values]) -> Iterator[Values]:
    import pickle
    from tempfile import TemporaryFile

    with TemporaryFile() as file:
        for row in run:
            pickle.dump(row, file, pickle.HIGHEST_PROTOCOL)
        count = len(run)
        run.clear()
        file.seek(0)
        yield {}
        for _ in range(count):
            yield pickle.load(file)


def _key(order: Order) -> Callable[[Values], tuple[Any, ...]]:
    terms = [(name, direction == "desc") for name, direction in order]
    return lambda row: tuple(
        _Down(_rank(row[name])) if down else _rank(row[name]) for name, down in terms
    )


def _rank(value: object) -> tuple[Any, ...]:
    return (False,) if value is None else (True, value)


class _Down:
    """A rank that sorts the other way round."""

    __slots__ = ("rank",)

    def __init__(self, rank: tuple[Any, ...]) -> None:
        self.rank = rank

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Down) and self.rank == other.rank

    def __lt__(self, other: _Down) -> bool:
        return other.rank < self.rank

    __hash__ = None  # type: ignore[assignment]
