"""What the folder says of its tables: which are there, and what their columns are called."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection

from zmigration_api import Column, ColumnType, Schema, Table

from .files import CsvFile

_TEXT = ColumnType(kind="text")


def inspect(tables: Collection[str], find: Callable[[str], CsvFile | None]) -> Schema:
    """The tables that are there, each column a text. Reads the headers alone."""
    found = ((name, find(name)) for name in sorted(set(tables)))
    return Schema(tables=tuple(_table(name, file) for name, file in found if file))


def fingerprints(tables: Collection[str], find: Callable[[str], CsvFile | None]) -> dict[str, str]:
    """A digest of the header cells of each table's file that is there."""
    found = ((name, find(name)) for name in tables)
    return {name: _digest(file.header().cells) for name, file in found if file}


def _digest(cells: tuple[bytes, ...]) -> str:
    return hashlib.sha256(repr(cells).encode()).hexdigest()


def _table(name: str, file: CsvFile) -> Table:
    columns = (Column(name=column, type=_TEXT, native="text") for column in file.header().names)
    return Table(name=name, columns=tuple(columns))
