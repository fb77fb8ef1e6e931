"""Values that a hook gives, as values of the columns that they are for."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, time
from decimal import Decimal
from operator import index
from typing import Any

from .model import Column
from .types import TypeKind
from .values import fit, parse


def typed(value: object, column: Column) -> Any:  # noqa: ANN401
    """A value that a hook gives, as a value of the column; ValueError with the reason if none.

    A text is read as `values.parse` reads it, an int is a float or decimal too, and 0 and 1 are
    booleans.
    """
    if value is None:
        return None
    kind = column.type.kind
    if type(value) is _PYTHON_TYPES.get(kind):
        _check(value)
        return fit(value, column.type)
    if kind == "json":
        return _as_json(value)
    if kind == "native":
        return value
    if kind == "blob" and isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    return parse(_text(value, kind), column.type)


def _check(value: object) -> None:
    """ValueError for what some store cannot keep, or would keep as something else."""
    if isinstance(value, str):
        if not value.isascii() and not _encodable(value):
            raise ValueError("is not valid Unicode")
    elif isinstance(value, float | Decimal):
        if not math.isfinite(value):
            raise ValueError("is not a finite number")
    elif isinstance(value, datetime | time) and value.tzinfo is not None:
        raise ValueError("has a time zone, which a column does not keep")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _as_json(value: object) -> Any:  # noqa: ANN401
    """The value as JSON gives it back: tuples are lists there, keys texts."""
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    return json.loads(text)


def _text(value: object, kind: TypeKind) -> str:
    """The text to be read as a value of that kind."""
    if isinstance(value, str):
        _check(value)
        return str.__str__(value)
    if hasattr(value, "__index__") and kind != "blob":
        return str(index(value))
    if kind == "blob" or not (isinstance(value, _WRITABLE) or _is_uuid(value)):
        raise ValueError(f"is of the type {type(value).__name__}, which is no {kind}")
    _check(value)
    return str(value)


def _is_uuid(value: object) -> bool:
    from uuid import UUID

    return isinstance(value, UUID)


_WRITABLE = (float, Decimal, date, time)
_PYTHON_TYPES: dict[TypeKind, type] = {
    "int": int,
    "bigint": int,
    "float": float,
    "decimal": Decimal,
    "str": str,
    "text": str,
    "bool": bool,
    "date": date,
    "time": time,
    "datetime": datetime,
    "blob": bytes,
}
