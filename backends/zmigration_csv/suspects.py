"""The few rows of a large file that a question must look at one by one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .canonical import staying
from .cells import Record
from .files import CsvFile
from .grid import Grid, GridRow
from .long import stays
from .marks import lines_in
from .quick import Quick
from .scan import stretches


def suspects(file: CsvFile, quick: Quick | None) -> Iterator[tuple[int, Record]]:
    """The rows that a change may not leave as they are, with their numbers from 1.

    None of them if there is no change; StoreError if the file cannot be cut into rows.
    """

    def look(rows: Grid) -> list[tuple[int, int, list[bytes]]]:
        return [] if quick is None else list(_picked(rows, quick))

    for stretch in stretches(file, look):
        if stretch.made is not None:
            for number, line, cells in stretch.made:
                yield stretch.number + 1 + number, Record(stretch.line + line, cells, b"")
            continue
        if not (stretch.long and quick and stays(stretch.long, quick)):
            each = (record for record in stretch.records if record.cells)
            yield from enumerate(each, stretch.number + 1)
        del stretch  # which may hold a long row


def _picked(rows: Grid, quick: Quick) -> Iterator[tuple[int, int, list[bytes]]]:
    """Each with its number among these rows and the lines before it."""
    line, last = 0, 0
    for number in np.flatnonzero(~staying(rows, quick)).tolist():
        if rows.quoted:
            start = rows.span(number)[0]
            line, last = line + lines_in(rows.text[last:start]), start
        else:
            line = number
        yield number, line, GridRow(rows, number).cells()
