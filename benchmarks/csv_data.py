"""CSV files of any size for the benchmarks, the same ones every time."""

from __future__ import annotations

import random
from pathlib import Path

HEADER = b"id,name,age,email,born,score,note,state\n"
_AT_ONCE = 20_000
_QUOTED = 0.1


def write(path: Path, megabytes: int, *, quoted: bool) -> None:
    """A file of at least that size; `quoted`: a tenth of its rows has separators and line feeds."""
    choose, number, size = random.Random(1), 0, 0
    with path.open("wb") as stream:
        stream.write(HEADER)
        while size < megabytes << 20:
            rows = b"".join(_row(choose, number + n, quoted) for n in range(1, _AT_ONCE + 1))
            number += _AT_ONCE
            size += stream.write(rows)


def _row(choose: random.Random, number: int, quoted: bool) -> bytes:
    note = b"some text %d" % choose.randrange(10**6)
    if quoted and choose.random() < _QUOTED:
        note = b'"a, ""b""\nnote %d"' % number
    age, day = choose.randrange(99), choose.randrange(28) + 1
    score = b"%d.%02d" % (choose.randrange(9999), choose.randrange(99))
    return b"%d,user%d,%d,user%d@example.org,2024-01-%02d,%s,%s,active\n" % (
        *(number, number * 7, age, number, day),
        *(score, note),
    )
