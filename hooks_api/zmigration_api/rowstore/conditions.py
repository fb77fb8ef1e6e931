"""A condition as SQL, for stores that speak it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zmigration_api.model import Column, Table
from zmigration_api.where import AllOf, AnyOf, Compare, Condition

_SIGNS = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "LIKE"}


def quoted(*names: str) -> str:
    """Names as standard SQL writes any name, with commas between them."""
    return ", ".join('"' + name.replace('"', '""') + '"' for name in names)


def compares_alike(condition: Condition, live: Table, table: Table) -> bool:
    """Whether the store's own comparisons mean what `table` says of the columns asked about."""
    pairs = [(live.column(name), table.column(name)) for name in columns_of(condition)]
    return all(there and column and _alike(there, column) for there, column in pairs)


def _alike(there: Column, column: Column) -> bool:
    same = there.type.kind == column.type.kind or (there.type.textual and column.type.textual)
    return same and column.type.kind not in ("json", "native")


def condition_sql(condition: Condition) -> tuple[str, list[Any]]:
    """SQL with a `?` for each value, and the values."""
    if isinstance(condition, Compare):
        return _compare(condition)
    parts = [condition_sql(part) for part in condition.parts]
    word = " AND " if isinstance(condition, AllOf) else " OR "
    empty = "1 = 0" if isinstance(condition, AnyOf) else "1 = 1"
    values = [value for _, found in parts for value in found]
    return word.join(f"({sql})" for sql, _ in parts) or empty, values


def columns_of(condition: Condition) -> Iterator[str]:
    """The names of the columns that a condition asks about."""
    if isinstance(condition, Compare):
        yield condition.column
        return
    for part in condition.parts:
        yield from columns_of(part)


def _compare(asked: Compare) -> tuple[str, list[Any]]:
    column, value = quoted(asked.column), asked.value
    if asked.operator in ("null", "notnull"):
        return f"{column} IS {'' if asked.operator == 'null' else 'NOT '}NULL", []
    if asked.operator == "in":
        values = [item for item in value if item is not None]
        return (
            (f"{column} IN ({', '.join('?' * len(values))})", values) if values else ("1 = 0", [])
        )
    return f"{column} {_SIGNS[asked.operator]} ?", [value]
