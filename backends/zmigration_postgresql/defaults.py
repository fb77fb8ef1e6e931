"""Defaults as the server shows them."""

from __future__ import annotations

import re
from dataclasses import replace

from zmigration_api import Column, ColumnType, Default
from zmigration_api.values import format_value, parse

from .fill import default_text
from .types import measured

_LITERAL = re.compile(r"'((?:[^']|'')*)'(?:::.+)?", re.DOTALL)
_NUMBER = re.compile(r"\(?(-?\d+(?:\.\d+)?)\)?(?:::.+)?")
_NOW = re.compile(
    r"\(*(now\(\)|CURRENT_TIMESTAMP|LOCALTIMESTAMP|CURRENT_DATE|LOCALTIME"
    r"|timezone\('utc'::text, (now\(\)|CURRENT_TIMESTAMP)\)"
    r"|to_char\(\((now\(\)|CURRENT_TIMESTAMP) AT TIME ZONE 'UTC'::text\), '[^']*'::text\))"
    r"( AT TIME ZONE 'utc'::text)?\)*(::[a-z ]+)?",
    re.IGNORECASE,
)


def read_default(text: str | None, column_type: ColumnType) -> Default | None:
    """A default as the server shows it; plain values and the current time are understood."""
    if text is None or text.upper() == "NULL" or text.upper().startswith("NULL::"):
        return None
    if _NOW.fullmatch(text):
        return Default(kind="now")
    quoted, number = _LITERAL.fullmatch(text), _NUMBER.fullmatch(text)
    value = quoted[1].replace("''", "'") if quoted else number[1] if number else None
    value = text if value is None and text in ("true", "false") else value
    if value is None or column_type.kind in ("native", "blob"):
        return Default(kind="expression", text=text)
    try:
        return Default(kind="value", text=format_value(parse(value, column_type), column_type))
    except ValueError:
        return Default(kind="expression", text=text)


_PLAIN_NUMBER = re.compile(r"\d+(\.\d+)?")
_SURE = 9  # digits that fit an integer, so that no cast is shown
_NUMBERS = ("smallint", "integer", "bigint", "real", "double precision", "numeric")
_CASTS = {"character": "bpchar"}
_NOWS = {
    "date": "CURRENT_DATE",
    "time without time zone": "LOCALTIME",
    "timestamp without time zone": "CURRENT_TIMESTAMP",
    "timestamp with time zone": "CURRENT_TIMESTAMP",
}


def stored_text(column: Column, native: str) -> str | None:
    """What the server would show of a plain default after DEFAULT; None where that is not sure."""
    default, base = column.default, measured(native)[0]
    if default is None or default.kind not in ("value", "now"):
        return None
    if default.kind == "now":
        return _NOWS.get(base)
    written = default_text(column, native) or ""
    if written.startswith("'"):
        return f"{written}::{_CASTS.get(base, base)}"
    if written in ("TRUE", "FALSE"):
        return written.lower() if base == "boolean" else None
    sure = len(written) <= _SURE and _PLAIN_NUMBER.fullmatch(written)
    return written if sure and base in _NUMBERS else None


def plain(text: str, column: Column, native: str) -> Default:
    """A stored default in the plainest words that make it as it is."""
    read = read_default(text, column.type)
    if read is not None and stored_text(replace(column, default=read), native) == text:
        return read
    return Default(kind="expression", text=text)
