"""Defaults, and what rows that are already there get in a new or newly required column."""

from __future__ import annotations

from zmigration_api import Column, ColumnType, CopyOf, Fixed, Table, UnsupportedChange
from zmigration_sql import joined, literal

from .casts import constant, convert, stored, typed
from .names import QUOTING
from .tokens import lasting
from .types import measured

_TEXT = ColumnType(kind="text")
_NOW_AS_TEXT = "to_char(CURRENT_TIMESTAMP AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
_NOW = {"date": "CURRENT_DATE", "time without time zone": "LOCALTIME"}


def default_text(column: Column, native: str) -> str | None:
    """What follows DEFAULT, or None where the store is not told of one."""
    default = column.default
    if default is None or not default.stored:
        return None
    match default.kind:
        case "now":
            base = measured(native)[0]
            as_text = base in ("text", "character varying")
            return _NOW_AS_TEXT if as_text else _NOW.get(base, "CURRENT_TIMESTAMP")
        case "expression":
            return lasting(default.text)
        case _:
            return constant(default.text, column, native)


def fill_text(column: Column, table: Table | None, native: str) -> str | None:
    """The backfill as SQL over the table's other columns, or None where there is none."""
    parts = column.backfill.parts if column.backfill else ()
    if not parts:
        return None
    if len(parts) == 1:
        return _one(parts[0], column, table, native)
    text = joined([part for part in (_as_text(one, column, table) for one in parts) if part])
    return stored(convert(f"({text})", _TEXT, column.type), column.type, native)


def filled(column: Column, table: Table | None, native: str) -> str | None:
    """What null becomes in a column that is now required: the backfill, else the default."""
    return fill_text(column, table, native) or default_text(column, native)


def _one(part: Fixed | CopyOf, column: Column, table: Table | None, native: str) -> str:
    if isinstance(part, Fixed):
        return "NULL" if part.text is None else constant(part.text, column, native)
    source = _source(part, column, table)
    value = typed(QUOTING.name(source.name), source)
    return stored(convert(value, source.type, column.type), column.type, native)


def _as_text(part: Fixed | CopyOf, column: Column, table: Table | None) -> tuple[str, bool] | None:
    """The part as SQL, and whether it may be null; None for a null itself."""
    if isinstance(part, Fixed):
        return None if part.text is None else (literal(part.text), False)
    source = _source(part, column, table)
    return convert(typed(QUOTING.name(source.name), source), source.type, _TEXT), True


def _source(part: CopyOf, column: Column, table: Table | None) -> Column:
    source = table.column(part.column) if table else None
    if source is None:
        raise UnsupportedChange(
            f"the backfill of {column.name} copies {part.column}, which is not there",
            hint="name a column that the table has",
            line=column.line,
        )
    return source
