"""Cutting the bytes of a CSV file into rows and cells, each cell with the very bytes it has.

The boundaries are those of `csv.reader`: a quote opens only at the start of a cell, `""` inside
quotes is a quote, what follows a closing quote belongs to the cell; a row ends with LF, CRLF or
CR. Unlike there, a line of nothing but spaces and tabs is blank, as pandas has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeAlias

from zmigration_api import StoreError

Text: TypeAlias = bytes | bytearray | memoryview
CHUNK = 1 << 18
LARGEST_CELL = 1 << 28
"""Bytes; a quoted cell that grows past it is taken for a quote that nobody closed."""

_RUN_OF_QUOTES = re.compile(rb'"+')
_ODD_RUN_OF_QUOTES = re.compile(rb'"(?<!"")(?:"")*(?!")')
_SIMPLE_REST = re.compile(rb'[^"]*"(?!")')


class Record(NamedTuple):
    """One row, or a blank line (no cells, all its bytes in `end`).

    `line` is the line where it starts, from 1. The cells joined by the delimiter and `end` are
    the bytes of the file.
    """

    line: int
    cells: Sequence[bytes]
    end: bytes


def records(
    stream: BinaryIO, delimiter: bytes, file: Path, chunk: int = CHUNK, line: int = 1
) -> Iterator[Record]:
    """The rows of a stream, holding one chunk and one row at a time. StoreError names `file`.

    The stream begins in that line of the file.
    """
    number = line - 1
    pieces = _lines(stream, chunk)
    for text in pieces:
        first = number = number + 1
        if b'"' in text:
            text, spans, more = _quoted_row(text, pieces, delimiter, file, first)
            number += more
            yield Record(first, [text[a:b] for a, b in spans], text[spans[-1][1] :])
            continue
        body = text.rstrip(b"\r\n")
        if body.strip(b" \t") or delimiter in body:
            yield Record(first, body.split(delimiter), text[len(body) :])
        else:
            yield Record(first, [], text)


def split(row: bytes, delimiter: bytes) -> list[bytes]:
    """The cells of the bytes of one whole row without its line end."""
    if b'"' not in row:
        return row.split(delimiter)
    return [row[start:stop] for start, stop in cuts(row, delimiter)]


def cuts(row: bytes, delimiter: bytes) -> list[tuple[int, int]]:
    """Where each cell of the bytes of one row starts and ends; StoreError for an open quote."""
    return _quoted_row(row, iter(()), delimiter, Path(), 0)[1]


def unquote(cell: bytes) -> bytes:
    """What a cell says, without the quotes around it and the doubling of those inside."""
    if not cell.startswith(b'"'):
        return cell
    stop = _closing_quote(cell, 1)
    return cell[1 : stop - 1].replace(b'""', b'"') + cell[stop:]


def quote(value: bytes, delimiter: bytes) -> bytes:
    """A cell that says `value`, in quotes only where it must be."""
    if not _special(delimiter).search(value):
        return value
    return b'"' + value.replace(b'"', b'""') + b'"'


def renamed_cell(cell: bytes, name: bytes, delimiter: bytes) -> bytes:
    """The cell of another name; in quotes where it must be, or where the old one was."""
    new = quote(name, delimiter)
    return b'"' + new + b'"' if cell.startswith(b'"') and new == name else new


def join(cells: Sequence[bytes], delimiter: bytes) -> bytes:
    """The bytes of a row; a cell that alone would look like a blank line goes in quotes."""
    if len(cells) == 1 and not cells[0].strip(b" \t"):
        return b'"' + cells[0] + b'"'
    return delimiter.join(cells)


def _lines(stream: BinaryIO, chunk: int) -> Iterator[bytes]:
    """Lines with their ends, whatever the chunks cut through."""
    carry: list[bytes] = []
    while data := stream.read(chunk):
        if carry and carry[-1].endswith(b"\r") and not data.startswith(b"\n"):
            yield _taken(carry)
        *whole, last = data.splitlines(keepends=True)
        if whole:
            carry.append(whole[0])
            yield _taken(carry)
            yield from whole[1:]
        carry.append(last)
        if last.endswith(b"\n"):
            yield _taken(carry)
    if carry:
        yield _taken(carry)


def _taken(carry: list[bytes]) -> bytes:
    """All of it as one; the parts are let go."""
    line = b"".join(carry)
    carry.clear()
    return line


def _quoted_row(
    text: bytes, lines: Iterator[bytes], delimiter: bytes, file: Path, number: int
) -> tuple[bytes, list[tuple[int, int]], int]:
    """The whole row, where its cells are, and how many more lines of `lines` it takes."""
    plain, spans, start, taken = _plain(delimiter), [], 0, 0
    while True:
        stop = start
        if text.startswith(b'"', start):
            stop = _closing_quote(text, start + 1)
            if stop < 0:
                text, stop, more = _to_closing_quote(text, lines, file, number)
                taken += more
        stop = plain(text, stop).end()
        spans.append((start, stop))
        if not text.startswith(delimiter, stop):
            return text, spans, taken
        start = stop + 1


def _closing_quote(text: bytes, start: int) -> int:
    """Where the quoted part that began before `start` ends; -1 if it does not."""
    simple = _SIMPLE_REST.match(text, start)
    if simple:
        return simple.end()
    run = _RUN_OF_QUOTES.match(text, start)
    if run and (run.end() - start) % 2:
        return run.end()
    odd = _ODD_RUN_OF_QUOTES.search(text, run.end() if run else start)
    return odd.end() if odd else -1


def _to_closing_quote(
    text: bytes, lines: Iterator[bytes], file: Path, number: int
) -> tuple[bytes, int, int]:
    """The text up to the end of the line that closes the quote, that place, and lines taken."""
    row = bytearray(text)
    for taken, line in enumerate(lines, 1):
        row += line
        stop = _closing_quote(line, 0)
        if stop >= 0:
            return bytes(row), len(row) - len(line) + stop, taken
        if len(row) > LARGEST_CELL:
            break
    raise StoreError(
        "a quote opens in this row and nothing closes it",
        hint='close it, or write a quote inside a quoted cell as ""',
        file=file,
        line=number,
    )


@lru_cache
def _plain(delimiter: bytes):  # type: ignore[no-untyped-def]  # noqa: ANN202  # a bound match
    return re.compile(rb"[^\r\n" + re.escape(delimiter) + rb"]*").match


@lru_cache
def _special(delimiter: bytes) -> re.Pattern[bytes]:
    return re.compile(rb'["\r\n' + re.escape(delimiter) + rb"]")
