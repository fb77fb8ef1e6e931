"""A described schema in the words that a schema file has for it, and the proof that it reads so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from zcli_migration.schema_file import read_schema
from zcli_migration.schema_file.types import MAX_LENGTH, MAX_PRECISION
from zcli_migration.schema_file.values import canonical_text
from zmigration_api import (
    Column,
    ColumnType,
    Default,
    MigrationError,
    Schema,
    SchemaFileError,
    Table,
    UsageError,
)
from zmigration_api.snapshot import encode

from .words import Dialect

_MOMENTS = frozenset({"date", "time", "datetime", "native"})
_LISTS = ("unique", "foreign_keys", "checks", "exclusions", "indexes")
# What a schema file does not say of a column, and what only files without `exact` say otherwise.
_UNSAID: Mapping[str, Any] = {"native": None, "auto_increment": False, "exact_type": None}


def in_plain_words(schema: Schema, dialect: Dialect) -> Schema:
    """The schema without what goes without saying."""
    return replace(schema, tables=tuple(_table(table, dialect) for table in schema.tables))


def _table(table: Table, dialect: Dialect) -> Table:
    key = table.primary_key
    if key is not None and key.name == dialect.usual_key_name(table.name):
        key = replace(key, name=None)
    return replace(
        table,
        exact=dialect.exact,
        primary_key=key,
        columns=tuple(_column(column) for column in table.columns),
        unique=tuple(replace(one, by_index=False) for one in table.unique),
    )


def _column(column: Column) -> Column:
    default = column.default and _default(column.default, column.type)
    return replace(column, **_UNSAID, type=_type(column), default=default)


def _type(column: Column) -> ColumnType:
    """The type, as the store's own where a file cannot say its measures."""
    kind = column.type
    long = kind.length is not None and not 1 <= kind.length <= MAX_LENGTH
    fine = kind.precision is not None and not 1 <= kind.precision <= MAX_PRECISION
    if column.native is not None and (long or fine):
        return ColumnType(kind="native", native=column.native)
    return kind


def _default(default: Default, kind: ColumnType) -> Default:
    """The default, as SQL where the file's words would say another one."""
    if default.kind == "now" and kind.kind not in _MOMENTS:
        return Default(kind="expression", text="CURRENT_TIMESTAMP")
    if default.kind != "value" or _is_canonical(default.text, kind):
        return default
    number = kind.kind in ("int", "bigint", "float", "decimal")
    doubled = default.text.replace("'", "''")
    return Default(kind="expression", text=default.text if number else f"'{doubled}'")


def _is_canonical(text: str, kind: ColumnType) -> bool:
    try:
        return canonical_text(text, kind) == text
    except ValueError:
        return False


def prove(text: str, schema: Schema, name: str) -> None:
    """MigrationError, naming the table, if the text would be read as another schema."""
    found = _read(text, name)
    there = {table.name: table for table in found.tables}
    for table in schema.tables:
        if _essence(there.get(table.name)) != _essence(table):
            raise _bug(f"the table {table.name}")
    types = [sorted(map(repr, map(encode, one.types))) for one in (found, schema)]
    if types[0] != types[1] or len(there) != len(schema.tables):
        raise _bug("the schema")


def _read(text: str, name: str) -> Schema:
    try:
        return read_schema(text, Path(f"zSchema.{name}.yaml"), f"zSchema.{name}").schema
    except SchemaFileError as error:
        line = text.splitlines()[(error.line or 1) - 1].strip()
        message = f"a schema file cannot say `{line}`: {error.message}"
        hint = "change that in the store, or leave the table out with --tables"
        raise UsageError(message, hint=hint) from None


def _bug(what: str) -> MigrationError:
    return MigrationError(
        f"{what} cannot be written so that it is read as it is",
        hint="this is a fault of zolo inspect: please report it; --tables leaves the table out",
    )


def _essence(table: Table | None) -> object:
    """All that is said of a table, whatever the order of its lists."""
    data = encode(table)
    for key in _LISTS if table else ():
        data[key] = sorted(map(repr, data.get(key, ())))
    return data
