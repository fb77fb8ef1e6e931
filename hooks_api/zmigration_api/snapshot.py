"""Schemas as JSON-able dicts and back: for history, base hashes and drift."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
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
_PLAIN = frozenset({str, bool, int})
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
        return [item if type(item) is str else encode(item) for item in value]
    if not is_dataclass(value) or isinstance(value, type):
        return value
    said = {}
    for name in recorded_fields(type(value)):
        part = getattr(value, name)
        if type(part) in _PLAIN:
            said[name] = part
        elif part is not None and part != ():
            said[name] = encode(part)
    return said


def recorded_alike(one: Column, other: Column) -> bool:
    """Whether `encode` says the same of two columns: `==`, and what that does not look at."""
    return one == other and _unlooked(one) == _unlooked(other)


def _unlooked(column: Column) -> tuple[object, ...]:
    return column.native, column.comment, column.auto_increment


def decode_schema(data: Mapping[str, Any]) -> Schema:
    """The schema that `encode` wrote. Unknown keys (of a newer version) are ignored."""
    schema: Schema = _Decoder().value(Schema, data)
    return schema


def decode_table(data: Mapping[str, Any]) -> Table:
    """The table that `encode` wrote."""
    table: Table = _Decoder().value(Table, data)
    return table


def fingerprint(value: Any) -> str:  # noqa: ANN401
    """A SHA-256 over `encode`, the same for equal structures in any process."""
    text = json.dumps(encode(value), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


class _Decoder:
    """Remembers columns by what is recorded of them: large schemas have many that are alike."""

    def __init__(self) -> None:
        self._columns: dict[str, Any] = {}

    def value(self, cls: type, data: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """The value of that class."""
        if cls is not Column:
            return self._made(cls, data)
        key = repr(data)
        known = self._columns.get(key)
        if known is None:
            known = self._columns[key] = self._made(cls, data)
        return known

    def _made(self, cls: type, data: Mapping[str, Any]) -> Any:  # noqa: ANN401
        known = _parts(cls)
        said = {}
        for name, value in data.items():
            if name in known:
                part = known[name]
                if isinstance(value, list):
                    value = tuple(self.value(part, v) for v in value) if part else tuple(value)
                elif part and isinstance(value, Mapping):
                    value = self.value(part, value)
                said[name] = value
        return cls(**said)


@cache
def recorded_fields(cls: type) -> dict[str, None]:
    """The fields of a class that are recorded, in their order."""
    return {f.name: None for f in fields(cls) if f.name not in _HINTS}


@cache
def _parts(cls: type) -> dict[str, type | None]:
    """Each recorded field with the class of what it holds; None for texts, numbers, and names."""
    listed = cls in (Table, Schema)
    of_one = {"type", "default", "identity"} if cls is Column else {"primary_key"}
    return {
        name: _PARTS.get(name) if listed or name in of_one else None
        for name in recorded_fields(cls)
    }
