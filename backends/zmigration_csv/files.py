"""One CSV file: its header and its rows, with every byte accounted for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from zmigration_api import StoreError

from .cells import Record, records, unquote

BOM = b"\xef\xbb\xbf"
LARGE = 4 << 20
"""Bytes; a larger file is worth the import of numpy."""


@dataclass(frozen=True, slots=True)
class Header:
    """The start of a file: what stands before the header (BOM, blank lines), its cells, its end."""

    before: bytes
    cells: tuple[bytes, ...]
    names: tuple[str, ...]
    end: bytes

    @property
    def size(self) -> int:
        """Where the first row starts, in bytes."""
        cells = sum(map(len, self.cells)) + len(self.cells) - 1
        return len(self.before) + cells + len(self.end)

    @property
    def newline(self) -> bytes:
        """How rows that are added end."""
        return self.end or b"\n"


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A file to read. `path` is where the bytes are now, `shown` how messages call it."""

    path: Path
    shown: Path
    delimiter: bytes

    def header(self) -> Header:
        """The header alone; StoreError for one that cannot be used."""
        with self.open() as (header, _):
            return header

    def open(self) -> _Opened:
        """A context that gives the header and the records after it."""
        return _Opened(self)

    def stream(self) -> _Bytes:
        """A context that gives the header and the bytes after it."""
        return _Bytes(self)

    @property
    def is_large(self) -> bool:
        """Whether many rows at once are worth being looked at, and can be.

        A line of nothing is no row, which only the tokenizer knows of files with one column.
        """
        return self.path.stat().st_size >= LARGE and len(self.header().names) > 1

    def rows(self) -> Iterator[Record]:
        """The rows without the blank lines."""
        with self.open() as (_, body):
            yield from (record for record in body if record.cells)

    def error(self, message: str, line: int | None = None, hint: str | None = None) -> StoreError:
        """A StoreError that names this file."""
        return StoreError(message, file=self.shown, line=line, hint=hint)


class _Opened:
    def __init__(self, file: CsvFile) -> None:
        self._file = file

    def __enter__(self) -> tuple[Header, Iterator[Record]]:
        try:
            self.stream = self._bytes()
        except OSError as error:
            raise self._file.error(f"cannot be read: {error.strerror}") from error
        try:
            return self._start()
        except BaseException:
            self.stream.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.stream.close()

    @property
    def size(self) -> int:
        """How many bytes the file has."""
        return os.fstat(self.stream.fileno()).st_size

    def _bytes(self) -> BinaryIO:
        path = self._file.path
        try:
            return path.open("rb", buffering=0)
        except FileNotFoundError:
            # Another run's commit may just have put the staged file in its place.
            return path.with_name(self._file.shown.name).open("rb", buffering=0)

    def _start(self) -> tuple[Header, Iterator[Record]]:
        file, before = self._file, self.stream.read(len(BOM))
        if before != BOM:
            self.stream.seek(0)
            before = b""
        body = records(self.stream, file.delimiter, file.shown)
        for record in body:
            if record.cells:
                header = _header(file, record, before)
                return header, checked(file, body, len(header.names))
            before += record.end
        raise file.error(
            "has no header line", hint="write the column names in its first line, or remove it"
        )


class _Bytes:
    """Not made of a generator: before Python 3.11 such a context kept what is read, for a while,
    if whoever reads it stops on the way.
    """

    def __init__(self, file: CsvFile) -> None:
        self._opened = _Opened(file)

    def __enter__(self) -> tuple[Header, BinaryIO]:
        header, _ = self._opened.__enter__()
        self._opened.stream.seek(header.size)
        return header, self._opened.stream

    def __exit__(self, *_: object) -> None:
        self._opened.stream.close()


def _header(file: CsvFile, record: Record, before: bytes) -> Header:
    names = tuple(_name(file, cell, record.line) for cell in record.cells)
    for position, name in enumerate(names, 1):
        if not name:
            raise file.error(
                f"column {position} has no name", record.line, "name every column in the header"
            )
        if name in names[: position - 1]:
            raise file.error(
                f"two columns are called {name!r}", record.line, "rename one in the header"
            )
    return Header(before, tuple(record.cells), names, record.end)


def _name(file: CsvFile, cell: bytes, line: int) -> str:
    try:
        return unquote(cell).decode()
    except UnicodeDecodeError:
        raise file.error(
            "the header is not valid UTF-8", line, "save the file in UTF-8 and try again"
        ) from None


def checked(file: CsvFile, body: Iterator[Record], width: int, number: int = 0) -> Iterator[Record]:
    """The same records; a row with too few or too many cells is an error, never mended.

    So many rows of the file come before them.
    """
    for record in body:
        if record.cells:
            number += 1
            if len(record.cells) != width:
                raise file.error(
                    f"row {number} has {len(record.cells)} cells, the header has {width}",
                    record.line,
                    "mend the row, then run again",
                )
        yield record
