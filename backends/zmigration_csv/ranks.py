"""Whether the keys of a large file are whole numbers in ascending order, as ids mostly are."""

from __future__ import annotations

import numpy as np

from .canonical import whole_number
from .files import CsvFile
from .grid import Grid
from .hashes import Key
from .scan import stretches

_DIGITS = 8
_PLACE = np.uint64(60)
_DROPPED = np.uint64(4)


def ascends(file: CsvFile, key: Key) -> bool:
    """Whether each key is certainly greater than the one before; False where that is not seen."""
    if len(key) != 1 or key[0][1].kind not in ("int", "bigint", "float", "decimal", "str", "text"):
        return False
    if not file.is_large:
        return False
    last = -1
    for stretch in stretches(file, lambda rows: _ends(rows, key[0][0])):
        if stretch.made is None or stretch.made[0] <= last:
            return False
        last = stretch.made[1]
    return True


def _ends(rows: Grid, place: int) -> tuple[int, int] | None:
    """The ranks of the first and the last of the cells, if they are numbers and ascend."""
    cells = whole_number(rows, place, _DIGITS)
    if cells is None:
        return None
    word, size = cells  # of digits that begin in the first byte: more are greater than fewer
    rank = (word.byteswap() << _DROPPED >> _DROPPED) | (size << _PLACE)
    return (int(rank[0]), int(rank[-1])) if bool((rank[1:] > rank[:-1]).all()) else None
