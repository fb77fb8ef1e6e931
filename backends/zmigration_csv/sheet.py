"""The rows of one file, as bytes, while a hook changes them.

They are kept in a temporary SQLite database that has no name and is gone with its connection,
however this process ends. Memory holds some of its pages, disk the rest.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from zmigration_api import StoreError

from .cells import Record, join, quote, split
from .files import CsvFile, Header

_PAGES_IN_MEMORY = 16 << 10  # KiB
_SETTINGS = (
    f"PRAGMA cache_size = -{_PAGES_IN_MEMORY}",
    "PRAGMA journal_mode = OFF",  # after an error nothing of it is used any more
    "PRAGMA synchronous = OFF",
    "CREATE TABLE rows (number INTEGER PRIMARY KEY, cells BLOB, end BLOB)",
    "BEGIN",
)
_AT_ONCE = 1000
"""Rows."""
_PART = f"SELECT number, cells FROM rows WHERE number > ? ORDER BY number LIMIT {_AT_ONCE}"
_WHOLE_PART = _PART.replace("cells", "cells, end")
_REPLACE = "UPDATE rows SET cells = ? WHERE number = ?"


class Sheet:
    """One file. Rows are known by numbers in their order: the line they started in, or later."""

    def __init__(self, file: CsvFile) -> None:
        self.file = file
        self.dirty = False
        self.header: Header
        self._last, self._last_end = 0, b""
        self._indexes: set[str] = set()
        self._next = 2
        self._changed: dict[int, dict[int, bytes]] = {}
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        try:
            for setting in _SETTINGS:
                self._do(setting)
            self._load()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the rows."""
        self._db.close()

    def cells(self, number: int) -> list[bytes] | None:
        """The cells of a row, None if it is gone."""
        row = self._one("SELECT cells FROM rows WHERE number = ?", number)
        return None if row is None else self._as_changed(number, row[0])

    def rows(self) -> Iterator[tuple[int, list[bytes]]]:
        """Every row. Rows that are changed meanwhile may show as they were or as they are."""
        delimiter, after = self.file.delimiter, -1
        while part := self._rows(_PART, after):
            after = part[-1][0]
            for number, cells in part:
                yield number, split(cells, delimiter)

    def count(self) -> int:
        """How many rows there are."""
        row = self._one("SELECT count(*) FROM rows")
        assert row is not None
        return int(row[0])

    def change(self, number: int, cells: Iterable[tuple[int, bytes]]) -> None:
        """Give a row, which must be there, other cells at some places; its line end stays."""
        self.dirty = True
        changed = self._changed.get(number)
        if changed is not None:
            changed.update(cells)
            return
        self._changed[number] = dict(cells)
        if len(self._changed) >= _AT_ONCE:
            self._write()

    def delete(self, number: int) -> None:
        """Remove a row."""
        self.dirty = True
        self._changed.pop(number, None)
        self._do("DELETE FROM rows WHERE number = ?", number)
        if number == self._last:
            self._find_last()

    def append(self, cells: list[bytes]) -> int:
        """Add a row at the end, and say its number. A missing last line end stays missing."""
        number, self._next = self._next, self._next + 1
        closed = self._last_end.endswith((b"\n", b"\r"))
        if not closed:
            self._append_to_end(self._newline)
        self.dirty = True
        self._last, self._last_end = number, self._newline if closed else b""
        new = join(cells, self.file.delimiter)
        self._do("INSERT INTO rows VALUES (?, ?, ?)", number, new, self._last_end)
        return number

    def add_columns(self, names: Iterable[str]) -> None:
        """New columns at the right, null in every row."""
        delimiter, new = self.file.delimiter, tuple(names)
        if not new:
            return
        cells = (*self.header.cells, *(quote(name.encode(), delimiter) for name in new))
        self.header = replace(self.header, cells=cells, names=(*self.header.names, *new))
        empty, after = delimiter * len(new), -1
        while part := self._rows(_PART, after):
            after = part[-1][0]
            self._do_many(_REPLACE, [(row + empty, number) for number, row in part])
        self.dirty = True

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the file as it is now."""
        header = self.header
        yield header.before + join(list(header.cells), self.file.delimiter) + header.end
        after = -1
        while part := self._rows(_WHOLE_PART, after):
            after = part[-1][0]
            yield b"".join(cells + end for _, cells, end in part)

    def has_index(self, name: str) -> bool:
        """Whether there is an index of that name."""
        return name in self._indexes

    def drop_indexes(self) -> None:
        """Remove every index."""
        for name in self._indexes:
            self._do(f"DROP TABLE {_quoted(name)}")
        self._indexes.clear()

    def make_index(self, name: str, entries: Iterable[tuple[int, int]]) -> None:
        """An index: pairs of the hash of something and the number of a row."""
        table = _quoted(name)
        self._do(f"CREATE TABLE {table} (hash INTEGER, number INTEGER)")
        self._do_many(f"INSERT INTO {table} VALUES (?, ?)", entries)
        self._do(f"CREATE INDEX {_quoted(f'by {name}')} ON {table} (hash, number)")
        self._indexes.add(name)

    def add_to_index(self, name: str, hash_: int, number: int) -> None:
        """Another pair; what the index said of the row before is still there."""
        if name in self._indexes:
            table = _quoted(name)
            self._do(
                f"INSERT INTO {table} SELECT ?1, ?2 WHERE NOT EXISTS"
                f" (SELECT 1 FROM {table} WHERE hash = ?1 AND number = ?2)",
                hash_,
                number,
            )

    def indexed(self, name: str, hash_: int) -> list[tuple[int, list[bytes]]]:
        """The rows that the index has under a hash, in their order."""
        query = f"SELECT number, cells FROM {_quoted(name)} JOIN rows USING (number) WHERE hash = ?"
        return [(n, self._as_changed(n, cells)) for n, cells in self._all(query, hash_)]

    def _load(self) -> None:
        insert = "INSERT INTO rows VALUES (?, ?, ?)"
        with self.file.open() as (self.header, body):
            self._newline = self.header.newline
            self._do_many(insert, self._to_load(body))
        self._find_last()

    def _to_load(self, body: Iterable[Record]) -> Iterator[tuple[int, bytes, bytes]]:
        """The rows; blank lines belong to the row (or header) before them."""
        delimiter, number, cells, end = self.file.delimiter, 0, b"", self.header.end
        for line, fields, line_end in body:
            if not fields:
                end += line_end
                continue
            if number:
                yield number, cells, end
            else:
                self.header = replace(self.header, end=end)
            number, cells, end = line, delimiter.join(fields), line_end
        if number:
            yield number, cells, end
        else:
            self.header = replace(self.header, end=end)

    def _find_last(self) -> None:
        row = self._one("SELECT number, end FROM rows ORDER BY number DESC LIMIT 1")
        self._last, self._last_end = row or (0, self.header.end)
        self._next = max(self._next, self._last + 1)

    def _append_to_end(self, more: bytes) -> None:
        if self._last:
            self._do("UPDATE rows SET end = ? WHERE number = ?", self._last_end + more, self._last)
        else:
            self.header = replace(self.header, end=self.header.end + more)

    def _as_changed(self, number: int, row: bytes) -> list[bytes]:
        cells = split(row, self.file.delimiter)
        for place, cell in self._changed.get(number, {}).items():
            cells[place] = cell
        return cells

    def _write(self) -> None:
        """Put what was changed last where the other rows are."""
        self._do_many(_REPLACE, self._to_write())
        self._changed.clear()

    def _to_write(self) -> Iterator[tuple[bytes, int]]:
        for number in self._changed:
            cells = self.cells(number)
            assert cells is not None
            yield join(cells, self.file.delimiter), number

    def _rows(self, query: str, after: int) -> list[tuple[Any, ...]]:
        if self._changed:
            self._write()
        return self._all(query, after)

    def _one(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        rows = self._all(sql, *values)
        return rows[0] if rows else None

    def _all(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _do(self, sql: str, *values: object) -> None:
        try:
            self._db.execute(sql, values)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _do_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        try:
            self._db.executemany(sql, rows)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: sqlite3.Error) -> StoreError:
        """What fails here leaves rows that cannot be trusted, so none are given any more."""
        self._db.close()
        return self.file.error(
            f"its rows cannot be kept in a temporary file while they change: {error}",
            hint="make room for temporary files (SQLITE_TMPDIR names a folder for them)",
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
