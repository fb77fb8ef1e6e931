"""A row that is longer than a stretch of rows, in little more memory than it takes itself."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterator, Sequence
from typing import BinaryIO, overload

import numpy as np

from zmigration_api import StoreError

from .canonical import TEXTS
from .cells import LARGEST_CELL, cuts
from .marks import LF, QUOTE, bits_of, first_bit, is_set, parity
from .quick import Quick, Stay


class LongRow(Sequence[bytes]):
    """The cells of one row, each of them cut where it is asked for. `end` is its line end."""

    def __init__(self, text: bytes, spans: list[tuple[int, int]]) -> None:
        self._text = text
        self._spans = spans
        self.end = text[spans[-1][1] :]

    def __len__(self) -> int:
        return len(self._spans)

    @overload
    def __getitem__(self, position: int, /) -> bytes: ...
    @overload
    def __getitem__(self, position: slice, /) -> list[bytes]: ...
    def __getitem__(self, position: int | slice, /) -> bytes | list[bytes]:
        if isinstance(position, slice):
            return [self._text[start:stop] for start, stop in self._spans[position]]
        start, stop = self._spans[position]
        return self._text[start:stop]

    @property
    def size(self) -> int:
        """How many bytes the row has."""
        return len(self._text)

    @property
    def lines(self) -> int:
        """How many line ends it has, with its own."""
        text = self._text
        return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")

    def length(self, position: int) -> int:
        """How many bytes a cell has."""
        start, stop = self._spans[position]
        return stop - start

    def pieces(self, position: int, size: int) -> Iterator[memoryview]:
        """The bytes of a cell, so many at a time, without a copy."""
        start, stop = self._spans[position]
        for place in range(start, stop, size):
            yield memoryview(self._text)[place : min(place + size, stop)]


def stays(row: LongRow, quick: Quick) -> bool:
    """Whether a change certainly leaves a cell as it is, told without a copy of it.

    No cell with three bytes is null. Of conversions only those between texts are known. Of a row
    that has too few cells nothing is known: whoever counts them names it.
    """
    if quick.position >= len(row) or row.length(quick.position) < 3:
        return False
    return not quick.stays or (all(map(_between_texts, quick.stays)) and _is_text(row, quick))


def _between_texts(stay: Stay) -> bool:
    old, new = stay.old.type, stay.new.type
    limited = new.length is not None or stay.new.enum or (stay.new.using and stay.new.using.values)
    return old.kind in TEXTS and new.kind in TEXTS and not limited


def _is_text(row: LongRow, quick: Quick) -> bool:
    """Whether the cell is valid UTF-8."""
    decoder = getincrementaldecoder("utf-8")()
    try:
        for piece in row.pieces(quick.position, 1 << 20):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def long_row(stream: BinaryIO, place: int, size: int, delimiter: bytes) -> LongRow | None:
    """The row that starts there; None where its end cannot be told for sure.

    Only `size` bytes at a time are looked at.
    """
    stop = _row_end(stream, place, size)
    stream.seek(place)
    text = stream.read(stop - place) if stop else b""
    try:
        row = LongRow(text, cuts(text, delimiter))
    except StoreError:  # a quote that is not closed
        return None
    return row if len(row) > 1 and row.end in (b"\n", b"\r\n") else None


def _row_end(stream: BinaryIO, place: int, size: int) -> int:
    """Where the first line ends that an even number of quotes comes before; 0 for nowhere."""
    last, odd = place + LARGEST_CELL, False
    stream.seek(place)
    while place < last and (text := stream.read(size)):
        data = np.frombuffer(text, np.uint8)
        feeds = bits_of(data == LF)
        if odd or b'"' in text:
            inside = parity(bits_of(data == QUOTE))
            inside = ~inside if odd else inside
            feeds &= ~inside
            odd = is_set(inside, len(text) - 1)
        found = first_bit(feeds, len(text))
        if found < len(text):
            return place + found + 1
        place += len(text)
    return 0
