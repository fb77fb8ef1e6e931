"""Columns as schema files say them, each as short as says it all."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from zcli_migration.schema_file.keys import EVENT_KEY, RESERVED, TABLE_ALIASES, TABLE_KEYS
from zcli_migration.schema_file.types import shorthand
from zcli_migration.schema_file.values import means_more
from zmigration_api import Column, ColumnType, Default, ForeignKey, Identity

from .words import Dialect
from .yaml_layout import Value
from .yaml_words import Literal, number

_TAKEN = TABLE_KEYS | RESERVED | TABLE_ALIASES.keys() | {"description"}
YES = Literal("true")
_NO = Literal("false")
_NUMBERS = frozenset({"int", "bigint", "float", "decimal"})
_TABLE = re.compile(r"[^.()\s](?:[^.()]*[^.()\s])?")
_IN_SCHEMA = re.compile(r"[^()\s](?:[^()]*[^()\s])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What a column's own entry says of the table's keys, constraints and indexes.

    `keyed`: it is a column of the primary key, whether or not it says `pk` itself.
    """

    keyed: bool = False
    pk: bool = False
    unique: bool = False
    indexed: bool = False
    foreign_key: ForeignKey | None = None


def field_value(column: Column, marks: Marks, dialect: Dialect) -> Value:
    """What stands after the column's name."""
    found: dict[str, Value] = {
        **_type(column.type),
        **_key(column, marks, dialect),
        **({"unique": YES} if marks.unique else {}),
        **({"indexed": YES} if marks.indexed else {}),
        **(_foreign_key(marks.foreign_key, dialect) if marks.foreign_key else {}),
        **_default(column),
        **_generated(column),
    }
    if column.identity:
        found["identity"] = _identity(column.identity)
    if column.collation is not None:
        found["collation"] = column.collation
    if column.enum:
        found["enum"] = [_literal(text, column.type) for text in column.enum]
    if column.attributes:
        found["attributes"] = column.attributes
    if column.comment is not None:
        found["comment"] = column.comment
    return _short(column.name, found)


def _type(kind: ColumnType) -> dict[str, Value]:
    if kind.native is not None:
        return {"db_type": kind.native}
    return {"type": str(kind).replace(", ", ",")}


def _key(column: Column, marks: Marks, dialect: Dialect) -> dict[str, Value]:
    pk: dict[str, Value] = {"pk": YES} if marks.pk else {}
    if column.required is (marks.keyed and dialect.keys_are_required):
        return pk
    return pk | {"required": YES if column.required else _NO}


def _short(name: str, found: dict[str, Value]) -> Value:
    """`name: str` and `name: str!`, where the file would not take that for something else."""
    taken = name in _TAKEN or EVENT_KEY.fullmatch(name)
    text = found.get("type")
    if taken or not isinstance(text, str) or found.keys() - {"type", "required"}:
        return found
    marks = {None: "", YES: "!"}
    required = found.get("required")
    return f"{text}{marks[required]}" if required in marks else found


def looks_like_a_column(text: str) -> bool:
    """Whether a table's key of that value would be taken for a column in short form."""
    return shorthand(yaml.ScalarNode("tag:yaml.org,2002:str", text)) is not None


def _foreign_key(key: ForeignKey, dialect: Dialect) -> dict[str, Value]:
    found: dict[str, Value] = {"foreign_key": target(key, dialect)}
    return found | actions(key)


def target(key: ForeignKey, dialect: Dialect) -> Value:
    """Where a foreign key of one column leads: `users.id`."""
    if not key.ref_columns:  # SQLite's, to whatever the key is
        return {"table": key.ref_table}
    (column,) = key.ref_columns
    table = _IN_SCHEMA if dialect.postgresql else _TABLE
    if table.fullmatch(key.ref_table) and _TABLE.fullmatch(column):
        return f"{key.ref_table}.{column}"
    return {"table": key.ref_table, "column": column}


def actions(key: ForeignKey) -> dict[str, Value]:
    """`on_delete` and `on_update`, where they say something."""
    both = {"on_delete": key.on_delete, "on_update": key.on_update}
    return {name: action.lower() for name, action in both.items() if action != "NO ACTION"}


def _default(column: Column) -> dict[str, Value]:
    default = column.default
    if default is None:
        return {}
    if default.kind == "expression":
        return {"default_sql": default.text}
    if default.kind == "value":
        return {"default": _value(default, column.type)}
    return {"default": "now" if default.kind == "now" else default.text}


def _value(default: Default, kind: ColumnType) -> Value:
    value = _literal(default.text, kind)
    return {"value": value} if means_more(default.text, kind) else value


def _literal(text: str, kind: ColumnType) -> str:
    """The text of a value: a number or boolean as such, whatever else as a text."""
    if kind.kind in _NUMBERS:
        return number(text)
    if kind.kind == "bool" and text in ("true", "false"):
        return Literal(text)
    return text


def _generated(column: Column) -> dict[str, Value]:
    if column.generated is None:
        return {}
    found: dict[str, Value] = {"generated": column.generated}
    return found | {"virtual": YES} if column.virtual else found


def _identity(identity: Identity) -> Value:
    if not identity.options:
        return identity.kind
    return {"kind": identity.kind, "options": identity.options}
