"""A condition as SQL, for stores that speak it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..where import AllOf, AnyOf, Compare, Condition

_SIGNS = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "LIKE"}


def condition_sql(
    condition: Condition, quote: Callable[[str], str], encode: Callable[[str, Any], Any]
) -> tuple[str, list[Any]]:
    """SQL with a `?` for each value. `encode` makes a parameter of a column's value."""
    if isinstance(condition, Compare):
        return _compare(condition, quote, encode)
    parts = [condition_sql(part, quote, encode) for part in condition.parts]
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


def _compare(
    asked: Compare, quote: Callable[[str], str], encode: Callable[[str, Any], Any]
) -> tuple[str, list[Any]]:
    name, column, value = asked.column, quote(asked.column), asked.value
    if asked.operator in ("null", "notnull"):
        return f"{column} IS {'' if asked.operator == 'null' else 'NOT '}NULL", []
    if asked.operator == "in":
        values = [encode(name, item) for item in value if item is not None]
        return (f"{column} IN ({', '.join('?' * len(values))})", values) if values else ("1 = 0", [])
    given = str(value) if asked.operator == "like" else encode(name, value)
    return f"{column} {_SIGNS[asked.operator]} ?", [given]
