"""What another hand has made as the files want it: from the next record on it is ours."""

from __future__ import annotations

from collections.abc import Collection

from zmigration_api import AddColumn, AlterColumn, Change, Column, ColumnType, Schema

from .diff import diff
from .hints import without_hints
from .looking import Found
from .recording import Recorded
from .rules import RULES
from .schema_file import SchemaFile


def made_by_others(
    files: Collection[SchemaFile], found: Found, desired: Schema
) -> tuple[Change, ...]:
    """The changes from what was recorded to what is wanted, where there is no other to make.

    None where no file was edited since it was recorded.
    """
    if not any(is_other_text(file, found.records[file.name]) for file in files):
        return ()
    known = [r.tables for r in found.records.values() if r and r.tables]
    tables = {t.name: t for schema in reversed(known) for t in schema.tables}
    types = {t.name: t for schema in reversed(known) for t in schema.types}
    recorded = Schema(tables=tuple(tables.values()), types=tuple(types.values()))
    return diff(recorded, without_hints(desired), RULES)


def as_conversions(adopted: Collection[Change]) -> tuple[Change, ...]:
    """Columns that came into a store without types, as texts that become what the file says."""
    text = ColumnType(kind="text")
    return tuple(
        AlterColumn(c.table, Column(name=c.column.name, type=text), c.column)
        for c in adopted
        if isinstance(c, AddColumn)
    )


def is_other_text(file: SchemaFile, recorded: Recorded | None) -> bool:
    """Whether a file that has a record was edited since."""
    told = recorded is not None and recorded.tables is not None
    return told and recorded is not None and recorded.record.schema_hash != file.hash
