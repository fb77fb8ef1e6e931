"""SQL functions that the statements of a migration call, registered on each connection."""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import lru_cache, partial
from typing import Any

from zmigration_api import KINDS, Column, ColumnType, TypeKind, Using, carry
from zmigration_api.conversion import becomes_null, carry_text
from zmigration_api.values import format_value, parse
from zmigration_api.where import canonical_json, like_pattern, text_for_like
from zmigration_sql.live_values import BY_VALUE

from .as_left import AS_LEFT, difference, not_as_left
from .codec import SQLiteCodec
from .digits import LOST, loses

CONVERT = "zmigration_convert"
NOW = "zmigration_now"
DIGITS = "zmigration_digits"
LIKE = "zmigration_like"
HEX = "zmigration_hex"
REFUSE = "zmigration_refuse"

_TYPE = re.compile(r"(\w+)(?:\((\d+)(?:, (\d+))?\))?")
_CODEC = SQLiteCodec()
_JSON: TypeKind = "json"
_KNOWN = {kind: kind for kind in KINDS if kind != "native"}


def _utc_now() -> datetime:
    return datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)


@dataclass(slots=True)
class Functions:
    """The functions of one connection.

    `now` is the time of the run; `refusal` is why the last value could not be converted, which
    SQLite itself does not pass on.
    """

    now: datetime = field(default_factory=_utc_now)
    refusal: str | None = None

    def register(self, connection: sqlite3.Connection) -> None:
        """Make the functions known to a connection."""
        connection.create_function(CONVERT, 3, self._convert, deterministic=True)
        connection.create_function(CONVERT, 4, self._convert, deterministic=True)
        connection.create_function(DIGITS, 2, self._digits, deterministic=True)
        connection.create_function(NOW, 1, self._now)
        connection.create_function(LIKE, 2, _like, deterministic=True)
        connection.create_function(LIKE, 3, _like, deterministic=True)
        connection.create_function(HEX, 1, _hex, deterministic=True)
        connection.create_function(REFUSE, 2, self._refuse)
        connection.create_function(AS_LEFT, 3, self._as_left)
        for kind in (*BY_VALUE, _JSON):
            connection.create_collation(f"zmigration_{kind}", partial(_compared, kind))

    def _convert(self, value: Any, old: str, new: str, details: str = "{}") -> Any:  # noqa: ANN401
        try:
            return convert_stored(value, old, new, details)
        except ValueError as error:
            self.refusal = f"{value!r} {error}"
            raise
        except Exception as error:
            self.refusal = f"{value!r} cannot be converted: {error!r}"
            raise

    def _digits(self, value: Any, declared: str) -> Any:  # noqa: ANN401
        """The value; ValueError if it is another number in a column declared so."""
        if loses(value, declared):
            self.refusal = f"{value!r} {LOST.format(declared)}"
            raise ValueError(self.refusal)
        return value

    def _refuse(self, sentence: str, found: object) -> None:
        """ValueError with the sentence if something was found."""
        if found is not None:
            self.refusal = f"{sentence}: {found}"
            raise ValueError(self.refusal)

    def _as_left(self, table: str, known: str, found: str) -> None:
        """ValueError unless the table is what it was; both are JSON objects of SQL texts."""
        try:
            moved = difference(json.loads(known), json.loads(found))
        except Exception as error:
            self.refusal = f"{table} cannot be compared with what was recorded: {error!r}"
            raise
        if moved:
            self.refusal = not_as_left(table, moved)
            raise ValueError(self.refusal)

    def _now(self, kind: str) -> str:
        return now_text(self.now, kind)


def now_text(now: datetime, kind: str) -> str:
    """The moment as a column of that kind holds it."""
    if kind == "date":
        return format_value(now.date(), ColumnType(kind="date"))
    if kind == "time":
        return format_value(now.time(), ColumnType(kind="time"))
    return format_value(now, ColumnType(kind="datetime"))


def convert_stored(value: Any, old: str, new: str, details: str = "{}") -> Any:  # noqa: ANN401
    """A stored value of the type `old` as a stored value of `new`; null stays null.

    `details` is JSON: `using` maps texts, `enum` lists what is allowed. ValueError with the
    reason if the value cannot go.
    """
    if value is None:
        return None
    source, target = _columns(old, new, details)
    held = _CODEC.from_store(value, source)
    converted = carry(held, source, target)
    null = converted is None and becomes_null(held, source, target)
    stored = None if null else _CODEC.to_store(converted, target)
    if isinstance(value, str):
        stored = carry_text(value, held, source, target) or stored
    if isinstance(stored, str) and not _encodable(stored):
        raise ValueError("is not UTF-8 text")
    return stored


def _encodable(text: str) -> bool:
    """Whether SQLite can keep it: bytes that are no text are lone surrogates here."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def details_of(new: Column, *, enum: bool) -> str:
    """What the types do not say of a conversion, as JSON; `{}` if that is nothing."""
    details: dict[str, object] = {}
    if new.using and new.using.values:
        details["using"] = dict(reversed(new.using.values))
    if enum and new.enum:
        details["enum"] = list(new.enum)
    return json.dumps(details, ensure_ascii=False)


@lru_cache(maxsize=256)
def _columns(old: str, new: str, details: str) -> tuple[Column, Column]:
    parts = json.loads(details)
    using = Using(values=tuple(parts.get("using", {}).items()))
    enum = tuple(parts.get("enum", ()))
    source = Column(name="old", type=parse_type(old))
    return source, Column(name="new", type=parse_type(new), using=using, enum=enum)


def parse_type(text: str) -> ColumnType:
    """The type that `str(ColumnType)` wrote; anything else is a native one."""
    match = _TYPE.fullmatch(text)
    if match is None or match[1] not in _KNOWN:
        return ColumnType(kind="native", native=text)
    first, second = (int(m) if m else None for m in match.groups()[1:])
    if match[1] == "decimal":
        return ColumnType(kind="decimal", precision=first, scale=second)
    return ColumnType(kind=_KNOWN[match[1]], length=first)


def _like(value: Any, pattern: Any, kind: TypeKind = "text") -> int:  # noqa: ANN401
    """LIKE with case; null is never alike."""
    if value is None or pattern is None:
        return 0
    try:
        held = _CODEC.from_store(value, Column(name="value", type=ColumnType(kind=kind)))
    except ValueError:  # no value of its column's type
        held = value
    return int(like_pattern(str(pattern)).fullmatch(text_for_like(held)) is not None)


def _hex(value: Any) -> str | None:  # noqa: ANN401
    """A float or a blob, to be compared with others so written."""
    if isinstance(value, int):
        value = float(value)
    return value.hex() if isinstance(value, float | bytes) else value


def _compared(kind: TypeKind, left: str, right: str) -> int:
    """Less than, equal to or greater than 0, by what the texts say in a type."""
    first, second = _value(kind, left), _value(kind, right)
    return (first > second) - (first < second)


@lru_cache(maxsize=4096)
def _value(kind: TypeKind, text: str) -> tuple[bool, Any]:
    """The value, or the text itself, after all values, if it is none of the type."""
    try:
        value = parse(text, ColumnType(kind="bigint" if kind == "int" else kind))
        return False, canonical_json(value) if kind == _JSON else value
    except ValueError:
        return True, text
