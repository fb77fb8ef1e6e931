"""Values as SQLite stores them, and back.

Booleans are 0 and 1, moments, decimals, JSON and UUIDs are texts in the spelling of
`zmigration_api.values`. Reading also takes what other programs store: `2024-01-31T10:00:00`,
'True', a number in a text column.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from zmigration_api import Column, ColumnType
from zmigration_api.values import format_float, format_value, parse

_AS_IS = frozenset({"str", "text", "native"})


class SQLiteCodec:
    """The codec of the shared SQL; it follows `column.type` alone."""

    def to_store(self, value: Any, column: Column) -> Any:  # noqa: ANN401
        """The value as SQLite keeps it."""
        match column.type.kind:
            case "int" | "bigint" | "bool":
                return int(value)
            case "float":
                return float(value)
            case "blob":
                return bytes(value)
            case kind if kind in _AS_IS:
                return value
            case _:
                return format_value(value, column.type)

    def from_store(self, raw: Any, column: Column) -> Any:  # noqa: ANN401
        """The typed value; ValueError with the reason if what is stored is none."""
        kind = column.type.kind
        if kind == "native":
            return raw
        if kind == "blob":
            return raw if isinstance(raw, bytes) else _text(raw).encode("utf-8", "surrogateescape")
        if isinstance(raw, bytes):
            raise ValueError("is binary data")
        if kind in _AS_IS:
            return _text(raw)
        if isinstance(raw, str):
            # Measures are not SQLite's to enforce: what is there can be read.
            wide = "bigint" if kind == "int" else kind
            return parse(raw, ColumnType(kind=wide))
        return _number(raw, column.type)


def _text(raw: object) -> str:
    return format_float(raw) if isinstance(raw, float) else str(raw)


def _number(raw: int | float, column_type: ColumnType) -> Any:  # noqa: ANN401
    """What a stored number is in that type."""
    match column_type.kind:
        case "int" | "bigint":
            if raw != raw or raw in (float("inf"), float("-inf")) or raw != int(raw):
                raise ValueError("is not a whole number")
            return int(raw)
        case "float":
            return float(raw)
        case "decimal":
            return _decimal(raw)
        case "json":
            return raw
        case _:
            return parse(_text(raw), column_type)


def _decimal(raw: int | float) -> Decimal:
    value = Decimal(format_float(raw) if isinstance(raw, float) else raw)
    if not value.is_finite():
        raise ValueError("is not a number")
    return value
