"""The host's where-dicts, read once into a condition that every backend understands.

`{"age": 3}` equals, `{"age": None}` is null, `{"age": [1, 2]}` is one of; `{"age": {"$gt": 3}}`
with $eq $ne $gt $gte $lt $lte $like $in $null $notnull; `{"$or": [{...}, {...}]}`. Several keys
must all hold. Comparisons with null are never true; $like is case-sensitive, with % and _.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .errors import UsageError
from .model import Table

Operator = Literal["eq", "ne", "gt", "gte", "lt", "lte", "like", "in", "null", "notnull"]
_OPERATORS: dict[str, Operator] = {
    "$eq": "eq",
    "$ne": "ne",
    "$gt": "gt",
    "$gte": "gte",
    "$lt": "lt",
    "$lte": "lte",
    "$like": "like",
    "$in": "in",
    "$null": "null",
    "$notnull": "notnull",
}


@dataclass(frozen=True, slots=True)
class Compare:
    """One column against one value (a tuple of values for "in", None for the null tests)."""

    column: str
    operator: Operator
    value: Any = None


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; no parts hold always."""

    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]


Condition: TypeAlias = Compare | AllOf | AnyOf
EVERYTHING = AllOf()


def parse_where(where: Mapping[str, object] | None, table: Table) -> Condition:
    """The condition of a where-dict; UsageError for an unknown column or operator."""
    if where is None:
        return EVERYTHING
    if not isinstance(where, Mapping):
        raise UsageError(
            f"where must be a dict, not {type(where).__name__}",
            hint='write where={"column": value}; SQL text is not accepted',
        )
    parts = [_entry(key, value, table) for key, value in where.items()]
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _entry(key: str, value: object, table: Table) -> Condition:
    if key in ("$or", "or"):
        if not isinstance(value, Iterable) or isinstance(value, str | Mapping):
            raise UsageError('"$or" takes a list of where-dicts')
        return AnyOf(tuple(parse_where(part, table) for part in value))
    if table.column(key) is None:
        names = ", ".join(column.name for column in table.columns)
        raise UsageError(f"{table.name} has no column {key!r}", hint=f"its columns are {names}")
    if isinstance(value, Mapping):
        return AllOf(tuple(_operation(key, name, operand) for name, operand in value.items()))
    if isinstance(value, list | tuple | set | frozenset):
        return Compare(key, "in", tuple(value))
    return Compare(key, "null") if value is None else Compare(key, "eq", value)


def _operation(column: str, name: str, operand: object) -> Condition:
    operator = _OPERATORS.get(name)
    if operator is None:
        raise UsageError(f"unknown operator {name!r}", hint=f"known are {', '.join(_OPERATORS)}")
    if operator in ("null", "notnull"):
        wanted = (operator == "null") == bool(operand)
        return Compare(column, "null" if wanted else "notnull")
    if operator == "in":
        if not isinstance(operand, Iterable) or isinstance(operand, str):
            raise UsageError('"$in" takes a list of values')
        return Compare(column, "in", tuple(operand))
    if operand is None and operator in ("eq", "ne"):
        return Compare(column, "null" if operator == "eq" else "notnull")
    return Compare(column, operator, operand)


def matches(condition: Condition, row: Mapping[str, Any]) -> bool:
    """Whether a row of typed values meets the condition; for stores that cannot ask SQL."""
    match condition:
        case AllOf(parts):
            return all(matches(part, row) for part in parts)
        case AnyOf(parts):
            return any(matches(part, row) for part in parts)
        case Compare(column, operator, value):
            return _compare(row[column], operator, value)


def _compare(cell: Any, operator: Operator, value: Any) -> bool:  # noqa: ANN401
    if operator in ("null", "notnull"):
        return (cell is None) == (operator == "null")
    if cell is None:
        return False
    if operator == "in":
        return cell in [v for v in value if v is not None]
    if operator == "like":
        return like_pattern(str(value)).fullmatch(str(cell)) is not None
    if value is None:
        return False
    return bool(_ORDERINGS[operator](cell, value))


_ORDERINGS: dict[str, Any] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}


def like_pattern(pattern: str) -> re.Pattern[str]:
    """The regular expression of a LIKE pattern: % is any text, _ any one character."""
    translated = (".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return re.compile("".join(translated), re.DOTALL)
