"""The host's where-dicts, read once into a condition that every backend understands.

`{"age": 3}` equals, `{"age": None}` is null, `{"age": [1, 2]}` is one of; `{"age": {"$gt": 3}}`
with $eq $ne $gt $gte $lt $lte $like $in $null $notnull; `{"$or": [{...}, {...}]}`. Several keys
must all hold. Comparisons with null are never true; $like is case-sensitive, with % and _, and
sees of a number or moment what `values.format_value` writes.
"""

from __future__ import annotations

import json
import operator as operators
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from .errors import UsageError
from .model import Table
from .types import ColumnType, TypeKind
from .values import format_value

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
    known = table.column(key) is not None
    if key in ("$or", "or") and not (known and not _alternatives(value)):
        if not isinstance(value, Iterable) or isinstance(value, str | Mapping):
            raise UsageError('"$or" takes a list of where-dicts')
        return AnyOf(tuple(parse_where(part, table) for part in value))
    if not known:
        names = ", ".join(column.name for column in table.columns)
        raise UsageError(f"{table.name} has no column {key!r}", hint=f"its columns are {names}")
    if type(value) in _ALIKE_IF_EQUAL:
        return Compare(key, "eq", value)
    if isinstance(value, Mapping):
        return _operations(key, value, table)
    if isinstance(value, list | tuple | set | frozenset):
        return Compare(key, "in", tuple(value))
    return Compare(key, "null") if value is None else Compare(key, "eq", value)


def _alternatives(value: object) -> bool:
    """Whether it can only be meant for "or", where a column is called like that."""
    return isinstance(value, list | tuple) and all(isinstance(v, Mapping) for v in value)


def _operations(column: str, value: Mapping[str, object], table: Table) -> Condition:
    if not value:
        raise UsageError(
            f"the condition for {table.name}.{column} is an empty dict, which names no operator",
            hint=f"known are {', '.join(_OPERATORS)}; None is null",
        )
    parts = tuple(_operation(column, name, operand) for name, operand in value.items())
    return parts[0] if len(parts) == 1 else AllOf(parts)


def _operation(column: str, name: str, operand: object) -> Condition:
    operator = _OPERATORS.get(name)
    if operator is None:
        raise UsageError(f"unknown operator {name!r}", hint=f"known are {', '.join(_OPERATORS)}")
    if operator in ("null", "notnull"):
        wanted = (operator == "null") == bool(operand)
        return Compare(column, "null" if wanted else "notnull")
    if operator == "in":
        if not isinstance(operand, Iterable) or isinstance(operand, str | bytes | Mapping):
            raise UsageError('"$in" takes a list of values')
        return Compare(column, "in", tuple(operand))
    if operand is None and operator in ("eq", "ne"):
        return Compare(column, "null" if operator == "eq" else "notnull")
    return Compare(column, operator, operand)


Test: TypeAlias = Callable[[Mapping[str, Any]], bool]


def matches(condition: Condition, row: Mapping[str, Any]) -> bool:
    """Whether a row of typed values meets the condition; for stores that cannot ask SQL."""
    return matcher(condition)(row)


def matcher(condition: Condition) -> Test:
    """The condition as a function of rows of typed values, for asking many rows."""
    match condition:
        case AllOf(parts):
            every = [matcher(part) for part in parts]
            return lambda row: all(test(row) for test in every)
        case AnyOf(parts):
            some = [matcher(part) for part in parts]
            return lambda row: any(test(row) for test in some)
        case Compare(name, "null"):
            return lambda row: row[name] is None
        case Compare(name, "notnull"):
            return lambda row: row[name] is not None
        case Compare(_, _, None):
            return lambda row: False
        case Compare(name, operator, value):
            test = _test(operator, value)
            return lambda row: row[name] is not None and test(row[name])


def _test(operator: Operator, value: Any) -> Callable[[Any], bool]:  # noqa: ANN401
    if operator == "in":
        return _one_of([v for v in value if v is not None])
    if operator == "like":
        pattern = like_pattern(str(value))
        return lambda cell: pattern.fullmatch(text_for_like(cell)) is not None
    compare = _COMPARISONS[operator]
    return lambda cell: bool(compare(cell, value))


def _one_of(values: list[Any]) -> Callable[[Any], bool]:
    """A set where values of one type can be in one, so that a long list is no slower."""
    plain = {type(v) for v in values} <= _ALIKE_IF_EQUAL
    if not plain:
        return lambda cell: any(same(cell, value) for value in values)
    found = frozenset(values)
    return lambda cell: type(cell) in _ALIKE_IF_EQUAL and cell in found


_ALIKE_IF_EQUAL = {int, str, float, Decimal, date, datetime, time, bytes}


def same(left: Any, right: Any) -> bool:  # noqa: ANN401
    """Whether two values are equal; in JSON 1 is 1.0 and neither is true."""
    if type(left) in _ALIKE_IF_EQUAL and type(right) in _ALIKE_IF_EQUAL:
        return bool(left == right)
    if isinstance(left, dict | list) or isinstance(right, dict | list):
        return canonical_json(left) == canonical_json(right)
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def canonical_json(value: object) -> str:
    """The same text for JSON values that are equal."""
    return json.dumps(_whole(value), sort_keys=True, default=str)


def _whole(value: Any) -> Any:  # noqa: ANN401
    """With every float that is a whole number as an int."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": same,
    "ne": lambda cell, value: not same(cell, value),
    "gt": operators.gt,
    "gte": operators.ge,
    "lt": operators.lt,
    "lte": operators.le,
}


def text_for_like(cell: object) -> str:
    """What $like sees of a value, on every store."""
    if isinstance(cell, str):
        return cell
    kind = next((kind for types, kind in _WRITTEN if isinstance(cell, types)), None)
    return str(cell) if kind is None else format_value(cell, ColumnType(kind=kind))


_WRITTEN: tuple[tuple[type, TypeKind], ...] = (
    (bool, "bool"),
    (float, "float"),
    (Decimal, "decimal"),
    (datetime, "datetime"),
    (date, "date"),
    (time, "time"),
)


@lru_cache(maxsize=256)
def like_pattern(pattern: str) -> re.Pattern[str]:
    """The regular expression of a LIKE pattern: % is any text, _ any one character."""
    translated = (".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return re.compile("".join(translated), re.DOTALL)
