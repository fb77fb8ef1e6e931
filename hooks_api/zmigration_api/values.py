"""Values as texts and back: the one reading and writing of each type that all stores share.

The Python values are: int; float; `decimal.Decimal`; str; bool; `datetime.date`, `time`,
`datetime` (naive); for json whatever `json.loads` gives; bytes; a lower-case str for uuid.
Null is None and never reaches these functions.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeVar

from .types import ColumnType, TypeKind

_Moment = TypeVar("_Moment", date, time, datetime)
_INT = re.compile(r"[+-]?\d+", re.ASCII)
_WHOLE = re.compile(r"([+-]?\d+)\.0+", re.ASCII)
_FLOAT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NOT_ZERO = re.compile(r"[^eE]*[1-9]", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MIDNIGHT = re.compile(r"[ T]00:00(:00(\.0{1,6})?)?", re.ASCII)
_TIME = re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.I)

TRUE_WORDS = frozenset({"true", "t", "yes", "y", "on", "1"})
FALSE_WORDS = frozenset({"false", "f", "no", "n", "off", "0"})
INT_RANGE = {"int": range(-(2**31), 2**31), "bigint": range(-(2**63), 2**63)}


def parse(text: str, column_type: ColumnType) -> Any:  # noqa: ANN401
    """The value that `text` writes in that type; ValueError with the reason if it writes none.

    Spaces around numbers, booleans, dates and uuids are allowed; texts are taken as they are.
    `30.0` is a whole number (so pandas writes integers beside nulls). Time zones are refused.
    """
    value = _PARSERS[column_type.kind](text)
    return fit(value, column_type)


def format_value(value: Any, column_type: ColumnType) -> str:  # noqa: ANN401
    """The text of a value of that type, which `parse` reads back as an equal value."""
    return _WRITERS.get(column_type.kind, str)(value)


def fit(value: Any, column_type: ColumnType) -> Any:  # noqa: ANN401
    """The value itself if it is within the type's measures; ValueError with the reason if not."""
    kind = column_type.kind
    if kind in INT_RANGE and value not in INT_RANGE[kind]:
        raise ValueError(f"is outside the range of {kind}")
    if column_type.length is not None and kind == "str" and len(value) > column_type.length:
        raise ValueError(f"is longer than {column_type.length} characters")
    if kind == "decimal" and column_type.precision is not None:
        return _fit_decimal(value, column_type.precision, column_type.scale or 0)
    return value


def _fit_decimal(value: Decimal, precision: int, scale: int) -> Decimal:
    digits = value.normalize().as_tuple()
    exponent = digits.exponent if isinstance(digits.exponent, int) else 0
    if -exponent > scale:
        raise ValueError(f"has more than {scale} decimal places")
    if len(digits.digits) + exponent > precision - scale and value:
        raise ValueError(f"has more than {precision - scale} digits before the point")
    return value


def _parse_int(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    stripped = text.strip()
    whole = _WHOLE.fullmatch(stripped)
    if whole is None and not _INT.fullmatch(stripped):
        raise ValueError("is not a whole number")
    digits = whole[1] if whole else stripped
    if len(digits) > 40:  # far outside of every range; int() refuses thousands of digits
        raise ValueError("is outside the range of bigint")
    return int(digits)


def _parse_float(text: str) -> float:
    stripped = text.strip()
    if not _FLOAT.fullmatch(stripped):
        raise ValueError("is not a number")
    value = float(stripped)
    if math.isinf(value) or (value == 0 and _NOT_ZERO.match(stripped)):
        raise ValueError("is outside the range of float")
    return value


def _parse_decimal(text: str) -> Decimal:
    stripped = text.strip()
    if not _FLOAT.fullmatch(stripped):
        raise ValueError("is not a number")
    value = Decimal(stripped)
    if abs(value.adjusted()) > 1000:  # PostgreSQL's own limit is not much further
        raise ValueError("is outside the range of decimal")
    return value


def _parse_bool(text: str) -> bool:
    word = text.strip().lower()
    whole = _WHOLE.fullmatch(word)
    word = whole[1] if whole else word
    if word not in TRUE_WORDS and word not in FALSE_WORDS:
        raise ValueError("is neither true nor false")
    return word in TRUE_WORDS


def _parse_date(text: str) -> date:
    stripped = text.strip()
    day, rest = stripped[:10], stripped[10:]
    if not _DATE.fullmatch(day) or (rest and not _MIDNIGHT.fullmatch(rest)):
        raise ValueError("is not a date like 2024-01-31")
    return _in_calendar(date.fromisoformat, day)


def _parse_time(text: str) -> time:
    stripped = text.strip()
    if not _TIME.fullmatch(stripped):
        raise ValueError("is not a time like 23:59:59")
    return _in_calendar(time.fromisoformat, _six_digits(stripped))


def _parse_datetime(text: str) -> datetime:
    stripped = text.strip()
    day, separator, clock = stripped[:10], stripped[10:11], stripped[11:]
    if not _DATE.fullmatch(day) or separator not in ("", " ", "T"):
        raise ValueError("is not a date and time like 2024-01-31 23:59:59")
    if not separator:
        return _in_calendar(datetime.fromisoformat, day)
    if not _TIME.fullmatch(clock):
        zoned = re.fullmatch(r"[\d:.]+(Z|[+-]\d{2}:?\d{0,2})", clock)
        raise ValueError(
            "has a time zone, which datetime does not keep"
            if zoned
            else "is not a date and time like 2024-01-31 23:59:59"
        )
    return _in_calendar(datetime.fromisoformat, f"{day} {_six_digits(clock)}")


def _six_digits(clock: str) -> str:
    """A fraction of a second with six digits, as Python before 3.11 wants it."""
    whole, point, fraction = clock.partition(".")
    return f"{whole}.{fraction:0<6}" if point else clock


def _in_calendar(read: Callable[[str], _Moment], text: str) -> _Moment:
    try:
        return read(text)
    except ValueError:
        raise ValueError("is not in the calendar or on the clock") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _parse_json(text: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None


def _parse_uuid(text: str) -> str:
    stripped = text.strip()
    if not _UUID.fullmatch(stripped):
        raise ValueError("is not a UUID")
    bare = stripped.replace("-", "").lower()
    return "-".join((bare[:8], bare[8:12], bare[12:16], bare[16:20], bare[20:]))


def _parse_blob(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def format_float(value: float) -> str:
    """The shortest text that reads back the same, as PostgreSQL writes it: `1`, `0.1`, `1e+20`."""
    if not math.isfinite(value):
        return {"inf": "Infinity", "-inf": "-Infinity"}.get(repr(float(value)), "NaN")
    text = repr(float(value))
    if "e" not in text and abs(value) >= 1e15:
        text = _scientific(text)
    return text.removesuffix(".0")


def _scientific(text: str) -> str:
    sign, digits, exponent = Decimal(text).normalize().as_tuple()
    assert isinstance(exponent, int)
    first, rest = digits[0], "".join(map(str, digits[1:]))
    power = len(digits) - 1 + exponent
    return f"{'-' if sign else ''}{first}{'.' + rest if rest else ''}e+{power:02d}"


def _format_time(value: time) -> str:
    return value.isoformat().rstrip("0") if value.microsecond else value.isoformat()


def _format_datetime(value: datetime) -> str:
    return f"{value.date().isoformat()} {_format_time(value.time())}"


def _format_decimal(value: Decimal) -> str:
    return format(value, "f")


def _format_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


_PARSERS: dict[TypeKind, Callable[[str], Any]] = {
    "int": _parse_int,
    "bigint": _parse_int,
    "float": _parse_float,
    "decimal": _parse_decimal,
    "str": str,
    "text": str,
    "bool": _parse_bool,
    "date": _parse_date,
    "time": _parse_time,
    "datetime": _parse_datetime,
    "json": _parse_json,
    "blob": _parse_blob,
    "uuid": _parse_uuid,
    "native": str,
}

_WRITERS: dict[TypeKind, Callable[[Any], str]] = {
    "float": format_float,
    "decimal": _format_decimal,
    "bool": lambda value: "true" if value else "false",
    "date": date.isoformat,
    "time": _format_time,
    "datetime": _format_datetime,
    "json": _format_json,
    "blob": lambda value: bytes(value).decode("utf-8", "surrogateescape"),
}
