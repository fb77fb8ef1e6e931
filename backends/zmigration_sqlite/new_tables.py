"""What a new table or column is declared as."""

from __future__ import annotations

from dataclasses import replace

from zmigration_api import Column, Table

from .types import declared_type


def with_required_key(table: Table) -> Table:
    """SQLite alone allows nulls in a primary key, unless told not to."""
    columns = (replace(c, required=c.required or c.name in table.key) for c in table.columns)
    return replace(table, columns=tuple(columns))


def new_type(column: Column, table: Table) -> str:
    """A whole-number key is the row's number, which SQLite gives when none is given."""
    if column.exact_type is not None:
        return column.exact_type
    if table.key == (column.name,) and column.type.kind in ("int", "bigint"):
        return "INTEGER"
    return declared_type(column.type, None, strict="STRICT" in table.options)


def type_now(column: Column, table: Table, *, strict: bool) -> str:
    if column.exact_type is not None:
        return column.exact_type
    return declared_type(column.type, table, strict=strict)
