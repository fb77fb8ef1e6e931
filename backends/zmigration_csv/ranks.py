"""Whether the keys of a large file are whole numbers in ascending order, as ids mostly are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .canonical import whole_number
from .chunks import Chunk
from .files import CsvFile
from .grid import Words
from .hashes import Key
from .scan import cut, lines_in, stretches

_DIGITS = 8
_PLACE = np.uint64(60)
_DROPPED = np.uint64(4)


@dataclass(frozen=True, slots=True)
class _Ranks:
    """Those of the first and the last of some rows, if they ascend in between."""

    rows: int
    lines: int
    ends: tuple[int, int] | None


def ascends(file: CsvFile, key: Key) -> bool:
    """Whether each key is certainly greater than the one before; False where that is not seen."""
    if len(key) != 1 or key[0][1].kind not in ("int", "bigint", "float", "decimal", "str", "text"):
        return False
    if not file.is_large:
        return False
    width, last = len(file.header().names), -1

    def look(chunk: Chunk) -> _Ranks | None:
        rows = cut(chunk, width, file.delimiter)
        if rows is None:
            return None
        lines = lines_in(chunk.text) if rows.quoted else rows.rows
        cells = whole_number(rows, key[0][0], _DIGITS)
        return _Ranks(rows.rows, lines, None if cells is None else _ends(*cells))

    for stretch in stretches(file, look):
        ends = stretch.made.ends if stretch.made else None
        if ends is None or ends[0] <= last:
            return False
        last = ends[1]
    return True


def _ends(word: Words, size: Words) -> tuple[int, int] | None:
    """Of digits that begin in the first byte of a word: more are greater than fewer."""
    rank = (word.byteswap() << _DROPPED >> _DROPPED) | (size << _PLACE)
    return (int(rank[0]), int(rank[-1])) if bool((rank[1:] > rank[:-1]).all()) else None
