"""Where the separators of many whole rows are, a bit for each byte, and what quotes do to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint64]
Flags: TypeAlias = NDArray[np.bool_]
Places: TypeAlias = NDArray[np.int64]

LF, CR, QUOTE = 10, 13, 34
_ZERO, _ONE, _TOP = np.uint64(0), np.uint64(1), np.uint64(63)
_SHIFTS = tuple(np.uint64(1 << n) for n in range(6))


@dataclass(frozen=True, slots=True)
class Marks:
    """A stretch of bytes that begins with a row.

    `feeds` are the line feeds outside of quotes, `separators` these and the delimiters there.
    `inside` has the bytes from an opening quote up to its closing one, None if there is none, and
    `inner_feeds` the line feeds there; `regular` is how many bytes from the start are certain.
    """

    feeds: Words
    separators: Words
    inside: Words | None
    inner_feeds: Words | None
    regular: int

    def is_inside(self, place: int) -> bool:
        """Whether that byte is between quotes."""
        return self.inside is not None and is_set(self.inside, place)


def marked(text: bytes, delimiter: int) -> Marks:
    """The separators, where each quote opens at the start of a cell."""
    bytes_that_are = _bytes_of(text)
    feeds = bytes_that_are(LF)
    separators = bytes_that_are(delimiter)
    separators |= feeds
    if b'"' not in text:
        return Marks(feeds, separators, None, None, len(text))
    quotes = bytes_that_are(QUOTE)
    inside = parity(quotes)
    may_open = _moved_on(separators | quotes)
    may_open[0] |= _ONE
    regular = first_bit(quotes & inside & ~may_open, len(text))
    outside = ~inside
    return Marks(feeds & outside, separators & outside, inside, feeds & inside, regular)


def _bytes_of(text: bytes) -> Callable[[int], Words]:
    """What finds all bytes of a kind, in the same room each time."""
    data = np.frombuffer(text, np.uint8)
    room = np.zeros(-(-len(data) // 64) * 64, np.bool_)
    found = room[: len(data)]

    def bytes_that_are(byte: int) -> Words:
        np.equal(data, byte, out=found)
        words: Words = np.packbits(room, bitorder="little").view("<u8")
        return words

    return bytes_that_are


def is_rectangular(marks: Marks, width: int) -> bool:
    """Whether the separators make rows of that width, each with a line feed last.

    What is counted may overflow, but not before the first row that is wrong.
    """
    feeds, separators = marks.feeds, marks.separators
    more = np.bitwise_count(separators).astype(np.int32)
    more -= np.multiply(np.bitwise_count(feeds), width, dtype=np.int32)
    begun = np.cumsum(more, dtype=np.int32)
    if begun[-1]:
        return False
    begun -= more  # how many cells of a row came before each word
    less = feeds - _ONE
    cells = np.bitwise_count(less & ~feeds & separators) + begun
    if ((cells != width - 1) & (feeds != 0)).any():
        return False
    left, number = feeds & less, 1
    while len(at := np.flatnonzero(left)):  # the second feed of each word, then the third ones
        feeds, separators, begun, number = left[at], separators[at], begun[at], number + 1
        less = feeds - _ONE
        if (np.bitwise_count(less & ~feeds & separators) + begun != number * width - 1).any():
            return False
        left = feeds & less
    return True


def is_set(words: Words, place: int) -> bool:
    """Whether the bit of that byte is set."""
    return bool(int(words[place >> 6]) >> (place & 63) & 1)


def ends_lines(text: bytes, marks: Marks) -> bytes | None:
    """How rows end; None where a CR stands elsewhere between cells, or rows end in two ways."""
    if b"\r" not in text:
        return b"\n"
    returns = bits_of(np.frombuffer(text, np.uint8) == CR)
    if marks.inside is not None:
        returns &= ~marks.inside
    if not returns.any():
        return b"\n"
    return b"\r\n" if np.array_equal(_moved_on(returns), marks.feeds) else None


def lines_in(text: bytes) -> int:
    """How many line ends there are."""
    feeds = int(np.count_nonzero(np.frombuffer(text, np.uint8) == LF))
    return feeds + text.count(b"\r") - text.count(b"\r\n") if b"\r" in text else feeds


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
    odd[1:] ^= _ZERO - whole[:-1]
    return odd


def counted(bits: Words) -> Places:
    """How many bits are set before each word, and in all."""
    counts = np.zeros(len(bits) + 1, np.int64)
    np.cumsum(np.bitwise_count(bits), out=counts[1:])
    return counts


def place_of(words: Words, counts: Places, number: int) -> int:
    """The place of the bit before which so many are set; `counts` are those of `counted`."""
    at = int(np.searchsorted(counts, number, side="right")) - 1
    word = int(words[at])
    for _ in range(number - int(counts[at])):
        word &= word - 1
    return 64 * at + (word & -word).bit_length() - 1


def few_places(words: Words) -> Places:
    """The places of all bits, in any order; quick where no word has many."""
    at = np.flatnonzero(words != 0)
    left, found = words[at], [np.zeros(0, np.int64)]
    while len(at):
        found.append(64 * at + np.bitwise_count((left & (~left + _ONE)) - _ONE))
        left &= left - _ONE
        more = np.flatnonzero(left)
        at, left = at[more], left[more]
    return np.concatenate(found)


def first_bit(bits: Words, none: int) -> int:
    """The place of the first bit that is set, or `none`."""
    found = np.flatnonzero(bits)
    if not len(found):
        return none
    word = int(bits[found[0]])
    return 64 * int(found[0]) + (word & -word).bit_length() - 1


def _moved_on(bits: Words) -> Words:
    """The same bits, each one place later."""
    moved: Words = bits << _ONE
    moved[1:] |= bits[:-1] >> _TOP
    return moved
