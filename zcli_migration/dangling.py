"""Foreign keys to tables that a plan drops."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from zmigration_api import Change, DropTable, ForeignKey, Hazard, Schema, SchemaFileError, Table

from .schema_file import SchemaFile


def refuse_dangling(
    files: Sequence[SchemaFile], parts: Mapping[str, Schema], changes: Sequence[Change]
) -> None:
    """SchemaFileError for a foreign key of a file that would refer to nothing.

    `parts` are the tables of each file. An exact one says what a store has, and SQLite has such
    keys.
    """
    there = {table.name for part in parts.values() for table in part.tables}
    gone = {c.table for c in changes if isinstance(c, DropTable)} - there
    for file in files:
        for table, key in _referring(parts[file.name], gone):
            if not table.exact:
                raise SchemaFileError(
                    f"{table.name}.{', '.join(key.columns)} refers to {key.ref_table}, which is "
                    "dropped because no schema file has it any more",
                    hint=f"remove this foreign key, too, or keep {key.ref_table}",
                    file=file.path,
                    line=key.line,
                )


def dangling_hazard(change: Change, desired: Schema) -> Hazard | None:
    """That tables refer to one that is dropped."""
    if not isinstance(change, DropTable) or desired.table(change.table) is not None:
        return None
    tables = sorted({table.name for table, _ in _referring(desired, {change.table})})
    if not tables:
        return None
    refer = "refers" if len(tables) == 1 else "refer"
    return Hazard(
        "note",
        f"{', '.join(tables)} still {refer} to {change.table}: where foreign keys are enforced, no "
        "row that refers to it can be written any more",
    )


def _referring(schema: Schema, gone: Collection[str]) -> Iterator[tuple[Table, ForeignKey]]:
    for table in schema.tables:
        yield from ((table, key) for key in table.foreign_keys if key.ref_table in gone)
