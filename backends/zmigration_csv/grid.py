"""Where the cells of many whole rows are, found for all of them at once.

The boundaries are those of `cells`. What this scanner cannot tell for sure (a lone CR, a blank
line, a row of another width, a quote that does not open at the start of a cell) it leaves to the
exact tokenizer there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .marks import (
    Bytes,
    Marks,
    Places,
    Words,
    counted,
    ends_lines,
    flags,
    is_rectangular,
    is_set,
    place_of,
)

PADDING = 32
"""Bytes after the data, so that words that start in the last cells can be read."""
_ALL = slice(None)


@dataclass(frozen=True)
class Grid:
    """The cells of whole rows, of `width` cells each.

    `newline` is how every row ends.
    """

    text: bytes
    marks: Marks
    width: int
    newline: bytes

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self._counted[-1])

    def span(self, number: int) -> tuple[int, int]:
        """Where one row starts, and where it ends with its line end."""
        start, stop = (
            place_of(self.marks.feeds, self._counted, n) + 1 if n >= 0 else 0
            for n in (number - 1, number)
        )
        return start, stop

    @cached_property
    def _counted(self) -> Places:
        return counted(self.marks.feeds)

    @property
    def quoted(self) -> bool:
        """Whether some cell has quotes; it then starts with one."""
        return self.marks.inside is not None

    @property
    def data(self) -> Bytes:
        """The bytes, not to be written to."""
        return np.frombuffer(self.text, np.uint8)

    def starts(self, column: int) -> Places:
        """Where the cells of one column start, one for each row."""
        if column:
            starts: Places = self.separators[:, column - 1] + 1
            return starts
        starts = np.zeros(self.rows, np.int64)
        np.add(self.separators[:-1, -1], 1, out=starts[1:])
        return starts

    def ends(self, column: int) -> Places:
        """Where they end."""
        ends: Places = self.separators[:, column] - self._before_end(column)
        return ends

    def _before_end(self, column: int) -> int:
        """How many bytes of the line end come before the separator."""
        return len(self.newline) - 1 if column == self.width - 1 else 0

    def cells(self, column: int, rows: slice | Places = _ALL) -> Iterator[bytes]:
        """The cells of one column, of all rows or of some."""
        text = self.text
        starts, ends = self.starts(column)[rows].tolist(), self.ends(column)[rows].tolist()
        return (text[start:end] for start, end in zip(starts, ends, strict=True))

    @cached_property
    def separators(self) -> Places:
        """Where each cell's separator is: a row for each row, a column for each cell."""
        places = np.flatnonzero(flags(self.marks.separators, len(self.text)))
        cells: Places = places.reshape(-1, self.width)
        return cells

    @cached_property
    def words(self) -> Words:
        """The eight bytes from each place on, as a number."""
        padded = np.frombuffer(self.text + bytes(PADDING), np.uint8)
        words: Words = np.ndarray((len(padded) - 7,), "<u8", padded, 0, (1,))
        return words

    @cached_property
    def is_text(self) -> bool:
        """Whether all of it is valid UTF-8, and so every cell is."""
        try:
            return self.text.isascii() or bool(self.text.decode())
        except UnicodeDecodeError:
            return False


class GridRow:
    """One row of a grid, cut where it is asked for."""

    __slots__ = ("_end", "_start", "_stops", "_text")

    def __init__(self, rows: Grid, number: int) -> None:
        self._text = rows.text
        self._stops = rows.separators[number]
        self._start = int(rows.separators[number - 1, -1]) + 1 if number else 0
        self._end = int(self._stops[-1]) + 1 - len(rows.newline)

    def __getitem__(self, position: int, /) -> bytes:
        start = self._stops[position - 1] + 1 if position else self._start
        last = position == len(self._stops) - 1
        return self._text[start : self._end if last else self._stops[position]]

    def cells(self) -> list[bytes]:
        """All of them."""
        text, stops = self._text, self._stops.tolist()
        starts, ends = (self._start, *(stop + 1 for stop in stops[:-1])), (*stops[:-1], self._end)
        return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def grid(text: bytes, marks: Marks, width: int) -> Grid | None:
    """The cells of whole rows; None if these are no rows of that width, each with its line end."""
    if not is_set(marks.feeds, len(text) - 1) or not is_rectangular(marks, width):
        return None
    newline = ends_lines(text, marks)
    return None if newline is None else Grid(text, marks, width, newline)
