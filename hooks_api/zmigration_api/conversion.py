"""What converts to what: the one definition that every backend follows, value by value.

A type change is allowed when `convertible` says so, and a value is carried over by `convert`.
Most pairs go through text, in the spelling of `values`; the others are listed here. Nothing is
ever coerced to null: a value that cannot go is refused with its reason.
"""

from __future__ import annotations

import math
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from .model import Column, Using
from .types import ColumnType, TypeKind
from .values import fit, format_float, format_value, parse

_NUMBERS: frozenset[TypeKind] = frozenset({"int", "bigint", "float", "decimal"})
_TEXTS: frozenset[TypeKind] = frozenset({"str", "text"})
_AS_WRITTEN: frozenset[TypeKind] = _TEXTS | {"json"}
_FROM_OTHERS: dict[TypeKind, frozenset[TypeKind]] = {
    "int": frozenset({"bool"}),
    "bigint": frozenset({"bool"}),
    "bool": frozenset({"int", "bigint"}),
    "date": frozenset({"datetime"}),
    "datetime": frozenset({"date"}),
}
_SURE_DIGITS = 15  # of every number
_TOO_LONG = "has more digits than float keeps"


def convertible(old: ColumnType, new: ColumnType) -> bool:
    """Whether values of `old` can become values of `new` at all."""
    if old.kind == new.kind:
        return old.kind != "native" or old.native == new.native
    if "native" in (old.kind, new.kind):
        return False
    if old.kind in _TEXTS or new.kind in _TEXTS:
        return True
    if old.kind in _NUMBERS and new.kind in _NUMBERS:
        return True
    return new.kind in _FROM_OTHERS.get(old.kind, frozenset())


def convert(value: Any, old: ColumnType, new: ColumnType) -> Any:  # noqa: ANN401
    """The value in the new type; None stays None; ValueError with the reason if it cannot go."""
    return None if value is None else _carried(value, old, new)


def _carried(value: Any, old: ColumnType, new: ColumnType) -> Any:  # noqa: ANN401
    if not convertible(old, new):
        raise ValueError(f"{old} does not become {new}")
    if old.kind == new.kind:
        return fit(value, new)
    if old.kind in _TEXTS:
        read = parse(value, new)
        return _kept(read, value) if new.kind == "float" else read
    if new.kind in _TEXTS:
        return fit(_clean(format_value(value, old)), new)
    return fit(_across(value, new.kind), new)


def convert_column(value: Any, old: Column, new: Column) -> Any:  # noqa: ANN401
    """The value of a changed column: `using` first, else the shared conversion, then `enum`."""
    return None if value is None else carry(value, old, new)


def carry(value: Any, old: Column, new: Column) -> Any:  # noqa: ANN401
    """As `convert_column`, of a value that is there: None is JSON's own `null`, which is no null.

    As a text it is `null`; other types but json refuse it.
    """
    text = format_value(value, old.type)
    mapped, found = _mapped(text, new.using)
    if found:
        return _null(old, new) if mapped is None else _enumerated(parse(mapped, new.type), new)
    return _enumerated(_carried(value, old.type, new.type), new)


def becomes_null(value: Any, old: Column, new: Column) -> bool:  # noqa: ANN401
    """Whether `using` says so of a value; what `carry` gives as None else is JSON's `null`."""
    return _mapped(format_value(value, old.type), new.using) == (None, True)


def carry_text(text: str, value: Any, old: Column, new: Column) -> str | None:  # noqa: ANN401
    """The text itself where JSON becomes a text or a text JSON; None where that is not the case.

    Written anew it would lose digits, and the first of two keys. ValueError if it does not fit.
    """
    if not {old.type.kind, new.type.kind} <= _AS_WRITTEN or old.type.kind == new.type.kind:
        return None
    if _mapped(format_value(value, old.type), new.using)[1]:
        return None
    return str(fit(text, new.type))


def _mapped(text: str, using: Using | None) -> tuple[str | None, bool]:
    for source, target in using.values if using else ():
        if source == text:
            return target, True
    return None, False


def _null(old: Column, new: Column) -> None:
    """Nulls are filled where a column becomes required, and not where it was before."""
    if new.required and (old.required or not new.fills_nulls):
        raise ValueError("would become null under `required`")


def _enumerated(value: Any, column: Column) -> Any:  # noqa: ANN401
    if column.enum and format_value(value, column.type) not in column.enum:
        raise ValueError(f"is not one of {', '.join(column.enum)}")
    return value


def _clean(text: str) -> str:
    """The text itself; bytes that are no UTF-8 cannot become one."""
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError("is not UTF-8 text")
    return text


def _across(value: Any, kind: TypeKind) -> Any:  # noqa: ANN401
    match kind:
        case "int" | "bigint":
            return _whole(value)
        case "float":
            return _floating(value)
        case "decimal":
            return Decimal(format_float(value) if isinstance(value, float) else value)
        case "bool":
            return _zero_or_one(value)
        case "datetime":
            return datetime.combine(value, time())
        case _:
            return _day(value)


def _whole(value: int | float | Decimal) -> int:
    if not math.isfinite(value) or value != int(value):
        raise ValueError("is not a whole number")
    return int(value)


def _floating(value: int | Decimal) -> float:
    near = _near(value)
    if math.isinf(near) or (value and not near):
        raise ValueError("is outside the range of float")
    same = int(near) == value if isinstance(value, int) else _writes(near, value)
    if not same:
        raise ValueError(_TOO_LONG)
    return near


def _near(value: int | Decimal) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _kept(near: float, text: str) -> float:
    """The float that a text writes, if it writes no more digits than the float has."""
    sure = len(text) <= _SURE_DIGITS and not {"e", "E"} & set(text)
    if not sure and near and not _writes(near, Decimal(text.strip())):
        raise ValueError(_TOO_LONG)
    return near


def _writes(near: float, value: Decimal) -> bool:
    """Whether the float, as it is written, is that number."""
    return value.is_nan() or Decimal(format_float(near)) == value


def _zero_or_one(value: int) -> bool:
    if value not in (0, 1):
        raise ValueError("is neither 0 nor 1")
    return bool(value)


def _day(value: datetime) -> date:
    if value.time() != time():
        raise ValueError("has a time of day, which date does not keep")
    return value.date()
