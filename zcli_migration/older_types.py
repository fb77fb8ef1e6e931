"""What zolo-os has noted of the column types of its CSV tables, for stores without a record.

CSV files have no types. zolo-os keeps those of its last migration in `zmigrations/<t>.schema.json`
beside the data; where the schema file says others by now, that is a change to make.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from zmigration_api import Column, ColumnType, Schema, SchemaFileError

from .schema_file.types import read_type
from .schema_file.yaml_source import CORE, Source

LARGEST = 1_000_000


def as_noted(current: Schema, folder: Path, recorded: Collection[str]) -> Schema:
    """The tables that have no record, with the types that zolo-os has noted."""
    tables = []
    for table in current.tables:
        noted = {} if table.name in recorded else _noted(folder / "zmigrations", table.name)
        columns = (_column(column, noted) for column in table.columns) if noted else table.columns
        tables.append(replace(table, columns=tuple(columns)))
    return replace(current, tables=tuple(tables))


def _noted(folder: Path, table: str) -> Mapping[str, ColumnType]:
    """The types by column; what cannot be read says nothing."""
    path = folder / f"{table}.schema.json"
    try:
        if path.stat().st_size > LARGEST:
            return {}
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    facts = data.items() if isinstance(data, dict) else ()
    found = (
        (name, _type(path, fact.get("type"))) for name, fact in facts if isinstance(fact, dict)
    )
    return {name: column_type for name, column_type in found if column_type is not None}


def _type(path: Path, text: object) -> ColumnType | None:
    if not isinstance(text, str):
        return None
    node = yaml.ScalarNode(CORE + "str", text, yaml.Mark("", 0, 0, 0, None, 0), None)
    source = Source(path)
    try:
        column_type = read_type(source, node, text, "a column").type
    except SchemaFileError:
        return None
    return None if source.warnings else column_type


def _column(column: Column, noted: Mapping[str, ColumnType]) -> Column:
    """Lengths are noted nowhere, so that texts are all one."""
    was = noted.get(column.name)
    if was is None or was.kind == column.type.kind or (was.textual and column.type.textual):
        return column
    return replace(column, type=was)
