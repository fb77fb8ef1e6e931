"""Which rows of large files have the key of another row, or one that another table has not.

What is compared are two hashes of 64 bits each, seeded anew in every run, of what the cells say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from .cells import Record
from .files import CsvFile
from .grid import Grid, GridRow
from .hashes import Hashes, Key, KeyHash
from .marks import Flags, Words, lines_in
from .ranks import ascends
from .runs import Pairs, Runs, runs
from .scan import stretches

_REMEMBERED = 1 << 20
"""Hashes of rows that are to be shown; with more of them, the first rows may not be the first."""
_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Offenders:
    """How many rows they are, and the rows with their numbers from 1, in the file's order."""

    count: int
    rows: Iterator[tuple[int, Record]]


def repeated(file: CsvFile, key: Key) -> Offenders:
    """The rows whose key another row has, too; a key that is null in part is none."""
    if ascends(file, key):
        return Offenders(0, iter(()))
    with runs() as keys:
        _collect(file, key, keys)
        return _offenders(file, key, (pairs.one[_twice(pairs)] for pairs in keys.ranges()))


def unmatched(file: CsvFile, key: Key, target: CsvFile | None, target_key: Key) -> Offenders:
    """The rows whose key is none of the target's; a key that is null in part is none."""
    with runs() as keys, runs() as known:
        if target is not None:
            _collect(target, target_key, known)
        _collect(file, key, keys)
        both = zip(keys.ranges(), known.ranges(), strict=True)
        return _offenders(file, key, (here.one[~_among(here, there)] for here, there in both))


def unique(file: CsvFile, key: Key) -> bool:
    """Whether every row has a key of its own; here null is a value like others."""
    if ascends(file, key):
        return True
    with runs() as keys:
        _collect(file, key, keys, nulls=True)
        return not any(_twice(pairs).any() for pairs in keys.ranges())


def _offenders(file: CsvFile, key: Key, found: Iterable[Words]) -> Offenders:
    count, shown, remembered = 0, [np.zeros(0, np.uint64)], 0
    for hashes in found:
        count += len(hashes)
        if remembered < _REMEMBERED:
            shown.append(hashes)
            remembered += len(hashes)
    wanted = np.unique(np.concatenate(shown))
    return Offenders(count, _with(file, key, wanted) if count else iter(()))


def _twice(pairs: Pairs) -> Flags:
    same = np.zeros(len(pairs.one) + 1, np.bool_)
    same[1:-1] = (pairs.one[1:] == pairs.one[:-1]) & (pairs.two[1:] == pairs.two[:-1])
    return np.asarray(same[1:] | same[:-1])


def _among(pairs: Pairs, others: Pairs) -> Flags:
    if not len(others.one):
        return np.zeros(len(pairs.one), np.bool_)
    at = np.minimum(np.searchsorted(others.one, pairs.one), len(others.one) - 1)
    return np.asarray((others.one[at] == pairs.one) & (others.two[at] == pairs.two))


@dataclass(frozen=True, slots=True)
class _Looked:
    """The hashes of some rows, and what tells each of them: its line, counted from 0, and cells."""

    hashes: Hashes
    row: Callable[[int], Record]


def _collect(file: CsvFile, key: Key, keys: Runs, *, nulls: bool = False) -> None:
    for _, _, looked in _looked(file, key):
        hashes = looked.hashes
        keys.add(*(hashes[:2] if nulls else hashes.without_nulls()))
        del looked


def _with(file: CsvFile, key: Key, wanted: Words) -> Iterator[tuple[int, Record]]:
    """The rows that have one of these hashes."""
    for number, line, looked in _looked(file, key):
        one = looked.hashes.one
        at = np.minimum(np.searchsorted(wanted, one), len(wanted) - 1)
        for index in np.flatnonzero((wanted[at] == one) & ~looked.hashes.null).tolist():
            record = looked.row(index)
            yield number + 1 + index, record._replace(line=line + record.line)


def _looked(file: CsvFile, key: Key) -> Iterator[tuple[int, int, _Looked]]:
    """The rows some at a time; how many rows come before, and the line that lines count from."""
    hashing = KeyHash(key)
    if not file.is_large:
        yield from _one_by_one(file.rows(), 0, hashing)
        return

    def look(rows: Grid) -> _Looked:
        return _Looked(hashing.of_grid(rows), lambda at: _record(rows, at))

    for stretch in stretches(file, look):
        if stretch.made is not None:
            yield stretch.number, stretch.line, stretch.made
        else:
            yield from _one_by_one(stretch.records, stretch.number, hashing)
        del stretch  # which may hold a long row


def _one_by_one(
    body: Iterable[Record], number: int, hashing: KeyHash
) -> Iterator[tuple[int, int, _Looked]]:
    rows = (record for record in body if record.cells)
    while batch := list(islice(rows, _BATCH)):
        hashes = hashing.of_rows([record.cells for record in batch])
        yield number, 0, _Looked(hashes, batch.__getitem__)
        number += len(batch)


def _record(rows: Grid, number: int) -> Record:
    start = rows.span(number)[0]
    line = lines_in(rows.text[:start]) if rows.quoted else number
    return Record(line, GridRow(rows, number).cells(), b"")
