"""Schemas as JSON-able dicts and back: for history, base hashes and drift."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache, lru_cache
from typing import Any

from .model import (
    Check,
    Column,
    Default,
    Exclusion,
    ForeignKey,
    Identity,
    Index,
    NamedType,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)
from .types import ColumnType

_HINTS = frozenset({"renamed_from", "backfill", "using", "line"})
_PARTS: dict[str, type] = {
    "type": ColumnType,
    "default": Default,
    "identity": Identity,
    "primary_key": PrimaryKey,
    "columns": Column,
    "unique": UniqueConstraint,
    "foreign_keys": ForeignKey,
    "checks": Check,
    "exclusions": Exclusion,
    "indexes": Index,
    "tables": Table,
    "types": NamedType,
}


def encode(value: Any) -> Any:  # noqa: ANN401
    """A model value as JSON-able data; hints and empty fields are left out."""
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if not is_dataclass(value) or isinstance(value, type):
        return value
    pairs = ((name, getattr(value, name)) for name in recorded_fields(type(value)))
    return {name: encode(v) for name, v in pairs if v is not None and v != ()}


def recorded_alike(one: Column, other: Column) -> bool:
    """Whether `encode` says the same of two columns: `==`, and what that does not look at."""
    return one == other and _unlooked(one) == _unlooked(other)


def _unlooked(column: Column) -> tuple[object, ...]:
    return column.native, column.comment, column.auto_increment


def decode_schema(data: Mapping[str, Any]) -> Schema:
    """The schema that `encode` wrote. Unknown keys (of a newer version) are ignored."""
    schema: Schema = _decode(Schema, data)
    return schema


def decode_table(data: Mapping[str, Any]) -> Table:
    """The table that `encode` wrote."""
    table: Table = _decode(Table, data)
    return table


def fingerprint(value: Any) -> str:  # noqa: ANN401
    """A SHA-256 over `encode`, the same for equal structures in any process."""
    text = json.dumps(encode(value), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _decode(cls: type, data: Mapping[str, Any]) -> Any:  # noqa: ANN401
    known = recorded_fields(cls)
    return cls(
        **{
            name: v if type(v) is str else _value(cls, name, v)
            for name, v in data.items()
            if name in known
        }
    )


@cache
def recorded_fields(cls: type) -> dict[str, None]:
    """The fields of a class that are recorded, in their order."""
    return {f.name: None for f in fields(cls) if f.name not in _HINTS}


def _value(cls: type, name: str, value: Any) -> Any:  # noqa: ANN401
    part = _PARTS.get(name)
    if isinstance(value, list):
        names_only = part is None or cls not in (Table, Schema)
        return tuple(value) if names_only else tuple(_decode(_PARTS[name], v) for v in value)
    if not part or not isinstance(value, Mapping):
        return value
    return _column_type(tuple(value.items())) if part is ColumnType else _decode(part, value)


@lru_cache(maxsize=1024)
def _column_type(facts: tuple[tuple[str, Any], ...]) -> ColumnType:
    """Schemas have many columns of few types."""
    column_type: ColumnType = _decode(ColumnType, dict(facts))
    return column_type
