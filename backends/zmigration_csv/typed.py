"""Cells as typed values and back. An empty cell, quoted or not, is null; so pandas reads it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from zmigration_api import Column, ColumnType, carry
from zmigration_api.conversion import becomes_null, carry_text
from zmigration_api.values import format_value, parse

from .cells import quote, unquote

_TEXT = ColumnType(kind="text")
_FAMILIES = {"bigint": "int", "text": "str"}


def text_of(cell: bytes, column_type: ColumnType = _TEXT) -> str | None:
    """The text of a cell, None for null; ValueError with the reason."""
    content = unquote(cell) if cell[:1] == b'"' else cell
    if not content:
        return None
    if column_type.kind == "blob":
        return content.decode("utf-8", "surrogateescape")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ValueError("is not valid UTF-8") from None


def value_of(cell: bytes, column_type: ColumnType) -> Any:  # noqa: ANN401
    """The value of a cell; ValueError with the reason.

    Lengths and precisions are not asked for: nothing ever kept a CSV file from exceeding them.
    """
    text = text_of(cell, column_type)
    return None if text is None else parse(text, _unmeasured(column_type))


@lru_cache(maxsize=256)
def reader(column_type: ColumnType) -> Callable[[bytes], Any]:
    """`value_of` for many cells of one type."""
    if column_type.kind in ("str", "text", "native"):
        return text_of
    wide = _unmeasured(column_type)

    def read(cell: bytes) -> Any:  # noqa: ANN401
        text = text_of(cell, wide)
        return None if text is None else parse(text, wide)

    return read


def readable_value(cell: bytes, column: Column) -> tuple[Any, Column]:
    """The value of a cell, or the text that it is instead, and the column of such values."""
    text = text_of(cell, column.type)
    return (None, column) if text is None else _old_value(text, column)


def value_or_text(cell: bytes, column_type: ColumnType) -> Any:  # noqa: ANN401
    """The value of a cell, or its text if it is no value of that type."""
    try:
        return value_of(cell, column_type)
    except ValueError:
        return shown(cell)


def shown(cell: bytes) -> str:
    """A cell's text for messages, whatever its bytes."""
    return unquote(cell).decode("utf-8", "backslashreplace")


def cell_of(value: Any, column_type: ColumnType, delimiter: bytes) -> bytes:  # noqa: ANN401
    """The cell that says `value`, as the host writes it (`True`, `2024-01-02 03:04:05`)."""
    if value is None:
        return b""
    return quote(_bytes(_written(value, column_type), column_type), delimiter)


def converted(cell: bytes, old: Column, new: Column, delimiter: bytes) -> bytes:
    """The cell of a changed column; ValueError with the reason.

    A cell that was never a value of the old type is taken as the text it is. A cell that says
    the same in the new type already keeps its bytes.
    """
    text = text_of(cell, old.type)
    if text is None:
        return cell
    value, source = _old_value(text, old)
    result = carry(value, source, new)
    if result is None and becomes_null(value, source, new):
        return b""
    if carry_text(text, value, source, new) is not None:
        return cell
    written = _written(result, new.type)
    same = written == text or (_family(old.type) == _family(new.type) and result == value)
    return cell if same else quote(_bytes(written, new.type), delimiter)


def _old_value(text: str, old: Column) -> tuple[Any, Column]:
    try:
        return parse(text, _unmeasured(old.type)), old
    except ValueError:
        return text, Column(name=old.name, type=_TEXT)


def _unmeasured(column_type: ColumnType) -> ColumnType:
    if column_type.length is None and column_type.precision is None:
        return column_type
    return ColumnType(kind=column_type.kind, native=column_type.native)


def _family(column_type: ColumnType) -> str:
    return _FAMILIES.get(column_type.kind, column_type.kind)


def _written(value: Any, column_type: ColumnType) -> str:  # noqa: ANN401
    if column_type.kind == "bool":
        return "True" if value else "False"
    return format_value(value, column_type)


def _bytes(text: str, column_type: ColumnType) -> bytes:
    errors = "surrogateescape" if column_type.kind == "blob" else "strict"
    try:
        return text.encode("utf-8", errors)
    except UnicodeEncodeError:
        raise ValueError("is not valid UTF-8") from None
