"""Values on their way between a store's column and what a schema calls it."""

from __future__ import annotations

from typing import Any, Final

from zmigration_api.conversion import carry, convert
from zmigration_api.errors import StoreError
from zmigration_api.model import Column
from zmigration_api.types import ColumnType
from zmigration_api.values import format_value, parse


class _JsonNull:
    """JSON's own `null`, which is a value: a store that has it must not lose it."""

    def __repr__(self) -> str:
        return "JSON null"


JSON_NULL: Final = _JsonNull()
"""What `RowStore.read` gives and `write` gets for a json value that is `null`, and no null."""


def to_text(value: Any, column_type: ColumnType) -> str | None:  # noqa: ANN401
    """The text of a value, for stores that keep texts; None for null."""
    if value is None:
        return None
    return "null" if value is JSON_NULL else format_value(value, column_type)


def from_text(text: str | None, column_type: ColumnType) -> Any:  # noqa: ANN401
    """The value that `to_text` wrote; ValueError with the reason if it is none."""
    if text is None:
        return None
    value = parse(text, unmeasured(column_type))
    return JSON_NULL if value is None else value


def unmeasured(column_type: ColumnType) -> ColumnType:
    """The type without its measures: what is there already may exceed them."""
    return ColumnType(kind=column_type.kind, native=column_type.native)


def as_type(value: Any, old: ColumnType, new: ColumnType) -> Any:  # noqa: ANN401
    """A value of one type as the other calls it, not measured; ValueError with the reason."""
    if value is None or old == new:
        return value
    if value is JSON_NULL:
        return value if new.kind == "json" else carry(None, _column(old), _column(new))
    result = convert(value, unmeasured(old), unmeasured(new))
    return JSON_NULL if result is None else result


def plain(value: Any) -> Any:  # noqa: ANN401
    """The value as hooks see it."""
    return None if value is JSON_NULL else value


def read_as(row: dict[str, Any], live: Column | None, wanted: Column) -> Any:  # noqa: ANN401
    """A cell of `row` as the type of `wanted`; StoreError if it is none."""
    if live is None:
        return None
    value = row[live.name]
    try:
        return as_type(value, live.type, wanted.type)
    except ValueError as error:
        raise StoreError(
            f"{wanted.name} {plain(value)!r} {error}",
            hint=f"the schema says {wanted.type}; mend the value or the schema",
        ) from None


def _column(column_type: ColumnType) -> Column:
    return Column(name="", type=column_type)
