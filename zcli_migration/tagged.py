"""Steps as JSON and back, each value under its class: what a rollback runs is what was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any

from zmigration_api import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    AlterTable,
    AlterType,
    Archive,
    Check,
    Column,
    ColumnType,
    CreateTable,
    CreateType,
    Default,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    DropType,
    Exclusion,
    ForeignKey,
    Identity,
    Index,
    KeptColumn,
    NamedType,
    PrimaryKey,
    RenameColumn,
    RenamePart,
    RenameTable,
    RenameType,
    SetComment,
    Step,
    Table,
    UniqueConstraint,
)
from zmigration_api.snapshot import recorded_fields

_TAG = "is"
_CLASSES: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        *(AddColumn, AddConstraint, AddIndex, AlterColumn, CreateTable, DropColumn),
        *(DropConstraint, DropIndex, DropTable, RenameColumn, RenameTable, RenamePart),
        *(AlterTable, SetComment, CreateType, DropType, AlterType, RenameType),
        *(Archive, Check, Column, ColumnType, Default, Exclusion, ForeignKey, Identity, Index),
        *(KeptColumn, NamedType, PrimaryKey, Step, Table, UniqueConstraint),
    )
}


def encode_tagged(value: Any) -> Any:  # noqa: ANN401
    """The value as JSON-able data; hints and empty fields are left out."""
    if isinstance(value, tuple):
        return [encode_tagged(item) for item in value]
    if not is_dataclass(value) or isinstance(value, type):
        return value
    name = type(value).__name__
    if name not in _CLASSES:  # a store may have steps of its own kind
        name = next(base.__name__ for base in type(value).__mro__ if base.__name__ in _CLASSES)
    pairs = ((field, getattr(value, field)) for field in recorded_fields(_CLASSES[name]))
    return {_TAG: name} | {f: encode_tagged(v) for f, v in pairs if v is not None and v != ()}


def decode_tagged(data: Any) -> Any:  # noqa: ANN401
    """The value that `encode_tagged` wrote; ValueError for what this version does not know."""
    if isinstance(data, list):
        return tuple(decode_tagged(item) for item in data)
    if not isinstance(data, Mapping):
        return data
    cls = _CLASSES.get(str(data.get(_TAG)))
    if cls is None:
        raise ValueError(f"{data.get(_TAG)!r} is of a newer version")
    known = recorded_fields(cls)
    return cls(**{name: decode_tagged(v) for name, v in data.items() if name in known})
