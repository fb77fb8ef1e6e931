"""Whether the keys of a large file are whole numbers in ascending order, as ids mostly are."""

from __future__ import annotations

import numpy as np

from .canonical import whole_number
from .files import CsvFile
from .grid import Grid
from .hashes import Key
from .scan import stretches

_PLACE = np.uint64(60)
_DROPPED = np.uint64(4)


def may_ascend(key: Key) -> bool:
    """Whether it can be told of such keys."""
    kinds = ("int", "bigint", "float", "decimal", "str", "text")
    return len(key) == 1 and key[0][1].kind in kinds


def ascends(file: CsvFile, key: Key) -> bool:
    """Whether each key is certainly greater than the one before; False where that is not seen."""
    if not may_ascend(key) or not file.is_large:
        return False
    last = -1
    for stretch in stretches(file, lambda rows: ends_of(rows, key[0][0])):
        if stretch.made is None or stretch.made[0] <= last:
            return False
        last = stretch.made[1]
    return True


def ends_of(rows: Grid, place: int) -> tuple[int, int] | None:
    """The ranks of the first and the last of the cells, if they are numbers and ascend."""
    cells = whole_number(rows, place)
    if cells is None:
        return None
    word, size = cells  # of digits that begin in the first byte: more are greater than fewer
    rank = (word.byteswap() << _DROPPED >> _DROPPED) | (size << _PLACE)
    return (int(rank[0]), int(rank[-1])) if bool((rank[1:] > rank[:-1]).all()) else None
