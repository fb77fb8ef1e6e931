"""Where the cells of many whole rows are, found for all of them at once.

The boundaries are those of `cells`. What this scanner cannot tell for sure (a lone CR, a blank
line, a row of another width, a quote that does not open at the start of a cell) it leaves to the
exact tokenizer there.
"""

from __future__ import annotations

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

    @cached_property
    def starts(self) -> Places:
        """Where each cell starts: a row for each row, a column for each cell."""
        starts: Places = np.empty_like(self._separators)
        flat = starts.reshape(-1)
        flat[0] = 0
        np.add(self._separators.reshape(-1)[:-1], 1, out=flat[1:])
        return starts

    @cached_property
    def ends(self) -> Places:
        """Where each cell ends."""
        if self.newline == b"\n":
            return self._separators
        ends: Places = self._separators.copy()
        ends[:, -1] -= 1
        return ends

    @cached_property
    def _separators(self) -> Places:
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

    __slots__ = ("_ends", "_starts", "_text")

    def __init__(self, rows: Grid, number: int) -> None:
        self._text = rows.text
        self._starts, self._ends = rows.starts[number], rows.ends[number]

    def __getitem__(self, position: int, /) -> bytes:
        return self._text[self._starts[position] : self._ends[position]]

    def cells(self) -> list[bytes]:
        """All of them."""
        text = self._text
        pairs = zip(self._starts.tolist(), self._ends.tolist(), strict=True)
        return [text[start:end] for start, end in pairs]


def grid(text: bytes, marks: Marks, width: int) -> Grid | None:
    """The cells of whole rows; None if these are no rows of that width, each with its line end."""
    if not is_set(marks.feeds, len(text) - 1) or not is_rectangular(marks, width):
        return None
    newline = ends_lines(text, marks)
    return None if newline is None else Grid(text, marks, width, newline)
