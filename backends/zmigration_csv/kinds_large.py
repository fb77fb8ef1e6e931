"""The same of large files: many rows at once, and one by one only what is not sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zmigration_api import Column, ColumnType

from .canonical import staying
from .files import CsvFile
from .grid import Grid
from .kinds import LONGEST_STR, TESTS, Facts, Guess
from .marks import QUOTE, Flags, Places
from .quick import Quick
from .scan import stretches

_FIRST = 64
"""Cells that are looked at one by one, to see what the column is at all not."""
_QUICK: tuple[Guess, ...] = ("int", "bigint", "bool", "date", "datetime", "float", "decimal")
_TEXT = Column(name="", type=ColumnType(kind="text"))


def facts_of(file: CsvFile) -> list[Facts]:
    """What all the cells of each column say."""
    found = [Facts() for _ in file.header().names]
    for stretch in stretches(file, _look):
        if stretch.made is not None:
            parts: Sequence[Facts] = stretch.made
            for facts, more in zip(found, parts, strict=True):
                facts.add(more)
            continue
        for record in stretch.records:
            for facts, cell in zip(found, record.cells, strict=False):
                facts.see((cell,))
    return found


def _look(rows: Grid) -> list[Facts]:
    return [_column(rows, place) for place in range(rows.width)]


def _column(rows: Grid, place: int) -> Facts:
    starts, ends = rows.starts(place), rows.ends(place)
    filled = staying(rows, Quick(place, bare_null=False, quoted_null=False))
    numbers = np.flatnonzero(filled)
    facts = Facts(nulls=int(rows.rows - len(numbers)))
    facts.see(rows.cells(place, numbers[:_FIRST]))
    rest = numbers[_FIRST:]
    if not rows.is_text or (rows.quoted and _has_quotes(rows, place)):
        facts.see(rows.cells(place, rest))
        return facts
    facts.values += len(rest)
    sizes = ends[rest] - starts[rest]
    long = rest[sizes > LONGEST_STR]
    short = int(sizes[sizes <= LONGEST_STR].max(initial=0))
    in_characters = (len(cell.decode()) for cell in rows.cells(place, long))
    facts.longest = max(facts.longest, short, *in_characters)
    facts.kinds = tuple(kind for kind in facts.kinds if _all_are(rows, place, kind, rest))
    return facts


def _all_are(rows: Grid, place: int, kind: Guess, rest: Places) -> bool:
    """Whether all these cells, which are not null, may be of the kind."""
    if kind in _QUICK and kind != "whole":
        new = replace(_TEXT, type=ColumnType(kind=kind))
        sure: Flags = staying(rows, Quick(place).converted(_TEXT, new))
        rest = rest[~sure[rest]]
    test = TESTS[kind]
    return all(test(cell.decode()) for cell in set(rows.cells(place, rest)))


def _has_quotes(rows: Grid, place: int) -> bool:
    return bool((rows.data[rows.starts(place)] == QUOTE).any())
