"""The rows of one file in memory, as bytes, while a hook changes them.

Takes the size of the file plus about 250 bytes a row, and as much again for the index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from .cells import join, quote, split
from .files import CsvFile


class Sheet:
    """One file. Rows are known by numbers in their order: the line they started in, or later."""

    def __init__(self, file: CsvFile) -> None:
        self.file = file
        self.dirty = False
        self._rows: dict[int, tuple[bytes, bytes]] = {}
        with file.open() as (self.header, body):
            self._newline = self.header.newline
            last = 1
            for last, cells, end in body:
                if cells:
                    self._rows[last] = (file.delimiter.join(cells), end)
                else:
                    self._append_to_end(end)
        self._next = last + 1

    def numbers(self) -> list[int]:
        """The rows that are there now."""
        return list(self._rows)

    def cells(self, number: int) -> list[bytes] | None:
        """The cells of a row, None if it is gone."""
        row = self._rows.get(number)
        return None if row is None else split(row[0], self.file.delimiter)

    def rows(self) -> Iterator[tuple[int, list[bytes]]]:
        """The rows as they were when this began; those deleted meanwhile are left out."""
        for number in self.numbers():
            cells = self.cells(number)
            if cells is not None:
                yield number, cells

    def replace(self, number: int, cells: list[bytes]) -> None:
        """Give a row other cells; its line end stays."""
        self._rows[number] = (join(cells, self.file.delimiter), self._rows[number][1])
        self.dirty = True

    def delete(self, number: int) -> None:
        """Remove a row."""
        del self._rows[number]
        self.dirty = True

    def append(self, cells: list[bytes]) -> int:
        """Add a row at the end, and say its number. A missing last line end stays missing."""
        number, self._next = self._next, self._next + 1
        closed = self._last_end().endswith((b"\n", b"\r"))
        if not closed:
            self._append_to_end(self._newline)
        self._rows[number] = (join(cells, self.file.delimiter), self._newline if closed else b"")
        self.dirty = True
        return number

    def add_columns(self, names: Iterable[str]) -> None:
        """New columns at the right, null in every row."""
        delimiter, new = self.file.delimiter, tuple(names)
        if not new:
            return
        cells = (*self.header.cells, *(quote(name.encode(), delimiter) for name in new))
        self.header = replace(self.header, cells=cells, names=(*self.header.names, *new))
        empty = delimiter * len(new)
        self._rows = {number: (row + empty, end) for number, (row, end) in self._rows.items()}
        self.dirty = True

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the file as it is now."""
        header = self.header
        yield header.before + join(list(header.cells), self.file.delimiter) + header.end
        for row, end in self._rows.values():
            yield row + end

    def _last_end(self) -> bytes:
        if not self._rows:
            return self.header.end
        return self._rows[next(reversed(self._rows))][1]

    def _append_to_end(self, more: bytes) -> None:
        """Blank lines belong to the row (or header) before them."""
        if not self._rows:
            self.header = replace(self.header, end=self.header.end + more)
            return
        number = next(reversed(self._rows))
        row, end = self._rows[number]
        self._rows[number] = (row, end + more)
