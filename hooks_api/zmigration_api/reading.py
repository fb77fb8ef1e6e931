"""Iterators over rows that keep to the rows as they were, whatever is changed meanwhile.

Stores differ in what an open cursor shows of later changes. So before a change the rest of every
open iterator is read: into memory, or a temporary file without a name if it is large.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Any, TypeVar
from weakref import WeakSet

from .errors import MigrationError, StoreError

T = TypeVar("T")
_IN_MEMORY = 1 << 22
"""Bytes."""
_TOGETHER = 200
"""Rows."""


class Reading(Iterator[dict[str, Any]]):
    """Rows of a store, one at a time."""

    def __init__(self, rows: Iterator[dict[str, Any]], others: WeakSet[Reading]) -> None:
        self._rows = rows
        self._open = others
        others.add(self)

    def __next__(self) -> dict[str, Any]:
        try:
            return next(self._rows)
        except BaseException:
            self._open.discard(self)
            raise

    def settle(self) -> None:
        """Read the rest now. What is wrong with a row is raised when its turn comes."""
        rest = _kept(self._rows)
        next(rest)
        self._rows = rest


class Readings:
    """The iterators over one store that somebody may still read from."""

    def __init__(self) -> None:
        self._open: WeakSet[Reading] = WeakSet()

    def open(self, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The same rows, untouched by every change that `settle` is called before."""
        return Reading(rows, self._open)

    def settle(self) -> None:
        """To be called before a change."""
        while self._open:
            self._open.pop().settle()


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch


def _kept(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """First an empty row, when all are read; then the rows."""
    import pickle
    from tempfile import SpooledTemporaryFile

    with SpooledTemporaryFile(_IN_MEMORY) as file:
        error = _keep(rows, file)
        file.seek(0)
        yield {}
        while True:
            try:
                yield from pickle.load(file)
            except EOFError:
                break
    if error is not None:
        raise error


def _keep(rows: Iterator[dict[str, Any]], file: IO[bytes]) -> MigrationError | None:
    """Write the rows; the error that ends them, if one does."""
    import pickle

    error, batch = None, []
    try:
        try:
            for row in rows:
                batch.append(row)
                if len(batch) == _TOGETHER:
                    pickle.dump(batch, file, pickle.HIGHEST_PROTOCOL)
                    batch = []
        except MigrationError as stopped:
            error = stopped
        pickle.dump(batch, file, pickle.HIGHEST_PROTOCOL)
    except OSError as full:
        raise StoreError(
            f"no room for the rows that an iterator has yet to give: {full.strerror}",
            hint="make room for temporary files, or use select, which reads all at once",
        ) from full
    return error
