"""Values as this driver takes and gives them.

Everything but bytes goes out as text, which the server reads as the column's own type, so one
column can live as INTEGER or BOOLEAN, TEXT or TIMESTAMP. What Python's types cannot hold in full
comes in as text (see `connection`) and is read by the shared rules.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from zmigration_api import Column
from zmigration_api.values import format_value, parse

from .types import measured, native_of

_UTC = "+00"


class Codec:
    """The codec of `zmigration_sql` for psycopg."""

    def to_store(self, value: Any, column: Column) -> Any:  # noqa: ANN401
        """A text, or bytes; ValueError for a text that PostgreSQL cannot keep."""
        kind = column.type.kind
        if kind == "blob":
            return bytes(value)
        if kind == "bool" and measured(native_of(column))[0] in ("integer", "smallint", "bigint"):
            return str(int(value))
        if kind == "decimal" and column.type.precision is not None and value.is_infinite():
            raise ValueError("is infinite, which needs a decimal without precision")
        text = format_value(value, column.type)
        if "\0" in text:
            raise ValueError("holds a NUL character, which PostgreSQL does not keep")
        if not _encodable(text):
            raise ValueError("is not valid Unicode")
        return text

    def from_store(self, raw: Any, column: Column) -> Any:  # noqa: ANN401
        """The typed value; ValueError with the reason if what is stored is none."""
        kind = column.type.kind
        if isinstance(raw, str):
            zoned = kind == "datetime" and measured(native_of(column))[0] not in ("text",)
            return parse(raw.removesuffix(_UTC) if zoned else raw, column.type)
        if kind == "bool" and raw not in (0, 1):
            raise ValueError("is neither 0 nor 1")
        match kind:
            case "bool":
                return bool(raw)
            case "float":
                return float(raw)
            case "decimal":
                return raw if isinstance(raw, Decimal) else parse(str(raw), column.type)
            case "str" | "text":
                return str(raw)
            case _:
                return raw


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
