"""Where a file says what an error is about, for errors that come from further away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from zmigration_api import Column, MigrationError, Table

from .app import App
from .schema_file import SchemaFile
from .target import source_variable

Place = tuple[Path, int | None]
_META_KEYS = ("Data_Source", "Data_Path", "Data_Host", "Data_Label", "Data_Type")


def line_of(text: str, words: str) -> int | None:
    """The first line (from 1) that says these words outside a comment."""
    said = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)")
    for number, line in enumerate(text.splitlines(), 1):
        if not line.lstrip().startswith("#") and said.search(line):
            return number
    return None


def place_of_data(file: SchemaFile, app: App) -> Place:
    """Where it is said where a schema's data is: in the dotenv file, else in the schema file."""
    variable = source_variable(
        data_source=file.meta.data_source,
        data_path=file.meta.data_path,
        names=(file.declared_name, file.name),
        app=app,
    )
    line = _dotenv_line(app.dotenv, variable) if app.dotenv and variable else None
    if app.dotenv and line:
        return app.dotenv, line
    lines = (line_of(file.text, key) for key in _META_KEYS)
    return file.path, next(filter(None, lines), file.meta.line)


def _dotenv_line(dotenv: Path, variable: str) -> int | None:
    """The last line that sets the variable, which is the one that counts."""
    try:
        lines = dotenv.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    setting = re.compile(rf"\s*(?:export\s+)?{re.escape(variable)}\s*=")
    found = [number for number, line in enumerate(lines, 1) if setting.match(line)]
    return found[-1] if found else None


def at(error: MigrationError, place: Place) -> None:
    """Say where, unless the error itself does."""
    if error.file is None or (error.file == place[0] and error.line is None):
        error.file, error.line = place


def at_column(error: MigrationError, files: Sequence[SchemaFile]) -> None:
    """A backend knows a column's line, but not in which file it is."""
    if error.file is not None or error.line is None:
        return
    for file in files:
        for table in file.tables:
            lines = (c.line for c in table.columns if error.message.startswith(_named(table, c)))
            if error.line in lines:
                error.file = file.path
                return


def _named(table: Table, column: Column) -> str:
    return f"{table.name}.{column.name}:"
