"""What a row will have in a column that the plan adds or changes, computed before it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from .conversion import convert, convert_column
from .model import Column, CopyOf, Fixed
from .types import ColumnType
from .values import format_value, parse

Read: TypeAlias = Callable[[Column], tuple[Any, Column]]
"""A column's value (None: null) in a row as it is now, and the column whose type it has.

ValueError with the reason if what is there can be read as nothing.
"""

_TEXT = ColumnType(kind="text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """A column as the plan leaves it. `old` is the column as it is now, None if it is added.

    `sources` are the columns that the backfill copies, by the names it uses. Columns that are
    there now have their current names. `fills`: nulls get the backfill or the default.
    """

    old: Column | None
    new: Column
    sources: tuple[tuple[str, Computed], ...] = ()
    fills: bool = True

    def reads(self) -> Iterator[Column]:
        """The columns, as they are now, that the value comes from."""
        if self.old is not None:
            yield self.old
        for _, source in self.sources if self.fills else ():
            yield from source.reads()

    def value(self, read: Read, now: datetime) -> Any:  # noqa: ANN401
        """The value, None for null; ValueError with the reason if there can be none."""
        value = None if self.old is None else self._kept(self.old, read)
        return self._filled(read, now) if value is None and self.fills else value

    def refusal(self, read: Read, now: datetime) -> str | None:
        """Why a row that has no value yet gets none that may be; None if all is well."""
        try:
            if self.old is not None and read(self.old)[0] is not None:
                return None
            value = self.value(read, now)
        except ValueError as error:
            return str(error)
        lacks = value is None and self.new.required
        return "leaves no value, and one is required" if lacks else None

    def copies(self) -> tuple[Column, ...]:
        """The columns, as they are now, that the backfill copies."""
        found = (column for _, source in self.sources for column in source.reads())
        return tuple({column.name: column for column in found}.values())

    def _kept(self, old: Column, read: Read) -> Any:  # noqa: ANN401
        value, source = read(old)
        same = old.type == self.new.type and old.enum == self.new.enum and not self.new.using
        return value if same else convert_column(value, source, self.new)

    def _filled(self, read: Read, now: datetime) -> Any:  # noqa: ANN401
        backfill, new = self.new.backfill, self.new
        if backfill is None:
            return _default(new, now)
        if len(backfill.parts) == 1 and isinstance(backfill.parts[0], CopyOf):
            value, source = self._copied(backfill.parts[0], read, now)
            return _allowed(convert(value, source.type, new.type), new)
        text = backfill.joined([self._text(part, read, now) for part in backfill.parts])
        return None if text is None else _allowed(parse(text, new.type), new)

    def _copied(self, part: CopyOf, read: Read, now: datetime) -> tuple[Any, Column]:
        source = dict(self.sources)[part.column]
        if source.old is None:
            return source.value(read, now), source.new
        value, found = read(source.old)
        if value is not None and found is not source.old:
            parse(format_value(value, found.type), source.old.type)  # says why it is none
        return value, found

    def _text(self, part: Fixed | CopyOf, read: Read, now: datetime) -> str | None:
        if isinstance(part, Fixed):
            return part.text
        value, source = self._copied(part, read, now)
        return None if value is None else convert(value, source.type, _TEXT)


def comparable(value: Any, column: Column) -> Any:  # noqa: ANN401
    """Equal and hashable for values that are the same one, also of int, bigint and decimal."""
    plain = isinstance(value, (int, float, Decimal, bytes, date))
    return value if value is None or plain else format_value(value, column.type)


def _default(column: Column, now: datetime) -> Any:  # noqa: ANN401
    default = column.default
    if default is None or default.kind in ("app", "expression"):
        return None
    if default.kind == "value":
        return parse(default.text, column.type)
    match column.type.kind:
        case "date":
            return now.date()
        case "time":
            return now.time()
        case "datetime":
            return now
        case _:
            return parse(format_value(now, ColumnType(kind="datetime")), column.type)


def _allowed(value: Any, column: Column) -> Any:  # noqa: ANN401
    if value is not None and column.enum and format_value(value, column.type) not in column.enum:
        raise ValueError(f"becomes none of {', '.join(column.enum)}")
    return value
