"""Proof, before the commit, that a file written anew has every row and every untouched cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from operator import itemgetter
from typing import TypeAlias
from zlib import crc32

from zmigration_api import VerificationFailed

from .cells import CHUNK, Text, unquote
from .files import CsvFile

Bytes: TypeAlias = Text | range
"""A part of a new file: bytes, or where in the old file they are."""


class Fingerprint:
    """How many rows were seen, and a checksum of the bytes that some of their columns have.

    `lonely`: the only cell of a row may get or lose quotes, so that what it says is counted.
    """

    def __init__(self, positions: Sequence[int], delimiter: bytes, lonely: bool) -> None:
        self.rows = 0
        self.checksum = 0
        self._bytes = _picker(positions, delimiter, lonely)

    def add(self, cells: Sequence[bytes]) -> None:
        """Count one row."""
        self.rows += 1
        self.checksum = crc32(self._bytes(cells), self.checksum)

    def add_all(self, file: CsvFile) -> None:
        """Count every row of a file."""
        for record in file.rows():
            self.add(record.cells)


def _picker(
    positions: Sequence[int], delimiter: bytes, lonely: bool
) -> Callable[[Sequence[bytes]], bytes]:
    if not positions:
        return lambda _: b"\n"
    if len(positions) > 1:
        pick, join = itemgetter(*positions), delimiter.join
        return lambda cells: join(pick(cells)) + b"\n"
    position = positions[0]
    if lonely:
        return lambda cells: unquote(cells[position]) + b"\n"
    return lambda cells: cells[position] + b"\n"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of whole rows in a file: how many bytes and rows, and a checksum of it."""

    size: int
    rows: int
    checksum: int


def require_same(
    read: Fingerprint | Part, written: Fingerprint | Part, file: CsvFile, before: int = 0
) -> None:
    """VerificationFailed if rows are missing, or untouched cells are not what they were.

    So many rows come before these.
    """
    if read.rows != written.rows:
        had, has = before + read.rows, before + written.rows
        raise _failed(file, f"it had {had} rows and would have {has}")
    if read.checksum != written.checksum:
        raise _failed(file, "cells of columns that the plan does not touch would change")


def require_same_rest(old: CsvFile, new: CsvFile, starts: tuple[int, int]) -> None:
    """VerificationFailed if two files differ after their headers, which end at `starts`."""
    with old.path.open("rb") as one, new.path.open("rb") as other:
        one.seek(starts[0])
        other.seek(starts[1])
        pieces = zip_longest(
            iter(lambda: one.read(CHUNK), b""), iter(lambda: other.read(CHUNK), b"")
        )
        if any(a != b for a, b in pieces):
            raise _failed(old, "rows would change with the header")


def _failed(file: CsvFile, what: str) -> VerificationFailed:
    return VerificationFailed(
        f"Verification failed, everything was undone: {what}",
        hint="run again; if it fails again, check the disk and report it",
        file=file.shown,
    )
