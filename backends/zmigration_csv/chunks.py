"""A large file as stretches of whole rows, in fixed memory."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from zmigration_api import StoreError

from .cells import LARGEST_CELL, records
from .marks import QUOTE, Marks, lines_in, marked

CHUNK = 1 << 21
"""Bytes. Larger ones are little faster, and memory is some hundred times as large."""
_EXACT = 1 << 16
"""Bytes; so many are given to the exact tokenizer where quotes are irregular."""


class Chunk(NamedTuple):
    """Whole rows. `exact`: only the tokenizer knows their cells."""

    text: bytes
    exact: bool

    @property
    def size(self) -> int:
        """How many bytes they have."""
        return len(self.text)

    @property
    def lines(self) -> int:
        """How many line ends they have."""
        return lines_in(self.text)


def hopeful(stream: BinaryIO, size: int) -> Iterator[Chunk]:
    """Whole rows as long as each quote opens at the start of a cell, which is yet to be seen.

    Ends where a row is longer than `size`, and before a last row without an end.
    """
    place = stream.tell()
    while True:
        stream.seek(place)
        text = stream.read(size)
        stop = _even_row_end(text)
        if not stop:
            return
        yield Chunk(text[:stop], False)
        place += stop


def _even_row_end(text: bytes) -> int:
    """Where the last line ends that an even number of quotes comes before; 0 if none does."""
    stop, odd = len(text), 0
    if b'"' in text:
        odd = int(np.count_nonzero(np.frombuffer(text, np.uint8) == QUOTE)) & 1
    while (place := text.rfind(b"\n", 0, stop)) >= 0:
        odd ^= text.count(b'"', place, stop) & 1
        if not odd:
            return place + 1
        stop = place
    return 0


def chunks(stream: BinaryIO, delimiter: bytes, file: Path, size: int = CHUNK) -> Iterator[Chunk]:
    """What is left of a stream that stands at the start of a row, whatever its quotes are."""
    rest = b""
    while True:
        more = stream.read(max(size, len(rest) >> 1))
        final = not more
        text, rest, more = rest + more, b"", b""
        while chunk := _first(text, delimiter, file, final):
            yield chunk
            text = text[len(chunk.text) :]
            if len(text) < size:
                break
        rest = text
        if final and not rest:
            return


def _first(text: bytes, delimiter: bytes, file: Path, final: bool) -> Chunk | None:
    """As many rows from the start as can be told to be whole; None for not even one."""
    if not text:
        return None
    if b'"' not in text:
        stop = text.rfind(b"\n") + 1
        return Chunk(text[:stop], False) if stop else _last(text, final)
    marks = marked(text, delimiter[0])
    stop = _last_row_end(text, marks)
    if stop:
        return Chunk(text[:stop], False)
    if final or marks.regular < len(text) or len(text) > LARGEST_CELL:
        return _exact(text, delimiter, file, final)
    return None


def _last(text: bytes, final: bool) -> Chunk | None:
    return Chunk(text, True) if final else None


def _last_row_end(text: bytes, marks: Marks) -> int:
    """Where the last row ends before the first irregular quote; 0 if none does."""
    place = text.rfind(b"\n", 0, marks.regular)
    while place >= 0 and marks.is_inside(place):
        place = text.rfind(b"\n", 0, place)
    return place + 1


def _exact(text: bytes, delimiter: bytes, file: Path, final: bool) -> Chunk | None:
    """A few rows whose end the tokenizer finds; the last one of `text` may go on after it."""
    stop = 0
    try:
        for record in records(BytesIO(text), delimiter, file):
            end = stop + len(delimiter.join(record.cells)) + len(record.end)
            if end == len(text) and not final:
                break
            stop = end
            if stop >= _EXACT:
                break
    except StoreError:
        if final or len(text) > LARGEST_CELL:
            stop = stop or len(text)  # whoever cuts it into cells says what is wrong
    return Chunk(text[:stop], True) if stop else None
