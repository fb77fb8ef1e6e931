"""What rows that are already there get in a column: its backfill, else its default, else null."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from zmigration_api import Backfill, Column, ColumnType, CopyOf, Default, Fixed
from zmigration_api.values import format_value, parse

from .cells import unquote
from .quick import Quick
from .typed import cell_of, converted, value_of


class OldRow(Protocol):
    """The cells of a row as the file has it."""

    def __getitem__(self, position: int, /) -> bytes: ...


CellMaker: TypeAlias = Callable[[OldRow], bytes]
"""Makes a cell from the cells of a row as the file has it; ValueError with the reason."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a column's cells come from, and the type they have there.

    `constant` is the cell that every row gets, `quick` the old cell that most rows keep.
    """

    make: CellMaker
    type: ColumnType
    constant: bytes | None = None
    quick: Quick | None = None


def default_value(default: Default | None, column_type: ColumnType, now: datetime) -> Any:  # noqa: ANN401
    """The value of a default at that time; None for none and for one that only the app knows."""
    if default is None or default.kind == "app":
        return None
    if default.kind == "value":
        return parse(default.text, column_type)
    if default.kind == "expression":
        raise ValueError(f"has the default {default.text!r}, which a CSV file cannot compute")
    text = format_value(now, ColumnType(kind="datetime"))
    match column_type.kind:
        case "date":
            return now.date()
        case "time":
            return now.time()
        case _:
            return parse(text, column_type)


def filler(
    column: Column, sources: Mapping[str, Source], now: datetime, delimiter: bytes
) -> bytes | CellMaker:
    """The cell that every row gets, or what makes it from the row. ValueError with the reason."""
    backfill = column.backfill
    if backfill is None:
        value = default_value(column.default, column.type, now)
        return cell_of(value, column.type, delimiter)
    fixed = [part.text for part in backfill.parts if isinstance(part, Fixed)]
    if len(fixed) < len(backfill.parts):
        return _from_row(column, backfill, sources, delimiter)
    text = backfill.joined(fixed)
    value = None if text is None else parse(text, column.type)
    return cell_of(value, column.type, delimiter)


def _from_row(
    column: Column, backfill: Backfill, sources: Mapping[str, Source], delimiter: bytes
) -> CellMaker:
    for part in backfill.parts:
        if isinstance(part, CopyOf) and part.column not in sources:
            raise ValueError(f"is filled from the column {part.column!r}, which is not there")

    here = Column(name=column.name, type=column.type)

    def one(cells: OldRow) -> bytes:
        (part,) = backfill.parts
        assert isinstance(part, CopyOf)
        source = sources[part.column]
        cell = source.make(cells)
        value_of(cell, source.type)  # ValueError if it is none
        there = Column(name=part.column, type=source.type)
        return converted(cell, there, here, delimiter) if unquote(cell) else b""

    def joined(cells: OldRow) -> bytes:
        text = backfill.joined([_text(part, cells, sources) for part in backfill.parts])
        return b"" if text is None else cell_of(parse(text, column.type), column.type, delimiter)

    return one if len(backfill.parts) == 1 else joined


def _text(part: Fixed | CopyOf, cells: OldRow, sources: Mapping[str, Source]) -> str | None:
    if isinstance(part, Fixed):
        return part.text
    source = sources[part.column]
    value = value_of(source.make(cells), source.type)
    return None if value is None else format_value(value, source.type)


def copied(column: Column, sources: Mapping[str, Source]) -> Quick | None:
    """The old cell that most rows get, if the column is filled from one other alone."""
    parts = column.backfill.parts if column.backfill else ()
    if len(parts) != 1 or not isinstance(parts[0], CopyOf):
        return None
    source = sources[parts[0].column]
    old = Column(name=parts[0].column, type=source.type)
    return source.quick.copied(old, column) if source.quick else None
