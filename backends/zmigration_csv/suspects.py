"""The few rows of a large file that a question must look at one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .canonical import staying
from .cells import Record
from .chunks import Chunk
from .files import CsvFile
from .grid import Grid, GridRow
from .quick import Quick
from .scan import cut, lines_in, stretches


@dataclass(frozen=True, slots=True)
class _Some:
    """Rows of a stretch, each with its number there and the lines before it."""

    rows: int
    lines: int
    suspects: list[tuple[int, int, list[bytes]]]


def suspects(file: CsvFile, quick: Quick | None) -> Iterator[tuple[int, Record]]:
    """The rows that a change may not leave as they are, with their numbers from 1.

    None of them if there is no change; StoreError if the file cannot be cut into rows.
    """
    width = len(file.header().names)

    def look(chunk: Chunk) -> _Some | None:
        rows = cut(chunk, width, file.delimiter)
        if rows is None:
            return None
        lines = lines_in(chunk.text) if rows.quoted else rows.rows
        return _Some(rows.rows, lines, [] if quick is None else list(_picked(rows, quick)))

    for stretch in stretches(file, look):
        if stretch.made is not None:
            for number, line, cells in stretch.made.suspects:
                yield stretch.number + 1 + number, Record(stretch.line + line, cells, b"")
            continue
        each = (record for record in stretch.records if record.cells)
        yield from enumerate(each, stretch.number + 1)


def _picked(rows: Grid, quick: Quick) -> Iterator[tuple[int, int, list[bytes]]]:
    line, last = 0, 0
    for number in np.flatnonzero(~staying(rows, quick)).tolist():
        if rows.quoted:
            start = int(rows.starts[number, 0])
            line, last = line + lines_in(rows.text[last:start]), start
        else:
            line = number
        yield number, line, GridRow(rows, number).cells()
