"""Where the cells of many whole rows are, found for all of them at once.

The boundaries are those of `cells`. What this scanner cannot tell for sure (a lone CR, a blank
line, a row of another width, a quote that does not open at the start of a cell) it leaves to the
exact tokenizer there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint64]
Flags: TypeAlias = NDArray[np.bool_]
Places: TypeAlias = NDArray[np.int64]

LF, CR, QUOTE = 10, 13, 34
PADDING = 32
"""Bytes after the data, so that words that start in the last cells can be read."""
_ONE, _TOP = np.uint64(1), np.uint64(63)
_SHIFTS = tuple(np.uint64(1 << n) for n in range(6))


@dataclass(frozen=True, slots=True)
class Quoting:
    """What quotes do to a stretch of bytes that begins with a row, one bit for each byte.

    `inside` has the bytes from an opening quote up to its closing one; `regular` is how many
    bytes from the start are certain.
    """

    inside: Words
    regular: int

    def is_inside(self, place: int) -> bool:
        """Whether that byte is between quotes."""
        return bool(int(self.inside[place >> 6]) >> (place & 63) & 1)


@dataclass(frozen=True)
class Grid:
    """The cells of whole rows: `starts` and `ends` have a row for each row, a column for each cell.

    `newline` is how every row ends. `quoted`: some cell has quotes; it then starts with one.
    """

    text: bytes
    starts: Places
    ends: Places
    newline: bytes
    quoted: bool

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.ends)

    @property
    def data(self) -> Bytes:
        """The bytes, not to be written to."""
        return np.frombuffer(self.text, np.uint8)

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


def quoting(data: Bytes, delimiter: int) -> Quoting:
    """Where the quotes are that open at the start of a cell, and what is between them."""
    quotes = bits_of(data == QUOTE)
    inside = parity(quotes)
    before_cell = bits_of((data == delimiter) | (data == LF)) | quotes
    may_open = _moved_on(before_cell)
    may_open[0] |= _ONE
    wrong = np.flatnonzero(quotes & inside & ~may_open)
    if not len(wrong):
        return Quoting(inside, len(data))
    word = int(wrong[0])
    odd = int(quotes[word] & inside[word] & ~may_open[word])
    return Quoting(inside, 64 * word + (odd & -odd).bit_length() - 1)


def grid(text: bytes, width: int, delimiter: int, quotes: Quoting | None) -> Grid | None:
    """The cells of whole rows; None if these are no rows of that width, each with its line end."""
    data = np.frombuffer(text, np.uint8)
    feeds = data == LF
    separators = data == delimiter
    separators |= feeds
    if quotes is not None:
        outside = ~flags(quotes.inside, len(data))
        feeds &= outside
        separators &= outside
    count, places = int(np.count_nonzero(feeds)), np.flatnonzero(separators)
    if not count or len(places) != count * width or places[-1] != len(data) - 1:
        return None
    ends = places.reshape(-1, width)
    if not feeds[ends[:, -1]].all():
        return None
    newline = _newline(text, quotes, ends[:, -1])
    return None if newline is None else _made(text, ends, newline, quotes is not None)


def _made(text: bytes, ends: Places, newline: bytes, quoted: bool) -> Grid:
    starts = np.empty_like(ends)
    flat = starts.reshape(-1)
    flat[0] = 0
    np.add(ends.reshape(-1)[:-1], 1, out=flat[1:])
    if newline == b"\r\n":
        ends[:, -1] -= 1
    return Grid(text, starts, ends, newline, quoted)


def _newline(text: bytes, quotes: Quoting | None, row_ends: Places) -> bytes | None:
    """How rows end; None where a CR stands elsewhere between cells, or rows end in two ways."""
    if b"\r" not in text:
        return b"\n"
    data = np.frombuffer(text, np.uint8)
    returns = np.flatnonzero(data == CR)
    if quotes is not None:
        returns = returns[~flags(quotes.inside, len(data))[returns]]
    if not len(returns):
        return b"\n"
    return b"\r\n" if np.array_equal(returns + 1, row_ends) else None


def bits_of(each: Flags) -> Words:
    packed = np.packbits(each, bitorder="little")
    words: Words = np.zeros((len(packed) + 7) // 8, "<u8")
    words.view(np.uint8)[: len(packed)] = packed
    return words


def flags(words: Words, size: int) -> Flags:
    each: Flags = np.unpackbits(words.view(np.uint8), count=size, bitorder="little").view(np.bool_)
    return each


def parity(bits: Words) -> Words:
    """For each bit, whether the number of set bits up to and with it is odd."""
    odd: Words = bits.copy()
    for shift in _SHIFTS:
        odd ^= odd << shift
    whole = np.bitwise_xor.accumulate(odd >> _TOP)
    odd[1:] ^= np.uint64(0) - whole[:-1]
    return odd


def _moved_on(bits: Words) -> Words:
    """The same bits, each one place later."""
    moved: Words = bits << _ONE
    moved[1:] |= bits[:-1] >> _TOP
    return moved
