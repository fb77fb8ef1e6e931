"""New rows out of old ones, many at once: cells left out, put elsewhere, added and replaced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import randrange
from typing import TypeAlias

import numpy as np

from .cells import Text, split
from .grid import Grid
from .marks import LF, Bytes, Flags, Places, bits_of, few_places, flags, parity

_MARKS = (*range(1, 10), *range(14, 32), 127, 255, 254, 0)


@dataclass(frozen=True, slots=True)
class Made:
    """Cells that the old rows do not have, one for each row."""

    cells: Sequence[bytes]


Piece: TypeAlias = int | bytes | Made
"""Where the cells of a new column come from: an old column, one cell for all rows, or made ones."""


def woven(rows: Grid, pieces: Sequence[Piece], delimiter: bytes) -> Text:
    """The new rows, each with the line end of the old one."""
    kept = [piece for piece in pieces if isinstance(piece, int)]
    added = [piece for piece in pieces[len(kept) :] if isinstance(piece, bytes)]
    in_order = len(kept) + len(added) == len(pieces) and kept == sorted(set(kept))
    if kept and in_order:
        new = _woven_in_order(rows, kept, b"".join(delimiter + cell for cell in added))
        if new is not None:
            return new
    return gathered(rows, pieces, delimiter, rows.newline)


def sound(
    rows: Grid,
    pieces: Sequence[Piece],
    new: Text,
    delimiter: bytes,
    newline: bytes,
) -> bool:
    """Whether new rows have the length that they should, each ends where it should, and some rows,
    cut by the tokenizer and put together one by one, are what they should be.
    """
    some = {0, rows.rows - 1, randrange(rows.rows), randrange(rows.rows)}
    more = _appended(rows, pieces)
    if more is not None and newline == rows.newline:
        if len(new) != len(rows.text) + rows.rows * more:
            return False
        stops = {row: rows.span(row)[1] + (row + 1) * more for row in some}
    else:
        ends = np.cumsum(_sizes(rows, pieces) + len(newline))
        if int(ends[-1]) != len(new) or (np.frombuffer(new, np.uint8)[ends - 1] != LF).any():
            return False
        stops = {row: int(ends[row]) for row in some}
    ones = ((stops[row], _one(rows, pieces, row, delimiter) + newline) for row in some)
    return all(new[stop - len(one) : stop] == one for stop, one in ones)


def _appended(rows: Grid, pieces: Sequence[Piece]) -> int | None:
    """How much longer each row gets by cells at its end, if that is all."""
    added = [piece for piece in pieces[rows.width :] if isinstance(piece, bytes)]
    whole = [*pieces[: rows.width]] == [*range(rows.width)]
    if not whole or rows.width + len(added) != len(pieces):
        return None
    return sum(len(cell) + 1 for cell in added)


def _sizes(rows: Grid, pieces: Sequence[Piece]) -> Places:
    """How many bytes each new row has without its end."""
    sizes: Places = np.full(rows.rows, len(pieces) - 1)
    for piece in _runs(pieces):
        if isinstance(piece, range):
            sizes += rows.ends(piece[-1]) - rows.starts(piece[0]) - (len(piece) - 1)
        else:
            sizes += len(piece) if isinstance(piece, bytes) else _lengths(piece)
    return sizes


def _runs(pieces: Sequence[Piece]) -> Iterator[range | bytes | Made]:
    """The same pieces, with neighbours that stay neighbours as one."""
    run = range(0)
    for piece in pieces:
        if isinstance(piece, int) and run and piece == run.stop:
            run = range(run.start, piece + 1)
            continue
        if run:
            yield run
        run = range(0)
        if isinstance(piece, int):
            run = range(piece, piece + 1)
        else:
            yield piece
    if run:
        yield run


def _one(rows: Grid, pieces: Sequence[Piece], row: int, delimiter: bytes) -> bytes:
    """One new row without its end."""
    start, stop = rows.span(row)
    old = split(rows.text[start : stop - len(rows.newline)], delimiter)
    cells = [
        old[p] if isinstance(p, int) else p if isinstance(p, bytes) else p.cells[row]
        for p in pieces
    ]
    return delimiter.join(cells)


def _lengths(piece: Made) -> Places:
    return np.fromiter(map(len, piece.cells), np.int64, len(piece.cells))


def _woven_in_order(rows: Grid, kept: Sequence[int], suffix: bytes) -> Text | None:
    """Some columns in their order and the same bytes after each row; None if that cannot be done.

    Line feeds between quotes are another byte until the suffix is there.
    """
    text: bytes | bytearray = rows.text
    gone, data, mark, newline = set(range(rows.width)) - set(kept), rows.data, b"", rows.newline
    inner = rows.marks.inner_feeds
    if suffix and inner is not None and inner.any():
        mark = _unused(rows.text, suffix)
        if not mark:
            return None
        text = bytearray(rows.text)
        data = np.frombuffer(text, np.uint8)
        data[few_places(inner)] = mark[0]
    if gone:
        left = data[_mask(rows, gone)]
        if not suffix:
            return left.data
        text = left.tobytes()
    if suffix:
        text = text.replace(newline, suffix + newline)
    return text.replace(mark, b"\n") if mark else text


def _unused(*texts: bytes) -> bytes:
    """A byte that is nowhere there; nothing if all are."""
    return next((bytes([b]) for b in _MARKS if not any(b in text for text in texts)), b"")


def _mask(rows: Grid, gone: Iterable[int]) -> Flags:
    """The bytes that stay when these columns go, each with the delimiter on one side."""
    gone = set(gone)
    last = tail = rows.width - 1
    while tail in gone:  # the last ones go with the delimiter before them
        tail -= 1
    borders = np.zeros(len(rows.text) + 1, np.bool_)
    for column in sorted(gone):
        if column < tail and column - 1 not in gone:
            borders[rows.starts(column)] = True
        if column < tail and column + 1 not in gone:
            borders[rows.ends(column) + 1] = True
    if tail < last:
        borders[rows.starts(tail + 1) - 1] ^= True  # where other columns may just have ended
        borders[rows.ends(last)] = True
    borders[0] ^= True
    return flags(parity(bits_of(borders)), len(rows.text))


def gathered(rows: Grid, pieces: Sequence[Piece], delimiter: bytes, newline: bytes) -> Text:
    """Any rows of pieces. Each cell takes the bytes after it along, which become its separator."""
    store, starts, sizes = _segments(rows, _runs(pieces))
    sizes[:, :-1] += 1
    sizes[:, -1] += len(newline)
    flat = sizes.reshape(-1)
    stops = np.cumsum(flat)
    index = np.ones(int(stops[-1]), np.int64)  # each byte comes after the one before, or jumps
    first = starts.reshape(-1)
    index[0] = first[0]
    index[stops[:-1]] = first[1:] - (first + flat)[:-1] + 1
    new = store[np.cumsum(index, out=index)]
    ends = stops.reshape(sizes.shape)
    new[ends[:, :-1] - 1] = delimiter[0]
    for back, byte in enumerate(reversed(newline), 1):
        new[ends[:, -1] - back] = byte
    return new.data


def _segments(rows: Grid, pieces: Iterable[range | bytes | Made]) -> tuple[Bytes, Places, Places]:
    """The bytes that all cells come from; where each starts, and how long it is."""
    starts: list[Places] = []
    sizes: list[Places] = []
    more, size = [rows.text], len(rows.text)
    for piece in pieces:
        if isinstance(piece, range):
            starts.append(rows.starts(piece[0]))
            sizes.append(rows.ends(piece[-1]) - starts[-1])
            continue
        cells = [piece] if isinstance(piece, bytes) else piece.cells
        lengths = _lengths(Made(cells))
        starts.append(np.broadcast_to(size + np.cumsum(lengths) - lengths, rows.rows))
        sizes.append(np.broadcast_to(lengths, rows.rows))
        more += cells
        size += int(lengths.sum())
    store = np.frombuffer(b"".join((*more, b"\0\0")), np.uint8)
    return store, np.column_stack(starts), np.column_stack(sizes)
