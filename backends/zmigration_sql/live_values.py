"""Values as a live column keeps them, and how those are to be compared."""

from __future__ import annotations

from typing import Any

from zmigration_api import Column, StoreError, Table, TypeKind

from .executor import Executor


def to_store(executor: Executor, value: Any, column: Column) -> Any:  # noqa: ANN401
    """The value as the driver takes it; None stays None. StoreError if it cannot be kept."""
    try:
        return None if value is None else executor.codec.to_store(value, column)
    except ValueError as error:
        raise StoreError(f"{column.name}: {value!r} {error}") from None


def from_store(executor: Executor, table: Table, raw: Any, column: Column) -> Any:  # noqa: ANN401
    """The typed value; None stays None. StoreError for one that is not of its column's type."""
    try:
        return None if raw is None else executor.codec.from_store(raw, column)
    except ValueError as error:
        raise StoreError(
            f"{table.name}.{column.name} holds {raw!r}, which {error}",
            hint=f"the schema says {column.type}; correct the row or the schema",
        ) from None


def collation_of(executor: Executor, column: Column) -> str | None:
    """What makes the column's live type compare as its values do, where it does not itself.

    PostgreSQL sorts texts by the database's language. SQLite keeps numbers and moments as texts,
    and zCLI as texts of several spellings; its connections offer a collation for each such kind.
    """
    native = column.native or ("text" if column.type.textual else "")
    if not native.startswith(("text", "varchar", "character")):
        return None
    if executor.dialect == "postgresql":
        return "C"
    by_value = column.type.kind in BY_VALUE or column.type.kind == "json"
    return f"zmigration_{column.type.kind}" if by_value else None


BY_VALUE: tuple[TypeKind, ...]
BY_VALUE = ("int", "bigint", "float", "decimal", "date", "time", "datetime")
"""The kinds whose texts SQLite compares by value, with the collation `zmigration_<kind>`."""
