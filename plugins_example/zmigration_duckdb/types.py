"""Column types: what DuckDB calls them, and what they are in neutral terms."""

from __future__ import annotations

import re
from typing import Any

from zmigration_api import Column, ColumnType, Default, TypeKind
from zmigration_api.rowstore import from_text, to_text

NATIVE: dict[TypeKind, str] = {
    "int": "integer",
    "bigint": "bigint",
    "float": "double",
    "str": "varchar",  # DuckDB keeps no lengths
    "text": "varchar",
    "bool": "boolean",
    "date": "date",
    "time": "time",
    "datetime": "timestamp",
    "json": "json",
    "blob": "blob",
    "uuid": "uuid",
}
NEUTRAL: dict[str, TypeKind] = {native: kind for kind, native in NATIVE.items()}
UTC_NOW = "(current_timestamp AT TIME ZONE 'UTC')"
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_LITERAL = re.compile(r"'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?|true|false)")


def native(column_type: ColumnType) -> str:
    """The type text; decimals that DuckDB would round are kept as texts."""
    if column_type.native is not None:
        return column_type.native.lower()
    if column_type.kind != "decimal":
        return NATIVE[column_type.kind]
    precision = column_type.precision or 0
    return f"decimal({precision},{column_type.scale or 0})" if 0 < precision <= 38 else "varchar"


def neutral(text: str) -> ColumnType:
    """The type that a text of DuckDB's means."""
    if measured := _DECIMAL.fullmatch(text):
        return ColumnType(kind="decimal", precision=int(measured[1]), scale=int(measured[2]))
    kind = NEUTRAL.get(text)
    return ColumnType(kind=kind) if kind else ColumnType(kind="native", native=text)


def default_sql(default: Default) -> str:
    """The default as DuckDB is told it."""
    if default.kind == "value":
        return "'" + default.text.replace("'", "''") + "'"
    return UTC_NOW if default.kind == "now" else default.text


def default_of(text: str | None) -> Default | None:
    """The default that DuckDB tells of."""
    if text is None:
        return None
    if "current_timestamp" in text.lower():
        return Default(kind="now")
    found = _LITERAL.fullmatch(text)
    if found is None:
        return Default(kind="expression", text=text)
    return Default(kind="value", text=found[2] or (found[1] or "").replace("''", "'"))


def read_value(value: Any, column: Column) -> Any:  # noqa: ANN401
    """A value that DuckDB gives, as the contract wants it."""
    if column.type.kind == "json":
        return from_text(value, column.type)
    return str(value) if column.type.kind == "uuid" and value is not None else value


def written(value: Any, column: Column) -> Any:  # noqa: ANN401
    """A value of the contract's, as DuckDB takes it."""
    return to_text(value, column.type) if column.type.kind == "json" else value
