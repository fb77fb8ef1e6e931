"""Which cells a change certainly leaves as they are, told for many rows at once.

"No" means only that the cell is to be looked at as a value, by the shared conversion.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from zmigration_api.types import ColumnType, TypeKind

from .grid import PADDING, Grid
from .marks import QUOTE, Flags, Places, Words
from .quick import Quick, Stay

_ZEROS = 0x3030303030303030
_HIGH = 0xF0F0F0F0F0F0F0F0
_SIXES = 0x0606060606060606
_ONES = 0x0101010101010101
_LOW7 = 0x7F7F7F7F7F7F7F7F
_FULL = (1 << 64) - 1


def _word(value: int) -> np.uint64:
    word: np.uint64 = np.uint64(value & _FULL)
    return word


_KEEP = np.array([(1 << 8 * n) - 1 for n in range(8)] + [_FULL], np.uint64)
"""By how many bytes of a word count."""
_FILL = np.array([_ZEROS & ~int(keep) & _FULL for keep in _KEEP], np.uint64)
TEXTS: tuple[TypeKind, ...] = ("str", "text")
"""The kinds of type whose values are any text."""
_DAYS = np.zeros(128 * 128, np.bool_)
for _month, _days in enumerate((31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), 1):
    _DAYS[_month * 128 + 1 : _month * 128 + _days + 1] = True


@dataclass(frozen=True, slots=True)
class Cells:
    """One column: where each of its cells starts, and how long it is."""

    words: Words
    start: Places
    size: Places
    is_text: bool

    def word(self, at: int) -> Words:
        """The eight bytes from that byte of each cell on, `0` after the end of the cell."""
        left, place = np.clip(self.size - at, 0, 8), self.start + at
        if at > PADDING - 16:
            np.minimum(place, len(self.words) - 1, out=place)
        return (self.words[place] & _KEEP[left]) | _FILL[left]


Form: TypeAlias = Callable[[Cells], Flags]


def staying(rows: Grid, quick: Quick) -> Flags:
    """The rows whose new cell is the old one of `quick.position`, byte for byte."""
    start, end = rows.starts(quick.position), rows.ends(quick.position)
    cells = Cells(rows.words, start, end - start, rows.is_text)
    bare = cells.size == 0
    first = cells.words[start]
    quotes = (cells.size == 2) & (first & _word(0xFFFF) == _word(QUOTE | QUOTE << 8))
    null = bare | quotes
    same = np.ones(len(start), np.bool_)
    for stay in quick.stays:
        form = _form(stay)
        same &= form(cells) if form else np.False_
        if stay.copied:
            known = _VALUE.get(stay.old.type.kind)
            same &= known(cells) if known else np.False_
    allowed = (bare & np.bool_(quick.bare_null)) | (quotes & np.bool_(quick.quoted_null))
    return np.where(null, allowed, same)


def whole_number(rows: Grid, place: int) -> tuple[Words, Words] | None:
    """The digits of each cell as a word, and how many there are.

    None unless all cells are whole numbers above or equal to 0 of at most eight digits.
    """
    start = rows.starts(place)
    size = rows.ends(place) - start
    if size.min() < 1 or size.max() > 8:
        return None
    word = (rows.words[start] & _KEEP[size]) | _FILL[size]
    zero = ((word & _word(0xFF)) == _word(0x30)) & (size > 1)
    return None if zero.any() or not _all_digits(word).all() else (word, size.astype(np.uint64))


def _form(stay: Stay) -> Form | None:
    """What a cell must look like so that the conversion leaves it alone; None: nothing is sure."""
    old, new = stay.old.type, stay.new.type
    if stay.new.enum or (stay.new.using and stay.new.using.values):
        return None
    make = _INTO.get(new.kind)
    return make(old, new) if make else None


def _into_int(old: ColumnType, new: ColumnType) -> Form | None:
    if old.kind not in (*TEXTS, "int", "bigint", "float", "decimal"):
        return None
    most = 15 if old.kind == "float" else 18
    return lambda cells: _whole(cells, 10 if new.kind == "int" else most)


def _into_float(old: ColumnType, _: ColumnType) -> Form | None:
    known = old.kind in (*TEXTS, "int", "bigint", "float", "decimal")
    return _shortest_float if known else None


def _into_decimal(old: ColumnType, new: ColumnType) -> Form | None:
    if old.kind not in (*TEXTS, "int", "bigint", "float", "decimal"):
        return None
    exact = (*TEXTS, "decimal")
    scale = 15 if new.precision is None else new.scale or 0
    before = 15 if new.precision is None else new.precision - scale

    def fits(cells: Cells) -> Flags:
        number = _plain_number(cells)
        short = (number.after <= scale) & (number.before <= before)
        # other numbers than decimals lose the zeros of `1.0`
        return number.ok & short & (old.kind in exact or _shortest(cells, number))

    return fits


def _into_date(old: ColumnType, _: ColumnType) -> Form | None:
    return _day if old.kind in (*TEXTS, "date", "datetime") else None


def _into_datetime(old: ColumnType, _: ColumnType) -> Form | None:
    return _moment if old.kind in (*TEXTS, "datetime") else None


def _into_text(old: ColumnType, new: ColumnType) -> Form | None:
    form = _FROM.get(old.kind)
    if form is None:
        return None
    longest = new.length if new.kind == "str" else None
    return lambda cells: form(cells) & (cells.size <= (longest or 1 << 60))


def _text(cells: Cells) -> Flags:
    return np.full(len(cells.size), cells.is_text)


def _whole(cells: Cells, most: int) -> Flags:
    """A whole number as `int` writes it; of ten digits only those that begin with 1."""
    first = cells.words[cells.start] & _word(0xFF)
    minus = first == _word(0x2D)
    digits = Cells(cells.words, cells.start + minus, cells.size - minus, True)
    lead = digits.word(0) & _word(0xFF)
    zero = (lead == _word(0x30)) & ((digits.size > 1) | minus)
    ok: Flags = (digits.size >= 1) & (digits.size <= most) & ~zero & _digits(digits, most)
    if most == 10:
        ok &= (digits.size < 10) | (lead == _word(0x31))
    return ok


def _digits(cells: Cells, most: int) -> Flags:
    longest = int(min(most, cells.size.max(initial=0)))
    ok = np.ones(len(cells.size), np.bool_)
    for at in range(0, longest, 8):
        ok &= _all_digits(cells.word(at))
    return ok


def _all_digits(word: Words) -> Flags:
    high, zeros = _word(_HIGH), _word(_ZEROS)
    found = ((word & high) == zeros) & (((word + _word(_SIXES)) & high) == zeros)
    return np.asarray(found)


@dataclass(frozen=True, slots=True)
class _Number:
    ok: Flags
    before: Places
    after: Places
    """How many digits stand before and after the point."""
    digits: Cells


def _plain_number(cells: Cells) -> _Number:
    """Digits with at most one point between them and no needless 0 at the start."""
    first = cells.words[cells.start] & _word(0xFF)
    minus = first == _word(0x2D)
    digits = Cells(cells.words, cells.start + minus, cells.size - minus, True)
    parts = [_without_point(digits.word(at)) for at in (0, 8)]
    (one, low, places), (two, high, later) = parts
    points = low + high
    point = np.where(low > 0, places, later + 8)
    before = np.where(points == 1, point, digits.size)
    after = np.where(points == 1, digits.size - point - 1, 0)
    ok = (digits.size >= 1) & (digits.size <= 16) & (points <= 1) & (before >= 1)
    ok &= ((points == 0) | (after >= 1)) & _all_digits(one) & _all_digits(two)
    lead = (one & _word(0xFF)) == _word(0x30)
    ok &= ~lead | ((before == 1) & (points == 1)) | ((digits.size == 1) & ~minus)
    return _Number(ok, before, after, digits)


def _without_point(word: Words) -> tuple[Words, Places, Places]:
    """The word with 0 in place of points, how many there are, and where the first one is."""
    marked = word ^ _word(0x2E * _ONES)
    low = _word(_LOW7)
    points: Words = _word(_FULL) ^ (((marked & low) + low) | marked | low)
    place = np.bitwise_count((points & (~points + _word(1))) - _word(1)) >> 3
    count = np.bitwise_count(points)
    digits: Words = word ^ ((points >> _word(7)) * _word(0x2E ^ 0x30))
    return digits, count.astype(np.int64), place.astype(np.int64)


def _shortest_float(cells: Cells) -> Flags:
    number = _plain_number(cells)
    return np.asarray(number.ok & _shortest(cells, number))


def _shortest(cells: Cells, number: _Number) -> Flags:
    """Whether no digit is there in vain, and none of what floats write with an exponent."""
    last = cells.words[
        np.minimum(cells.start + np.maximum(cells.size - 1, 0), len(cells.words) - 1)
    ]
    vain = (number.after > 0) & ((last & _word(0xFF)) == _word(0x30))
    start = number.digits.word(0)
    tiny = ((start & _word(0xFF)) == _word(0x30)) & (number.after > 0)
    tiny &= ((start >> _word(16)) & _word(0xFF)) == _word(0x30)
    return np.asarray((number.before + number.after <= 15) & ~vain & ~tiny)


def _day(cells: Cells) -> Flags:
    return np.asarray((cells.size == 10) & _starts_with_day(cells))


def _starts_with_day(cells: Cells) -> Flags:
    """`2024-01-31`, in a year that is no leap year."""
    year = cells.word(0) ^ _word(0x1D << 32 | 0x1D << 56)
    rest = cells.word(2)
    dashes = ((year >> _word(32)) & _word(0xFF) == _word(0x30)) & (year >> _word(56) == _word(0x30))
    day = _two_digits(rest, 6)
    month = _two_digits(rest, 3)
    ok = dashes & _all_digits(year) & _all_digits(rest | _word(0x30 << 16 | 0x30 << 40))
    known = _DAYS[np.clip(month * 128 + day, 0, len(_DAYS) - 1)]
    return np.asarray(ok & known & (year & _word(0xFFFFFFFF) != _word(0x30303030)))


def _two_digits(word: Words, at: int) -> Places:
    tens = (word >> _word(8 * at) & _word(0xFF)).astype(np.int64) - 0x30
    ones = (word >> _word(8 * at + 8) & _word(0xFF)).astype(np.int64) - 0x30
    return tens * 10 + ones


def _moment(cells: Cells) -> Flags:
    clock = Cells(cells.words, cells.start + 11, cells.size - 11, True).word(0)
    space = (cells.word(10) & _word(0xFF)) == _word(0x20)
    digits = clock ^ _word(0x0A << 16 | 0x0A << 40)
    colons = (digits >> _word(16) & _word(0xFF) == _word(0x30)) & (
        digits >> _word(40) & _word(0xFF) == _word(0x30)
    )
    ok = (cells.size == 19) & _starts_with_day(cells) & space & colons & _all_digits(digits)
    hour, minute, second = (_two_digits(clock, at) for at in (0, 3, 6))
    return np.asarray(ok & (hour < 24) & (minute < 60) & (second < 60))


def _truth(cells: Cells) -> Flags:
    word = cells.word(0)
    true, false = (int.from_bytes(text, "little") for text in (b"True0000", b"False000"))
    return np.asarray(
        ((cells.size == 4) & (word == _word(true))) | ((cells.size == 5) & (word == _word(false)))
    )


_INTO: dict[TypeKind, Callable[[ColumnType, ColumnType], Form | None]] = {
    "int": _into_int,
    "bigint": _into_int,
    "float": _into_float,
    "decimal": _into_decimal,
    "date": _into_date,
    "datetime": _into_datetime,
    "bool": lambda old, _: _truth if old.kind in (*TEXTS, "bool") else None,
    "str": _into_text,
    "text": _into_text,
}
_FROM: dict[TypeKind, Form] = {
    "str": _text,
    "text": _text,
    "int": lambda cells: _whole(cells, 10),
    "bigint": lambda cells: _whole(cells, 18),
    "float": _shortest_float,
    "decimal": lambda cells: _plain_number(cells).ok,
    "date": _day,
    "datetime": _moment,
}
_VALUE: dict[TypeKind, Form] = {**_FROM, "bool": _truth}

SAYS: dict[TypeKind, Form] = {
    "str": _text,
    "text": _text,
    **dict.fromkeys(("int", "bigint", "float", "decimal"), lambda cells: _whole(cells, 15)),
    "date": _day,
    "datetime": _moment,
}
"""What a cell must look like to be just what it says, as `keep.plain` has it."""
