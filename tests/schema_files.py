"""Schema files for tests: written, read, and what was refused in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from zcli_migration.schema_file import SchemaFile, read_schema_file
from zmigration_api import Column, SchemaFileError, Table

HEAD = "Meta:\n  Data_Type: csv\n  zMigration: true\n  zMigrationVersion: v1.0.0\n"
HEAD_LINES = 4

Read = Callable[[str], SchemaFile]


class Refusal:
    """A refusal: where it points, what it says, what it advises."""

    def __init__(self, error: SchemaFileError) -> None:
        self.at = (error.line, error.column)
        self.message = error.message
        self.hint = error.hint or ""
        self.file = error.file


def read(folder: Path, text: str, name: str = "zSchema.users", suffix: str = ".yaml") -> SchemaFile:
    path = folder / f"{name}{suffix}"
    path.write_bytes(text.encode())
    return read_schema_file(path, name)


def refused(folder: Path, text: str, suffix: str = ".yaml") -> Refusal:
    with pytest.raises(SchemaFileError) as caught:
        read(folder, text, suffix=suffix)
    refusal = Refusal(caught.value)
    assert refusal.file == folder / f"zSchema.users{suffix}"
    assert "\n" not in refusal.message
    return refusal


def table(folder: Path, body: str) -> Table:
    """The table `users` of a body that is written without its indentation."""
    (only,) = read(folder, HEAD + "users:\n" + _indented(body)).tables
    return only


def field(folder: Path, keys: str) -> Column:
    """The column `c` with these keys, in flow style, beside a primary key."""
    column = table(folder, f"id: {{type: int, pk: true}}\nc: {{{keys}}}").column("c")
    assert column is not None
    return column


def refused_table(folder: Path, body: str) -> Refusal:
    """The refusal of a body; its line is counted in the body."""
    refusal = refused(folder, HEAD + "users:\n" + _indented(body))
    line, column = refusal.at
    refusal.at = ((line or 0) - HEAD_LINES - 1, column and column - 2)
    return refusal


def refused_field(folder: Path, keys: str) -> Refusal:
    """The refusal of a column's keys; its column is counted in them, from 1."""
    refusal = refused_table(folder, f"c: {{{keys}}}")
    line, column = refusal.at
    assert line == 1
    refusal.at = (1, column and column - 4)
    return refusal


def warned(folder: Path, body: str) -> list[tuple[int, int, str]]:
    """The warnings about a body: line and column in it, and message."""
    file = read(folder, HEAD + "users:\n" + _indented(body))
    return [(w.line - HEAD_LINES - 1, w.column - 2, w.message) for w in file.warnings]


def _indented(body: str) -> str:
    return "".join(f"  {line}\n" for line in body.splitlines())
