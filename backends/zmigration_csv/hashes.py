"""Hashes of the keys of many rows: rows whose keys are equal as values have equal hashes."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple, TypeAlias

import numpy as np

from zmigration_api.types import ColumnType, TypeKind

from .canonical import SAYS, Cells
from .grid import PADDING, Grid
from .keep import Plain, plain
from .marks import QUOTE, Flags, Places, Words
from .typed import value_or_text

Key: TypeAlias = Sequence[tuple[int, ColumnType]]
"""The places of a key's cells, and their types."""

_LONGEST = 512
"""Bytes; a digest stands for what is longer."""
_SEEDS = [np.uint64(secrets.randbits(64) | 1) for _ in range(4)]
"""Other ones in each run, so that nobody can prepare cells whose hashes are equal."""
_SHIFT = np.uint64(31)


class Hashes(NamedTuple):
    """Two hashes of each key, and whether a part of it is null."""

    one: Words
    two: Words
    null: Flags

    def without_nulls(self) -> tuple[Words, Words]:
        """The hashes of the keys that are whole."""
        return (self.one[~self.null], self.two[~self.null]) if self.null.any() else self[:2]


class KeyHash:
    """Hashes keys of the cells of some columns."""

    def __init__(self, key: Key) -> None:
        self._key = [(place, column_type.kind, _saying(column_type)) for place, column_type in key]

    def of_grid(self, rows: Grid) -> Hashes:
        """The hashes of all rows of a grid."""
        return _hashes([_said(rows, *part) for part in self._key])

    def of_rows(self, rows: Sequence[Sequence[bytes]]) -> Hashes:
        """The same of rows of cells."""
        parts = []
        for place, _, say in self._key:
            text, start, size = _packed([say(cells[place]) for cells in rows])
            parts.append(Cells(_words(text), start, size, True))
        return _hashes(parts)


def _saying(column_type: ColumnType) -> Plain:
    def json(cell: bytes) -> bytes:
        value = value_or_text(cell, column_type)
        return b"" if value is None else repr(value).encode("utf-8", "surrogatepass")

    def say(cell: bytes) -> bytes:
        said = tell(cell)
        return said if len(said) <= _LONGEST else blake2b(said).digest()

    tell = json if column_type.kind == "json" else plain(column_type)
    return say


def _said(rows: Grid, place: int, kind: TypeKind, say: Plain) -> Cells:
    """What the cells of one column say, where it is not the cells themselves, after the text."""
    start, end = rows.starts(place), rows.ends(place)
    size = end - start
    cells = Cells(rows.words, start, size, rows.is_text)
    form = SAYS.get(kind)
    sure = form(cells) if form else np.zeros(len(size), np.bool_)
    sure &= ((rows.words[start] & np.uint64(0xFF)) != np.uint64(QUOTE)) & (size <= _LONGEST)
    others = np.flatnonzero(~sure & (size > 0))
    if not len(others):
        return cells
    pairs = zip(start[others].tolist(), end[others].tolist(), strict=True)
    text, more, sizes = _packed([say(rows.text[a:b]) for a, b in pairs])
    start, size = start.copy(), size.copy()
    start[others] = more + len(rows.text) + PADDING
    size[others] = sizes
    return Cells(_words(rows.text + bytes(PADDING) + text), start, size, True)


def _packed(said: Sequence[bytes]) -> tuple[bytes, Places, Places]:
    """All of them one after the other; where each starts, and how long it is."""
    sizes = np.fromiter(map(len, said), np.int64, len(said))
    return b"".join(said), np.cumsum(sizes) - sizes, sizes


def _words(text: bytes) -> Words:
    padded = np.frombuffer(text + bytes(PADDING), np.uint8)
    words: Words = np.ndarray((len(padded) - 7,), "<u8", padded, 0, (1,))
    return words


def _hashes(parts: Sequence[Cells]) -> Hashes:
    one, two = (np.zeros(len(parts[0].size), np.uint64) for _ in range(2))
    null = np.zeros(len(one), np.bool_)
    for cells in parts:
        size = cells.size.astype(np.uint64)
        one, two = _mixed(one, size, 0), _mixed(two, size, 1)
        for at in range(0, int(cells.size.max(initial=0)), 8):
            word, live = cells.word(at), cells.size > at
            one = np.where(live, _mixed(one, word, 2), one)
            two = np.where(live, _mixed(two, word, 3), two)
        null |= cells.size == 0
    return Hashes(one, two, null)


def _mixed(before: Words, word: Words, seed: int) -> Words:
    mixed: Words = (before ^ word) * _SEEDS[seed]
    mixed ^= mixed >> _SHIFT
    return mixed
